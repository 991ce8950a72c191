"""Made-up posts and a tiny base, both made on the spot."""

from __future__ import annotations

import random
from pathlib import Path

WORDS = "the a my your bird sings on over under morning river stone light and but dream is was"


def sentences(count: int, seed: int = 0) -> list[str]:
    """Made-up posts of five to twelve words, each different."""
    chance = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < count:
        made[" ".join(chance.choices(WORDS.split(), k=chance.randint(5, 12))) + "."] = None
    return list(made)


def write_base_files(folder: Path) -> None:
    """A folder with the names of a base's files, for what looks at a base and never loads it."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"")


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
