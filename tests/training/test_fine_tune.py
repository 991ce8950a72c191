from __future__ import annotations

import copy
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import torch
from tiny_bases import sentences
from transformers import GenerationConfig, pipeline

from bot import corpus
from bot.corpus import Split
from bot.errors import Skipped, TrainingError
from bot.hub.base_model import parse
from bot.manifest import Asked, Sample, Tracking, measurement
from bot.registry.recipe import Recipe
from bot.registry.sampling import Sampling
from bot.sources.posts import Post, Profile, Timeline
from bot.training import device, fine_tune, loading, sample, saving, tracking

CPU = device.Device(torch.device("cpu"), "a test's processor", bf16=False)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RECIPE = Recipe(block_size=64, learning_rate=0.01, batch_size=4, epochs=2)
PROMPTS = ("My dream is", "The bird")


def split_of(count: int, seed: int = 1) -> Split:
    posts = [
        Post(str(index), text, NOW - timedelta(hours=index))
        for index, text in enumerate(sentences(count, seed))
    ]
    return corpus.split(corpus.build([Timeline(Profile("ada", "Ada", "x"), posts)]), 0.1)


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> loading.LoadedBase:
    return loading.load(parse(str(tiny_base)))


@pytest.fixture(scope="module")
def tuned(base: loading.LoadedBase, tmp_path_factory: pytest.TempPathFactory) -> tuple[fine_tune.Tuned, Path]:
    folder = tmp_path_factory.mktemp("tuned") / "model"
    made = fine_tune.fine_tune(base, split_of(300), RECIPE, PROMPTS, folder, CPU, NOW, lambda _: None)
    return made, folder


def test_the_tuned_model_predicts_unseen_posts_better_than_its_base(
    tuned: tuple[fine_tune.Tuned, Path],
) -> None:
    evaluation = tuned[0].evaluation
    assert evaluation.tuned.loss < evaluation.base.loss
    assert evaluation.tuned.bits_per_byte < evaluation.base.bits_per_byte
    assert evaluation.posts > 5
    assert tuned[0].training.hardware == "a test's processor"
    assert tuned[0].curve[0].train is None


def test_the_folder_holds_safetensors_tokenizer_and_how_to_generate(
    tuned: tuple[fine_tune.Tuned, Path],
) -> None:
    folder = tuned[1]
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json"} <= names
    assert not [name for name in names if re.search(r"\.(bin|pt|pth|pkl)$", name)]
    generation = json.loads((folder / "generation_config.json").read_text())
    assert (generation["top_p"], generation["temperature"], generation["do_sample"]) == (0.95, 0.9, True)
    assert generation["eos_token_id"] == 0
    assert json.loads((folder / "config.json").read_text())["resid_pdrop"] == 0.1


def test_event_files_name_no_host_and_no_process(tuned: tuple[fine_tune.Tuned, Path]) -> None:
    (events,) = (tuned[1] / "runs").iterdir()
    assert events.name == f"events.out.tfevents.{int(NOW.timestamp())}.mynah"
    assert b"loss/held_out" in events.read_bytes()


def test_samples_are_what_a_reader_gets_in_a_fresh_process(tuned: tuple[fine_tune.Tuned, Path]) -> None:
    made, folder = tuned
    code = (
        "from transformers import pipeline, set_seed; import json, sys\n"
        f"generator = pipeline('text-generation', model={str(folder)!r})\n"
        "set_seed(42)\n"
        "print(json.dumps([a['generated_text'] for a in generator('My dream is', num_return_sequences=5)]))"
    )
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    shown = [s.prompt + s.text for s in made.samples if s.prompt == "My dream is"]
    assert len(shown) == sample.PER_PROMPT
    assert json.loads(answer.stdout.splitlines()[-1]) == shown
    assert {s.prompt for s in made.samples} == set(PROMPTS)


def test_the_figures_say_how_much_was_copied_beside_held_out_posts(
    tuned: tuple[fine_tune.Tuned, Path],
) -> None:
    copied = tuned[0].copying
    assert copied is not None
    assert (copied.samples, copied.words, copied.seed) == (sample.UNPROMPTED_ON_CPU, 6, RECIPE.seed)
    assert copied.posts > tuned[0].evaluation.posts
    assert copied.natural_whole == 0
    assert copied.withheld == sum(one.copied for one in tuned[0].samples)


