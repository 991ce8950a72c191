from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors import safe_open
from tiny_bases import sentences
from transformers import AutoModelForCausalLM, GenerationConfig, GPTNeoXConfig

from bot.errors import TrainingError
from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.training import data, device, evaluate, loading, loop, saving

CPU = device.Device(torch.device("cpu"), "test", bf16=False)
HELD_OUT = sentences(20, 2)


def recipe_for(weights: str) -> Recipe:
    return Recipe.model_validate(
        {"block_size": 64, "learning_rate": 0.01, "epochs": 1, "dropout": 0.2, "weights": weights}
    )


def trained(base: loading.LoadedBase, recipe: Recipe, folder: Path) -> float:
    """Trains, saves, and returns the held-out loss that was measured before saving."""
    model = base.fresh(recipe, CPU)
    posts = data.tokenise(base.tokenizer, sentences(60, 1))
    loop.train(
        model,
        posts,
        posts[:5],
        base.end,
        recipe,
        CPU,
        lambda _: None,
        optimiser=base.optimiser,
    )
    saving.round_weights(base, recipe)
    nats = sum(evaluate.losses(model, data.tokenise(base.tokenizer, HELD_OUT), base.end, CPU))
    saving.save(base, model, recipe, GenerationConfig(), folder)
    return nats


@pytest.fixture(params=["fp32", "bf16"])
def published(request: pytest.FixtureRequest, tiny_base: Path, tmp_path: Path) -> tuple[str, Path, float]:
    base = loading.load(parse(str(tiny_base)))
    folder = tmp_path / "model"
    return request.param, folder, trained(base, recipe_for(request.param), folder)


def test_weights_lie_in_the_recipes_type_tied_ones_once(published: tuple[str, Path, float]) -> None:
    kind, folder, _ = published
    with safe_open(folder / "model.safetensors", "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    assert "lm_head.weight" not in tensors
    assert {value.dtype for value in tensors.values()} == {saving.TYPES[kind]}
    assert json.loads((folder / "config.json").read_text())["dtype"] == str(saving.TYPES[kind])[6:]


def test_what_was_scored_is_what_a_reader_loads(published: tuple[str, Path, float], tiny_base: Path) -> None:
    _, folder, nats = published
    base = loading.load(parse(str(tiny_base)))
    read = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    again = sum(evaluate.losses(read, data.tokenise(base.tokenizer, HELD_OUT), base.end, CPU))
    assert again == pytest.approx(nats, rel=1e-6)


def test_loading_it_gives_no_warning(
    published: tuple[str, Path, float], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    transformers.logging.enable_propagation()
    monkeypatch.setattr(logging.getLogger("transformers"), "level", logging.WARNING)
    with caplog.at_level(logging.WARNING), warnings.catch_warnings():
        warnings.simplefilter("error")
        AutoModelForCausalLM.from_pretrained(published[1])
        transformers.AutoTokenizer.from_pretrained(published[1])
    transformers.logging.disable_propagation()
    assert caplog.records == []


def test_the_configuration_is_the_bases_without_the_dropout_of_training(
    published: tuple[str, Path, float], tiny_base: Path
) -> None:
    ours, theirs = (json.loads((folder / "config.json").read_text()) for folder in (published[1], tiny_base))
    assert {name for name in theirs if ours[name] != theirs[name]} <= {"dtype", "pad_token_id"}
    assert ours["pad_token_id"] == ours["eos_token_id"]


def test_saving_does_not_show_in_the_next_model(tiny_base: Path, tmp_path: Path) -> None:
    base = loading.load(parse(str(tiny_base)))
    recipe = recipe_for("bf16")
    first = trained(base, recipe, tmp_path / "first")
    assert trained(base, recipe, tmp_path / "second") == first
    one, other = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("first", "second"))
    assert one == other
    assert {parameter.dtype for parameter in base.fresh(recipe, CPU).parameters()} == {torch.float32}


def test_another_block_size_is_tried_on_whole_weights_even_after_saving(
    tiny_base: Path, tmp_path: Path
) -> None:
    base = loading.load(parse(str(tiny_base)))
    trained(base, recipe_for("bf16"), tmp_path / "first")
    assert base.masking(48, CPU) == "mask"


def test_untied_weights_are_kept_apart(tmp_path: Path, tiny_base: Path) -> None:
    config: Any = GPTNeoXConfig(
        vocab_size=400,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        bos_token_id=0,
        eos_token_id=0,
    )
    source = tmp_path / "base"
    AutoModelForCausalLM.from_config(config).save_pretrained(source)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (source / name).write_bytes((tiny_base / name).read_bytes())
    base = loading.load(parse(str(source)))
    nats = trained(base, recipe_for("bf16"), tmp_path / "model")
    read: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "model", dtype=torch.float32)
    assert not torch.equal(read.get_input_embeddings().weight, read.get_output_embeddings().weight)
    again = sum(evaluate.losses(read, data.tokenise(base.tokenizer, HELD_OUT), base.end, CPU))
    assert again == pytest.approx(nats, rel=1e-6)


def test_a_disk_that_is_full_is_said_with_what_to_do(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = loading.load(parse(str(tiny_base)))
    model = base.fresh(Recipe(block_size=64), CPU)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(transformers.modeling_utils, "safe_save_file", full)
    with pytest.raises(TrainingError, match="No space left on device; free some space, or set TMPDIR"):
        saving.save(base, model, Recipe(), GenerationConfig(), tmp_path / "model")
