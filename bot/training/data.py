"""Posts as tokens, and tokens as blocks of one constant length: what an epoch consists of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label of a token that carries no loss: padding."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """One epoch, as tensors of shape [blocks, block size].

    `labels[i, t]` is the token that follows `inputs[i, t]`, `IGNORED` in the padding. Where posts see only
    themselves, `positions` count from each post's start, and tokens of one post share their number in
    `documents` (different from the other numbers of that row); both are None where posts run together.
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor | None = None
    documents: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def fill_ratio(self) -> float:
        """The share of positions that predict a token; the rest is padding."""
        return float((self.labels != IGNORED).float().mean())

    def part(self, first: int, last: int) -> Self:
        """The blocks from `first` up to, not including, `last`: views, no copies."""
        return self._each(lambda tensor: tensor[first:last])

    def to(self, device: torch.device) -> Self:
        """The same blocks on a device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def clone(self) -> Self:
        """The same blocks in memory of their own."""
        return self._each(torch.Tensor.clone)

    def copy_(self, other: Blocks) -> None:
        """Overwrites these blocks with others of the same shape and layout, where they lie."""
        self.inputs.copy_(other.inputs)
        self.labels.copy_(other.labels)
        if self.positions is not None and other.positions is not None:
            self.positions.copy_(other.positions)
        if self.documents is not None and other.documents is not None:
            self.documents.copy_(other.documents)

    def _each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Self:
        positions, documents = self.positions, self.documents
        return type(self)(
            change(self.inputs),
            change(self.labels),
            None if positions is None else change(positions),
            None if documents is None else change(documents),
        )


def tokenise(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text, without special tokens: a text that spells one out cannot inject it."""
    if not texts:
        return []
    encoded = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
    special = set(tokenizer.all_special_ids)
    return [[token for token in tokens if token not in special] for tokens in encoded]


def num_targets(posts: Sequence[Sequence[int]]) -> int:
    """The number of tokens that an epoch predicts: each post's own and the end after it."""
    return sum(map(len, posts)) + len(posts)


def concatenate(posts: Sequence[Sequence[int]], order: Sequence[int], size: int, end: int) -> Blocks:
    """The posts in that order as one run, cut wherever a block is full (layout `stream`).

    The run is end-of-text, post, end-of-text, post, …, end-of-text; every token but the first is predicted
    exactly once, and none is lost at a block's edge. Only the last block is padded.
    """
    run = [end]
    for index in order:
        run.extend(posts[index])
        run.append(end)
    targets = len(run) - 1
    rows = max(1, -(-targets // size))
    inputs = torch.full((rows * size,), end, dtype=torch.long)
    labels = torch.full((rows * size,), IGNORED, dtype=torch.long)
    inputs[:targets] = torch.tensor(run[:-1], dtype=torch.long)
    labels[:targets] = torch.tensor(run[1:], dtype=torch.long)
    return Blocks(inputs.view(rows, size), labels.view(rows, size))
