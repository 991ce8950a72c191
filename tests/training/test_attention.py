from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    FalconConfig,
    GPT2Config,
    GPTNeoConfig,
    GPTNeoXConfig,
    LlamaConfig,
    MambaConfig,
    MistralConfig,
    OPTConfig,
    PreTrainedModel,
)
from transformers.models.gpt2 import modeling_gpt2

from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.training import attention, loading
from bot.training.device import Device
from bot.training.packing import Packer

SIZE = 64
FEW: dict[str, Any] = {"vocab_size": 97, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
SMALL: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, **FEW}
LONG: dict[str, Any] = {"max_position_embeddings": SIZE, **SMALL}
CONFIGS = {
    "gpt2": GPT2Config(n_positions=SIZE, n_embd=32, n_layer=2, n_head=2, **FEW),
    "llama": LlamaConfig(intermediate_size=64, **LONG),
    "gpt_neox": GPTNeoXConfig(intermediate_size=64, **LONG),
    "opt": OPTConfig(ffn_dim=64, word_embed_proj_dim=32, **LONG),
    "falcon": FalconConfig(**SMALL),
    "gpt_neo": GPTNeoConfig(
        num_layers=2,
        num_heads=2,
        attention_types=[[["global", "local"], 1]],
        window_size=SIZE,
        max_position_embeddings=SIZE,
        hidden_size=32,
        **FEW,
    ),
    "mistral": MistralConfig(intermediate_size=64, num_key_value_heads=1, sliding_window=16, **LONG),
}
POSTS = [[5, 9, 3] * 13, [8, 1], [2] * 20, [4], [7, 6, 5, 4] * 8]


def model_of(config: Any) -> PreTrainedModel:
    torch.manual_seed(0)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim >= 2:
                parameter.normal_(0, 0.3)  # as initialised, attention hardly matters to the logits
    return model


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("name", CONFIGS)
def test_a_packed_post_has_the_logits_it_has_alone(name: str, implementation: str) -> None:
    model = model_of(CONFIGS[name])
    model.set_attn_implementation(implementation)
    masking = attention.masking_for(model, SIZE)
    assert masking is not None
    blocks = Packer(POSTS, SIZE, 0, seed=1).layout()
    assert blocks.documents is not None
    with torch.no_grad():
        packed = model(**attention.arguments(model, blocks, masking)).logits
        for row in range(len(blocks)):
            for number in blocks.documents[row].unique().tolist():
                here = blocks.documents[row] == number
                alone = model(input_ids=blocks.inputs[row][here][None], use_cache=False).logits[0]
                torch.testing.assert_close(packed[row][here], alone, rtol=1e-4, atol=1e-4)


def test_without_masks_the_logits_are_others() -> None:
    model = model_of(CONFIGS["gpt2"])
    blocks = Packer(POSTS, SIZE, 0, seed=1).layout()
    with torch.no_grad():
        crossing = model(**attention.arguments(model, blocks, None)).logits
        apart = model(**attention.arguments(model, blocks, "mask")).logits
    assert float((crossing - apart).abs().max()) > 1


def test_a_sliding_window_shorter_than_a_block_is_kept() -> None:
    assert attention.masking_for(model_of(CONFIGS["mistral"]), SIZE) == "positions"


@pytest.mark.parametrize(
    "config",
    [BloomConfig(hidden_size=32, n_layer=2, n_head=2, **FEW), MambaConfig(**SMALL)],
    ids=["bloom", "mamba"],
)
def test_a_model_that_cannot_keep_posts_apart_is_found_out(config: Any) -> None:
    model = model_of(config).train()
    assert attention.masking_for(model, SIZE) is None
    assert model.training


def test_an_implementation_that_gives_other_logits_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of(CONFIGS["gpt2"]).train()
    model.set_attn_implementation("sdpa")
    assert attention.agrees(model, "eager", SIZE)
    plainly = modeling_gpt2.eager_attention_forward

    def capped(*arguments: Any, **named: Any) -> Any:
        output, scores = plainly(*arguments, **named)  # type: ignore[no-untyped-call]
        return output * 1.5, scores

    monkeypatch.setattr(modeling_gpt2, "eager_attention_forward", capped)
    assert not attention.agrees(model, "eager", SIZE)
    assert model.config._attn_implementation == "sdpa"
    assert model.training


def test_a_base_whose_readers_compute_otherwise_keeps_their_implementation(
    tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = Device(torch.device("cpu"), "test", bf16=True)
    base = loading.load(parse(str(tiny_base)))
    assert base.fresh(Recipe(block_size=SIZE), units).config._attn_implementation == "eager"
    monkeypatch.setattr(loading, "agrees", lambda *_: False)
    other = loading.load(parse(str(tiny_base)))
    assert other.fresh(Recipe(block_size=SIZE), units).config._attn_implementation == "sdpa"


def test_tables_of_scores_are_for_short_blocks_on_a_processors_bf16_units() -> None:
    plain, units = (Device(torch.device("cpu"), "test", bf16=bf16) for bf16 in (False, True))
    gpu = Device(torch.device("cuda"), "test", bf16=True)
    assert [attention.implementation(256, on) for on in (plain, units, gpu)] == ["sdpa", "eager", "sdpa"]
    assert attention.implementation(1024, units) == "sdpa"
