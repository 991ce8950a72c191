"""A base that is a GGUF file: loaded where the packages are there, trained, published as safetensors."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from architectures import ARCHITECTURES, build
from tiny_bases import sentences
from transformers import AutoModelForCausalLM

from bot import corpus
from bot.errors import TrainingError
from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.sources.posts import Post, Profile, Timeline
from bot.training import device, fine_tune, loading, memory, sample

CPU = device.Device(torch.device("cpu"), "a test's processor", bf16=False)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "input_layernorm.weight": "attn_norm.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.o_proj.weight": "attn_output.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF file of a Qwen2 with random weights, as llama.cpp's converter lays them out."""
    gguf = pytest.importorskip("gguf", reason="the package gguf is not installed")
    pytest.importorskip("accelerate", reason="the package accelerate is not installed")
    place = tmp_path_factory.mktemp("gguf")
    folder = build(ARCHITECTURES["smollm2"], place / "base")
    config = json.loads((folder / "config.json").read_text())
    tokens = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = tokens["model"]["vocab"]
    special = {token["id"] for token in tokens["added_tokens"]}
    ordered = sorted(vocabulary, key=vocabulary.__getitem__)
    writer = gguf.GGUFWriter(place / "micro.gguf", "qwen2")
    writer.add_name("micro")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(ordered))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(ordered)
    writer.add_token_types(
        [
            gguf.TokenType.CONTROL if index in special else gguf.TokenType.NORMAL
            for index in range(len(ordered))
        ]
    )
    writer.add_token_merges([" ".join(pair) for pair in tokens["model"]["merges"]])
    writer.add_eos_token_id(vocabulary["<|im_end|>"])
    writer.add_pad_token_id(vocabulary["<|endoftext|>"])
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    for name, tensor in model.state_dict().items():
        layer, _, rest = name.removeprefix("model.layers.").partition(".")
        known = NAMES.get(name) or (NAMES.get(rest) and f"blk.{layer}.{NAMES[rest]}")
        if known:
            writer.add_tensor(known, tensor.numpy().astype(np.float32))
    for layer in range(config["num_hidden_layers"]):
        for part, size in (("q", 32), ("k", 16), ("v", 16)):
            writer.add_tensor(f"blk.{layer}.attn_{part}.bias", np.zeros(size, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return place / "micro.gguf"


def test_it_is_trained_and_published_as_safetensors(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "UNPROMPTED_ON_CPU", 4)
    posts = [Post(str(n), text, NOW - timedelta(hours=n)) for n, text in enumerate(sentences(80, 1))]
    split = corpus.split(corpus.build([Timeline(Profile("ada", "Ada", "x"), posts)]), 0.1)
    recipe = Recipe(block_size=64, learning_rate=0.02, epochs=1)
    base = loading.load(parse(str(file)))
    tuned = fine_tune.fine_tune(
        base, split, recipe, ("The bird",), tmp_path / "model", CPU, NOW, lambda _: None
    )
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert "quantization_config" not in config
    assert (tmp_path / "model" / "model.safetensors").exists()
    AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert tuned.base.name == "micro"
    assert tuned.base.id is None
    assert len(tuned.samples) == 5


def test_its_weights_are_counted_before_it_is_loaded(file: Path) -> None:
    count = memory.parameters(parse(str(file)))
    assert count is not None
    assert 10_000 < count < 100_000


def test_without_the_packages_they_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        TrainingError, match=r"reading one needs the packages gguf and accelerate: .* pip install"
    ):
        loading.load(parse(str(tmp_path / "model.gguf")))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + b"\xff" * 200)
    with pytest.raises(TrainingError, match=r"base model (is a GGUF file|cannot be loaded)"):
        loading.load(parse(str(tmp_path / "model.gguf")))
