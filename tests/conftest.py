"""What many tests share: a tiny base made on the spot, and a clean environment."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as bot.training does, before any test imports torch

WORDS = "the a my your bird sings on over under morning river stone light and but dream is was"


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads the environment's tokens or the user's caches, or asks the network for anything."""
    for name in ("HF_TOKEN", "HF_ENDPOINT", "X_BEARER_TOKEN", "WANDB_API_KEY", "GITHUB_ACTIONS", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def sentences(count: int, seed: int = 0) -> list[str]:
    """Made-up posts of five to twelve words, each different."""
    chance = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < count:
        made[" ".join(chance.choices(WORDS.split(), k=chance.randint(5, 12))) + "."] = None
    return list(made)


def build_tiny_base(folder: Path) -> Path:
    """A GPT-2 of some 30,000 random weights with its own byte-level tokenizer: loads in milliseconds."""
    import torch
    from tokenizers import ByteLevelBPETokenizer
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(
        sentences(200), vocab_size=400, special_tokens=["<|endoftext|>"], show_progress=False
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    fast = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"),
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
        unk_token="<|endoftext|>",
        model_max_length=64,
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(fast),
        n_positions=64,
        n_embd=32,
        n_layer=2,
        n_head=2,
        bos_token_id=fast.bos_token_id,
        eos_token_id=fast.eos_token_id,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny base, made once a session. Do not write into it."""
    return build_tiny_base(tmp_path_factory.mktemp("bases") / "tiny")
