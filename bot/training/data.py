"""Posts as tokens, and tokens as blocks of one constant length.

The layout is the older system's: posts run together, each begun by the end-of-text token, cut into blocks.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label of a token that carries no loss: padding."""


def tokenise(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text, without special tokens: a text that spells one out cannot inject it."""
    if not texts:
        return []
    encoded = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
    special = set(tokenizer.all_special_ids)
    return [[token for token in tokens if token not in special] for tokens in encoded]


def stream(posts: Sequence[Sequence[int]], order: Sequence[int], end: int) -> list[int]:
    """The posts in that order as one run of tokens: end-of-text, post, end-of-text, post, …, end-of-text."""
    run = [end]
    for index in order:
        run.extend(posts[index])
        run.append(end)
    return run


def blocks(run: Sequence[int], size: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Cuts a run of tokens into inputs and labels of shape [blocks, size]; the last block is padded.

    Labels are already shifted: `labels[i, t]` is the token after `inputs[i, t]`, `IGNORED` in the padding. So
    every token but the first is predicted exactly once, and none is lost at a block's edge.
    """
    targets = len(run) - 1
    rows = max(1, -(-targets // size))
    inputs = torch.full((rows * size,), end, dtype=torch.long)
    labels = torch.full((rows * size,), IGNORED, dtype=torch.long)
    inputs[:targets] = torch.tensor(run[:-1], dtype=torch.long)
    labels[:targets] = torch.tensor(run[1:], dtype=torch.long)
    return inputs.view(rows, size), labels.view(rows, size)