def test_a_sample_that_says_a_training_post_is_withheld_and_counted_in_its_place(
    base: loading.LoadedBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = split_of(60)
    post = split.train[0][0].text
    made = (
        Sample(prompt="My dream is", text=" quite another one", seed=42),
        Sample(prompt="My dream is", text=f" {post.upper()}", seed=42),
        Sample(prompt=post[:3], text=post[3:], seed=43),
    )
    monkeypatch.setattr(sample, "answers", lambda *_: made)
    given = fine_tune.fine_tune(base, split, RECIPE, PROMPTS, tmp_path, CPU, NOW, lambda _: None)
    assert given.samples[0] == made[0]
    assert [(one.text, one.copied) for one in given.samples[1:]] == [("", True), ("", True)]
    assert given.copying is not None
    assert given.copying.withheld == 2
    assert post not in repr(given)


def test_a_model_that_writes_its_training_posts_again_is_not_published(
    base: loading.LoadedBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = split_of(60)
    written = [split.train[0][0].text, "nothing that anybody wrote before"]
    monkeypatch.setattr(sample, "unprompted", lambda *_: written)
    with pytest.raises(Skipped, match=r"50\.0% of 2 samples are whole posts, where max_copying allows 5\.0%"):
        fine_tune.fine_tune(
            base, split, RECIPE, PROMPTS, tmp_path, CPU, NOW, lambda _: None, max_copying=0.05
        )


def test_a_run_that_is_tracked_stands_with_the_model_and_one_that_fails_does_not(
    base: loading.LoadedBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    empty = corpus.build([Timeline(Profile("ada", "Ada", "x"), [])])
    environment = {"WANDB_DIR": str(tmp_path / "tracked")}
    request = tracking.Request("wandb", "ada", empty, said.append, environment=environment)

    def tune() -> fine_tune.Tuned:
        folder = tmp_path / "model"
        made = fine_tune.fine_tune(base, split_of(60), RECIPE, PROMPTS, folder, CPU, NOW, lambda _: None)
        return fine_tune.tracked(made, request, "digest")

    assert tune().tracking == Tracking(service="wandb", run=request.run, project="mynah")
    monkeypatch.setattr(tracking, "_wandb", unreachable)
    assert tune().tracking is None
    assert "wandb did not get the run of this model (unreachable)" in said[-1]


def unreachable(*_: object) -> Tracking:
    raise OSError("unreachable")


def test_no_improvement_over_the_base_is_not_published(base: loading.LoadedBase, tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"learning_rate": 1e-9, "epochs": 1, "dropout": 0.0})
    wanted = (
        r"no improvement over the base: held-out loss \d\.\d+ nats per token after training, \d\.\d+ before"
    )
    with pytest.raises(Skipped, match=wanted):
        fine_tune.fine_tune(base, split_of(60), recipe, PROMPTS, tmp_path, CPU, NOW, lambda _: None)


def test_too_few_posts_to_evaluate_are_said(base: loading.LoadedBase, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="too few to train and to evaluate"):
        fine_tune.fine_tune(base, split_of(1), RECIPE, PROMPTS, tmp_path, CPU, NOW, lambda _: None)


def test_the_published_folder_says_nothing_of_this_machine(
    tuned: tuple[fine_tune.Tuned, Path], tiny_base: Path
) -> None:
    def told(value: object) -> Iterator[tuple[str, object]]:
        for key, inner in value.items() if isinstance(value, dict) else ():
            yield key, inner
            yield from told(inner)

    for file in tuned[1].glob("*.json"):
        content = file.read_text()
        assert str(tiny_base) not in content, file.name
        keys = {key for key, _ in told(json.loads(content))} - {"vocab"}
        assert not keys & {*saving.MACHINE, "_name_or_path", "local_files_only", "is_local"}, file.name


def test_several_prompts_at_once_and_the_usual_call_work_without_a_warning(
    tuned: tuple[fine_tune.Tuned, Path], caplog: pytest.LogCaptureFixture
) -> None:
    settings = json.loads((tuned[1] / "tokenizer_config.json").read_text())
    assert settings["pad_token"] == settings["eos_token"]
    assert settings["padding_side"] == "left"
    generator = pipeline("text-generation", model=str(tuned[1]))
    with attached(caplog):
        answers = generator(["The harbour is", "My dream"], batch_size=2, max_new_tokens=5)
        generator("The harbour", max_new_tokens=5)
        generator(list(PROMPTS), batch_size=2)
    assert [len(answer) for answer in answers] == [1, 1]
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_padding_changes_no_answer(tuned: tuple[fine_tune.Tuned, Path]) -> None:
    generator = pipeline("text-generation", model=str(tuned[1]))
    prompts = ["The bird sings on", "My"]
    alone = [
        generator(prompt, do_sample=False, min_length=0, max_new_tokens=8)[0]["generated_text"]
        for prompt in prompts
    ]
    together = [
        answer[0]["generated_text"]
        for answer in generator(prompts, batch_size=2, do_sample=False, min_length=0, max_new_tokens=8)
    ]
    assert together == alone


def test_saving_leaves_the_bases_own_tokenizer_as_it_was(
    tuned: tuple[fine_tune.Tuned, Path], base: loading.LoadedBase
) -> None:
    assert base.tokenizer.pad_token is None
    assert base.tokenizer.name_or_path


def test_a_base_that_has_a_padding_token_keeps_it(base: loading.LoadedBase, tmp_path: Path) -> None:
    own = copy.deepcopy(base.tokenizer)
    own.pad_token = "a"
    saving.portable(own).save_pretrained(tmp_path)
    assert json.loads((tmp_path / "tokenizer_config.json").read_text())["pad_token"] == "a"


def test_the_recipe_that_was_used_is_reported_with_what_was_asked_where_it_differs(
    base: loading.LoadedBase, tuned: tuple[fine_tune.Tuned, Path], tmp_path: Path
) -> None:
    assert (tuned[0].recipe, tuned[0].asked, tuned[0].training.micro_batch_size) == (RECIPE, {}, 4)
    asked = RECIPE.model_copy(update={"block_size": 1024})
    made = fine_tune.fine_tune(base, split_of(300), asked, PROMPTS, tmp_path, CPU, NOW, lambda _: None)
    assert made.recipe.block_size == 64
    assert made.asked == {"block_size": Asked(value=1024, reason="the base's context")}
    assert "was made for 64 tokens" in made.warnings[0]


def test_a_base_that_cannot_keep_posts_apart_is_reported_to_have_run_them_together(
    base: loading.LoadedBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading.LoadedBase, "masking", lambda *_: None)
    wanted = RECIPE.model_copy(update={"batch_size": 1})
    made = fine_tune.fine_tune(base, split_of(300), wanted, PROMPTS, tmp_path, CPU, NOW, lambda _: None)
    assert made.recipe.layout == "stream"
    assert made.asked["layout"].value == "packed"


@contextmanager
def attached(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Inside, what transformers logs is caught: its logger passes nothing on."""
    logger = logging.getLogger("transformers")
    logger.addHandler(caplog.handler)
    try:
        yield
    finally:
        logger.removeHandler(caplog.handler)


def test_scoring_and_sampling_are_stages_and_an_early_end_is_said(
    base: loading.LoadedBase, tmp_path: Path
) -> None:
    stages: list[tuple[str, str]] = []
    recipe = RECIPE.model_copy(update={"epochs": 30, "learning_rate": 0.03})
    made = fine_tune.fine_tune(
        base,
        split_of(60),
        recipe,
        PROMPTS,
        tmp_path,
        CPU,
        NOW,
        lambda _: None,
        sampling=Sampling(temperature=0.5),
        announce=lambda stage, detail: stages.append((stage, detail)),
    )
    assert [stage for stage, _ in stages] == ["score", "sample"]
    assert made.training.epochs < 30
    assert (
        f"epoch {made.training.best_epoch} of 30, stopped early after epoch {made.training.epochs}"
        in stages[0][1]
    )
    assert made.generation["temperature"] == 0.5
    assert GenerationConfig.from_pretrained(tmp_path).temperature == 0.5


def test_a_training_notes_what_the_next_ones_time_is_estimated_by(
    tuned: tuple[fine_tune.Tuned, Path],
) -> None:
    training, parameters = tuned[0].training, tuned[0].base.parameters
    assert training.characters == sum(len(text.text) for texts in split_of(300).train for text in texts)
    assert training.other_seconds is not None
    measured = measurement.measured(training, parameters)
    assert measured is not None
    assert (measured.hardware, measured.parameters, measured.epochs) == (CPU.name, parameters, 2)
    assert measurement.measured(training, None) is None
    assert measurement.measured(training.model_copy(update={"characters": None}), parameters) is None
