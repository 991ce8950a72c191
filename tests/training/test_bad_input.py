from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import torch
from architectures import ARCHITECTURES, build
from hub_server import HubServer
from tiny_bases import sentences

from bot import corpus
from bot.corpus import Split
from bot.errors import TrainingError
from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.sources.posts import Post, Profile, Timeline
from bot.training import device, evaluate, fine_tune, loading, sample

CPU = device.Device(torch.device("cpu"), "a test's processor", bf16=False)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RECIPE = Recipe(block_size=64, learning_rate=0.01, epochs=1)


def split_of(texts: list[str]) -> Split:
    posts = [Post(str(n), text, NOW - timedelta(hours=n)) for n, text in enumerate(texts)]
    return corpus.split(corpus.build([Timeline(Profile("ada", "Ada", "x"), posts)]), 0.1)


def tune(
    base: loading.LoadedBase, texts: list[str], folder: Path, recipe: Recipe = RECIPE
) -> fine_tune.Tuned:
    return fine_tune.fine_tune(base, split_of(texts), recipe, ("The bird",), folder, CPU, NOW, lambda _: None)


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> loading.LoadedBase:
    return loading.load(parse(str(tiny_base)))


@pytest.mark.parametrize(
    "texts",
    [[], ["the one post that there is"], ["<|endoftext|><|endoftext|>"] * 30],
    ids=["no", "one", "no tokens"],
)
def test_what_cannot_be_trained_on_is_said_and_nothing_is_written(
    base: loading.LoadedBase, texts: list[str], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="too few to train and to evaluate; add posts"):
        tune(base, texts, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_post_of_a_hundred_thousand_characters_is_trained_on_in_pieces(
    base: loading.LoadedBase, tmp_path: Path
) -> None:
    long = " ".join(sentences(3000, 5))[:100_000]
    made = tune(base, [*sentences(60, 1), long, "my " + long], tmp_path / "model")
    assert made.training.tokens > 10_000
    assert made.evaluation.tuned.loss < made.evaluation.base.loss


def test_a_block_longer_than_the_bases_context_is_shortened_and_it_is_said(
    base: loading.LoadedBase, tmp_path: Path
) -> None:
    made = tune(base, sentences(100, 1), tmp_path / "model", RECIPE.model_copy(update={"block_size": 1024}))
    assert made.warnings == ("tiny was made for 64 tokens, so blocks have as many, not 1024",)


def test_a_base_that_cannot_keep_posts_apart_trains_on_a_stream_and_it_is_said(
    base: loading.LoadedBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading.LoadedBase, "masking", lambda *_: None)
    made = tune(base, sentences(100, 1), tmp_path / "model")
    (warning,) = made.warnings
    assert warning.startswith("tiny (gpt2) cannot keep the posts of a block apart, so posts run together")


def test_dropout_that_the_base_never_had_is_not_used_and_the_card_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "UNPROMPTED_ON_CPU", 4)
    llama = loading.load(parse(str(build(ARCHITECTURES["smollm2"], tmp_path / "base"))))
    made = tune(llama, sentences(80, 1), tmp_path / "model", RECIPE.model_copy(update={"dropout": 0.1}))
    assert (made.recipe.dropout, made.asked["dropout"].value) == (0.0, 0.1)
    assert made.asked["dropout"].reason == "the base was made without dropout"


def test_a_training_that_ends_far_above_the_base_says_to_lower_the_rate(
    base: loading.LoadedBase, tmp_path: Path
) -> None:
    wild = RECIPE.model_copy(update={"learning_rate": 0.9, "warmup": 0.0})
    with pytest.raises(
        TrainingError, match=r"training diverged: .* rose from .*Lower .*learning_rate \(0\.9\)"
    ):
        tune(base, sentences(200, 1), tmp_path / "model", wild)
    assert not (tmp_path / "model").exists()


def test_a_post_longer_than_a_forward_pass_is_scored_in_part(base: loading.LoadedBase) -> None:
    long = corpus.Text("1", "ada", " ".join(sentences(2000, 3)), NOW)
    scored = evaluate.held_out(base.tokenizer, 131_072, [[long]])
    assert len(scored.posts[0]) == evaluate.BATCH_TOKENS - 1
    assert scored.bytes < len(long.text)


ASKED = """
from bot.hub.base_model import parse
from bot.errors import TrainingError
from bot.training import loading
try:
    loading.load(parse("tester/base@gone"))
except TrainingError as error:
    print(error)
"""


def test_a_revision_that_vanished_is_named(tmp_path: Path) -> None:
    with HubServer() as hub:
        hub.store.add("tester/base", {"README.md": b"# base", "config.json": b"{}"})
        asked = subprocess.run(
            [sys.executable, "-c", ASKED],
            env={**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"},
            capture_output=True,
            text=True,
            check=True,
        )
    assert "base tester/base cannot be loaded: gone is not a valid git identifier" in asked.stdout
    assert "the pinned revision is gone from the Hub; pin another one, or none" in asked.stdout


ENDLESS = """
import sys, torch
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_bad_input import CPU, NOW, RECIPE, split_of
from tiny_bases import sentences
from bot.hub.base_model import parse
from bot.training import fine_tune, loading
fine_tune.fine_tune(
    loading.load(parse({base!r})), split_of(sentences(300, 1)), RECIPE.model_copy(update=dict(epochs=100, patience=0)),
    ("The bird",), Path({folder!r}), CPU, NOW, lambda _: print("training", flush=True),
)
"""


def test_a_worker_that_is_killed_leaves_nothing_behind(tiny_base: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    here = Path(__file__).parent
    code = ENDLESS.format(tests=str(here), base=str(tiny_base), folder=str(tmp_path / "model"))
    paths = os.pathsep.join(map(str, (here.parents[1], here.parent / "support")))
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "training\n"
        time.sleep(0.1)
        worker.send_signal(signal.SIGKILL)
    assert worker.returncode == -signal.SIGKILL
    assert not (tmp_path / "model").exists()
    assert [path for path in scratch.rglob("*") if path.is_file()] == []
