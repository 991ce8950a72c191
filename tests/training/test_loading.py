from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from architectures import ARCHITECTURES, build

from bot.errors import TrainingError, UsageError
from bot.hub.base_model import BaseSpec, parse
from bot.registry.recipe import Recipe
from bot.training import device, loading

CPU = device.Device(torch.device("cpu"), "test", bf16=False)


@pytest.fixture
def folder(tiny_base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_base, tmp_path / "tiny"))


def test_a_base_is_loaded_in_float32_with_its_facts(tiny_base: Path) -> None:
    base = loading.load(parse(str(tiny_base)))
    assert base.context == 64
    assert base.end == base.tokenizer.eos_token_id
    assert {p.dtype for p in base.model.parameters()} == {torch.float32}
    assert base.parameters == sum(p.numel() for p in set(base.model.parameters()))
    assert base.resolved_revision is None


def test_every_fine_tuning_starts_from_the_same_weights_in_the_same_memory(tiny_base: Path) -> None:
    base = loading.load(parse(str(tiny_base)))
    pristine = {name: value.clone() for name, value in base.model.state_dict().items()}
    first = base.fresh(Recipe(dropout=0.3), CPU)
    assert {m.p for m in first.modules() if isinstance(m, torch.nn.Dropout)} == {0.3}
    addresses = [parameter.data_ptr() for parameter in first.parameters()]
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(1)
    second = base.fresh(Recipe(dropout=0.0), CPU)
    assert all(torch.equal(value, pristine[name]) for name, value in second.state_dict().items())
    assert [parameter.data_ptr() for parameter in second.parameters()] == addresses
    assert {m.p for m in second.modules() if isinstance(m, torch.nn.Dropout)} == {0.0}
    assert base.config.resid_pdrop == 0.1


def test_weights_that_stay_frozen_take_no_gradients(tiny_base: Path) -> None:
    base = loading.load(parse(str(tiny_base)))
    base.fresh(Recipe(), CPU, whole=False)
    assert base.weights is None
    base.fresh(Recipe(), CPU)
    model = base.fresh(Recipe(), CPU, whole=False)
    assert {parameter.grad for parameter in model.parameters()} == {None}


def test_pickled_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(UsageError, match="ships safetensors"):
        parse(str(folder))
    with pytest.raises(TrainingError, match="ships safetensors"):
        loading.load(BaseSpec("tiny", "tiny", folder=folder))


def test_a_model_that_is_not_causal_is_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(
        json.dumps(config | {"model_type": "vit", "architectures": ["ViTModel"]})
    )
    with pytest.raises(TrainingError, match="choose a causal language model"):
        loading.load(parse(str(folder)))


def test_a_tokenizer_without_an_end_of_text_is_refused(folder: Path) -> None:
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    for name in ("eos_token", "bos_token", "unk_token"):
        config.pop(name, None)
    path.write_text(json.dumps(config | {"tokenizer_class": "PreTrainedTokenizerFast"}))
    with pytest.raises(UsageError, match="without an end-of-text token"):
        parse(str(folder))
    with pytest.raises(TrainingError, match="no end-of-text token"):
        loading.load(BaseSpec("tiny", "tiny", folder=folder))


def test_a_tokenizer_that_knows_more_tokens_than_the_model_is_refused(folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["added_tokens"].append({**tokenizer["added_tokens"][0], "id": 5000, "content": "<|extra|>"})
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(UsageError, match=r"knows 5,001 tokens and a model that knows \d+"):
        parse(str(folder))
    with pytest.raises(TrainingError, match=r"its tokenizer knows [\d,]+ tokens but the model only"):
        loading.load(BaseSpec("tiny", "tiny", folder=folder))


def test_a_recipes_dropout_is_set_only_where_the_base_has_some(tmp_path: Path) -> None:
    base = loading.load(parse(str(build(ARCHITECTURES["smollm2"], tmp_path / "base"))))
    model = base.fresh(Recipe(dropout=0.1), CPU)
    assert not base.has_dropout
    assert model.config.attention_dropout == 0.0
    assert {getattr(module, "attention_dropout", 0.0) for module in model.modules()} == {0.0}


def test_damaged_weights_are_named(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(TrainingError, match="base tiny cannot be loaded"):
        loading.load(parse(str(folder)))
