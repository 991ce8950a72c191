"""Evaluation: how well a model foretells posts that it was never trained on.

Each post stands alone, begun by the end-of-text token; its own tokens and the end after it are predicted.
The base and the tuned model are scored by this one function on the same posts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from bot.manifest import Score
from bot.training.data import IGNORED
from bot.training.device import Device
from bot.training.loss import each

BATCH_TOKENS = 2_048
"""Tokens in one forward pass, padding included: bounds memory, changes no result."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Posts to be scored: their tokens, cut to the model's context, and the bytes of UTF-8 those stand for."""

    posts: list[list[int]]
    bytes: int

    @property
    def tokens(self) -> int:
        """How many tokens are predicted: every post's own and the end after it."""
        return sum(len(post) + 1 for post in self.posts)


@torch.inference_mode()
def losses(model: nn.Module, posts: Sequence[Sequence[int]], end: int, device: Device) -> list[float]:
    """The summed loss of each post, in nats, in the order given."""
    total = [0.0] * len(posts)
    was_training = model.training
    model.eval()
    by_length = sorted(range(len(posts)), key=lambda index: len(posts[index]))
    while by_length:
        width = len(posts[by_length[-1]]) + 1
        batch = [by_length.pop() for _ in range(min(len(by_length), max(1, BATCH_TOKENS // width)))]
        inputs = torch.full((len(batch), width), end, dtype=torch.long)
        labels = torch.full((len(batch), width), IGNORED, dtype=torch.long)
        for row, index in enumerate(batch):
            tokens = torch.tensor(list(posts[index]), dtype=torch.long)
            inputs[row, 1 : len(tokens) + 1] = tokens
            labels[row, : len(tokens)] = tokens
            labels[row, len(tokens)] = end
        # Padding stands to the right of everything predicted, so causal attention needs no mask.
        with device.autocast():
            logits = model(input_ids=inputs.to(device.torch)).logits
        nats = each(logits, labels.to(device.torch))
        for index, value in zip(batch, nats.sum(dim=1).tolist(), strict=True):
            total[index] = value
    model.train(was_training)
    return total


def score(model: nn.Module, held_out: HeldOut, end: int, device: Device) -> Score:
    """Loss a token (nats), perplexity, and bits a byte: all nats over all tokens, and over all bytes."""
    nats = sum(losses(model, held_out.posts, end, device))
    loss = nats / held_out.tokens
    return Score(
        loss=loss,
        perplexity=math.exp(loss) if loss < 700 else math.inf,
        bits_per_byte=nats / math.log(2) / max(1, held_out.bytes),
    )
