from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
import torch
from tiny_bases import sentences
from transformers import AutoModelForCausalLM, pipeline

from bot import corpus
from bot.corpus import Split
from bot.errors import TrainingError, install_command
from bot.hub.base_model import BaseSpec, parse
from bot.registry.recipe import Recipe
from bot.render.card import snippet
from bot.sources.posts import Post, Profile, Timeline
from bot.training import adapters, device, evaluate, fine_tune, loading, sample

CPU = device.Device(torch.device("cpu"), "a test's processor", bf16=False)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FULL = Recipe(block_size=64, learning_rate=0.01, batch_size=4, epochs=2)
LORA = FULL.model_copy(update={"lora_rank": 4, "learning_rate": 0.05})
REPO, COMMIT = "my-org/tiny", "0" * 40


@pytest.fixture(scope="module")
def cache(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of the Hub's that holds the tiny base as my-org/tiny, and as its head something else."""
    folder = tmp_path_factory.mktemp("home") / "hub"
    repo = folder / "models--my-org--tiny"
    shutil.copytree(tiny_base, repo / "snapshots" / COMMIT)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text("1" * 40)
    return folder


@pytest.fixture
def base(cache: Path, monkeypatch: pytest.MonkeyPatch) -> loading.LoadedBase:
    """The tiny base, as if it came from the Hub."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return loading.load(BaseSpec("tiny", f"{REPO}@{COMMIT}", id=REPO, revision=COMMIT))


def split_of(count: int) -> Split:
    posts = [
        Post(str(index), text, NOW - timedelta(hours=index)) for index, text in enumerate(sentences(count, 1))
    ]
    return corpus.split(corpus.build([Timeline(Profile("ada", "Ada", "x"), posts)]), 0.1)


def tuned(base: loading.LoadedBase, recipe: Recipe, folder: Path) -> fine_tune.Tuned:
    return fine_tune.fine_tune(base, split_of(200), recipe, ["My dream is"], folder, CPU, NOW, lambda _: None)


def test_what_is_published_is_an_adapter_of_the_base_on_the_hub(
    base: loading.LoadedBase, tmp_path: Path
) -> None:
    made = tuned(base, LORA.model_copy(update={"weights": "bf16"}), tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {
        "adapter_model.safetensors",
        "adapter_config.json",
        "generation_config.json",
        "tokenizer.json",
    } <= names
    assert not {"model.safetensors", "config.json", "README.md"} & names
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"], config["r"]) == (REPO, COMMIT, 4)
    assert str(tmp_path.parent) not in (tmp_path / "adapter_config.json").read_text()
    assert made.evaluation.tuned.loss < made.evaluation.base.loss - 0.1
    assert made.training.weights == "fp32"
    assert "published in fp32, not in bf16" in "".join(made.warnings)
    assert (made.recipe.weights, made.asked["weights"].value) == ("fp32", "bf16")
    assert "peft" in made.training.versions
    assert made.base.revision == COMMIT
    assert made.base.parameters == sum(p.numel() for p in base.model.parameters())


def test_the_base_is_left_as_it_was_for_the_next_model(base: loading.LoadedBase, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in base.model.state_dict().items()}
    alone = tuned(base, FULL, tmp_path / "alone")
    first = tuned(base, LORA, tmp_path / "first")
    after = base.fresh(FULL, CPU).state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())
    again = tuned(base, FULL, tmp_path / "again")
    second = tuned(base, LORA, tmp_path / "second")
    assert alone.evaluation == again.evaluation
    for name, folders in (("model", ("alone", "again")), ("adapter_model", ("first", "second"))):
        one, other = ((tmp_path / folder / f"{name}.safetensors").read_bytes() for folder in folders)
        assert one == other
    assert first.samples == second.samples


def test_transformers_pipeline_loads_the_folder(
    base: loading.LoadedBase, tmp_path: Path, cache: Path
) -> None:
    made = tuned(base, LORA, tmp_path)
    head = cache / "models--my-org--tiny" / "refs" / "main"
    head.write_text(COMMIT)
    generator = pipeline("text-generation", model=str(tmp_path))
    head.write_text("1" * 40)
    ours = sample.load(tmp_path, CPU)
    ids = torch.tensor([[0, 5, 6, 7]])
    with torch.no_grad():
        adapted = generator.model(input_ids=ids).logits
        assert torch.allclose(adapted, ours.model(input_ids=ids).logits, atol=1e-6)
        assert not torch.allclose(adapted, base.fresh(FULL, CPU)(input_ids=ids).logits, atol=1e-2)
    assert made.samples


def test_the_cards_snippet_prints_the_samples_in_a_fresh_process(
    base: loading.LoadedBase, tmp_path: Path, cache: Path
) -> None:
    made = tuned(base, LORA, tmp_path)
    code = snippet.snippet(str(tmp_path), made.samples, adapter=True)
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env={"HF_HOME": str(cache.parent), "HF_HUB_OFFLINE": "1", "PATH": ""},
    )
    assert answer.stdout.decode() == "".join(f"{one.prompt}{one.text}\n" for one in made.samples)


@pytest.mark.parametrize("weights", ["bf16", "fp32"])
def test_an_adapter_of_a_base_on_this_machine_is_merged_and_published_whole(
    weights: str, tiny_base: Path, tmp_path: Path
) -> None:
    own = loading.load(parse(str(tiny_base)))
    before = {name: value.clone() for name, value in own.model.state_dict().items()}
    recipe = LORA.model_copy(update={"weights": weights})
    made = tuned(own, recipe, tmp_path / "model")
    assert not (tmp_path / "model" / "adapter_config.json").exists()
    assert (made.recipe.lora_rank, made.recipe.weights, made.asked, made.warnings) == (4, weights, {}, ())
    read: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert str(read.dtype) == {"bf16": "torch.bfloat16", "fp32": "torch.float32"}[weights]
    held_out = evaluate.held_out(own.tokenizer, own.context, split_of(200).test)
    nats = sum(evaluate.losses(read.float(), held_out.posts, own.end, CPU))
    assert nats / held_out.tokens == pytest.approx(made.evaluation.tuned.loss, rel=1e-6)
    assert made.evaluation.tuned.loss < made.evaluation.base.loss - 0.1
    after = own.model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_a_whole_model_after_a_merged_adapter_is_the_one_it_is_alone(tiny_base: Path, tmp_path: Path) -> None:
    own = loading.load(parse(str(tiny_base)))
    alone = tuned(loading.load(parse(str(tiny_base))), FULL, tmp_path / "alone")
    first = tuned(own, LORA, tmp_path / "first")
    again = tuned(own, FULL, tmp_path / "again")
    second = tuned(own, LORA, tmp_path / "second")
    assert alone.evaluation == again.evaluation
    assert first.evaluation == second.evaluation
    for one, other in (("alone", "again"), ("first", "second")):
        read = [(tmp_path / folder / "model.safetensors").read_bytes() for folder in (one, other)]
        assert read[0] == read[1]


def test_without_peft_it_is_said_how_to_get_it(
    base: loading.LoadedBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TrainingError, match=re.escape(install_command("lora"))):
        tuned(base, LORA, tmp_path)


def test_an_error_while_training_takes_the_adapter_out(base: loading.LoadedBase, tmp_path: Path) -> None:
    names = [name for name, _ in base.model.named_parameters()]
    with pytest.raises(RuntimeError, match="stop"), adapters.added(base, LORA, CPU):
        raise RuntimeError("stop")
    assert [name for name, _ in base.model.named_parameters()] == names
    assert all(parameter.requires_grad for parameter in base.model.parameters())
