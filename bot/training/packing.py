"""Packing: whole posts into blocks of one constant length, with hardly any padding.

Longest posts first, each into the fullest block that still has room for it (best-fit decreasing).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch

from bot.training.data import IGNORED, Blocks


def bins(lengths: Sequence[int], size: int) -> list[list[int]]:
    """The indices of `lengths`, gathered so that each group's lengths add up to `size` at most.

    Equal lengths are taken in the order given, so another order makes other groups, but as many. Blocks wait
    in stacks by the room they have left, and the bits of one number say which stacks hold any: 100,000 posts
    take a fraction of a second. Raises ValueError for a length above `size`.
    """
    if lengths and max(lengths) > size:
        raise ValueError(f"a piece of {max(lengths)} tokens does not fit into a block of {size}")
    groups: list[list[int]] = []
    waiting: list[list[int]] = [[] for _ in range(size + 1)]
    occupied = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        length = lengths[index]
        fitting = occupied >> length
        if fitting:
            room = length + (fitting & -fitting).bit_length() - 1
            group = waiting[room].pop()
            if not waiting[room]:
                occupied ^= 1 << room
        else:
            room = size
            group = len(groups)
            groups.append([])
        groups[group].append(index)
        if left := room - length:
            waiting[left].append(group)
            occupied |= 1 << left
    return groups


def pieces(
    posts: Sequence[Sequence[int]], size: int, end: int, hidden: Sequence[int] = ()
) -> tuple[list[list[int]], list[list[int]]]:
    """Inputs and labels of each post by itself: begun by end-of-text, each token's label the one after it.

    The first `hidden` tokens of a post (none where it is empty) are no labels. A post that is longer than a block is
    cut into several pieces; no other is.
    """
    inputs, labels = [], []
    for post, first_label in zip(posts, hidden or [0] * len(posts), strict=True):
        run = [end, *post, end]
        targets = [IGNORED] * (first_label + 1) + run[first_label + 1 :]
        for first in range(0, len(run) - 1, size):
            last = min(first + size, len(run) - 1)
            inputs.append(run[first:last])
            labels.append(targets[first + 1 : last + 1])
    return inputs, labels


class Packer:
    """Lays the same posts out afresh for every epoch: other neighbours, another order, as many blocks.

    `size` is in tokens, `end` the end-of-text token's id, and `seed` makes every layout repeatable; `hidden` is the
    number of tokens at each post's beginning that are not predicted.
    """

    def __init__(
        self, posts: Sequence[Sequence[int]], size: int, end: int, seed: int, hidden: Sequence[int] = ()
    ) -> None:
        self._size, self._end = size, end
        self._inputs, self._labels = pieces(posts, size, end, hidden)
        self._shuffle = random.Random(seed)  # noqa: S311 - shuffling, not secrets
        self.blocks = len(bins([len(piece) for piece in self._inputs], size))

    def layout(self) -> Blocks:
        """The blocks of the next epoch. What pads a block's end sees only itself and is never predicted."""
        order = list(range(len(self._inputs)))
        self._shuffle.shuffle(order)
        groups = bins([len(self._inputs[index]) for index in order], self._size)
        self._shuffle.shuffle(groups)
        shape = (len(groups), self._size)
        inputs = np.full(shape, self._end, dtype=np.int32)
        labels = np.full(shape, IGNORED, dtype=np.int32)
        positions = np.zeros(shape, dtype=np.int32)
        documents = np.zeros(shape, dtype=np.int32)
        count = np.arange(self._size, dtype=np.int32)
        for row, group in enumerate(groups):
            first = 0
            for number, place in enumerate(group):
                piece = self._inputs[order[place]]
                last = first + len(piece)
                inputs[row, first:last] = piece
                labels[row, first:last] = self._labels[order[place]]
                positions[row, first:last] = count[: last - first]
                documents[row, first:last] = number
                first = last
            positions[row, first:] = count[: self._size - first]
            documents[row, first:] = len(group)
        return Blocks(
            inputs=torch.from_numpy(inputs).long(),
            labels=torch.from_numpy(labels).long(),
            positions=torch.from_numpy(positions).long(),
            documents=torch.from_numpy(documents),
        )
