"""Cross-entropy of next tokens, in slices: the whole table of probabilities never exists in float32.

With a vocabulary of 50,000 that table is the largest tensor of a step by far, and autograd would keep three.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from bot.training.data import IGNORED

SLICE = 4_194_304
"""Logits that are worked on at a time (16 MiB in float32)."""

MIN_PROBABILITY = 1e-38
"""The smallest probability that float32 distinguishes from zero: a token's loss counts as 87.5 nats at most."""


def mean(
    logits: torch.Tensor,
    labels: torch.Tensor,
    count: int | torch.Tensor,
    scale: torch.Tensor | None = None,
) -> torch.Tensor:
    """The summed loss of all labelled tokens over `count`, in nats, as a scalar that can be differentiated.

    `count` is given, since reading it from the labels would wait for the device, and since the tokens of a
    step may be spread over several calls. Logits are [..., vocabulary]; `IGNORED` labels count nothing.
    The gradient, not the value, is multiplied by `scale`: float16 would round most of it to zero otherwise.
    """
    loss: torch.Tensor = _Mean.apply(logits.flatten(0, -2), labels.flatten(), count, scale)  # type: ignore[no-untyped-call]
    return loss


@torch.no_grad()
def token_losses(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss of every token, in nats and in the shape of `labels`; 0 where the label is `IGNORED`."""
    flat, wanted = logits.flatten(0, -2), labels.flatten()
    rows = max(1, SLICE // flat.shape[1])
    parts = [
        nn.functional.cross_entropy(part.float(), label, ignore_index=IGNORED, reduction="none")
        for part, label in zip(flat.split(rows), wanted.split(rows), strict=True)
    ]
    return torch.cat(parts).view(labels.shape)


class _Mean(torch.autograd.Function):
    """Works out the gradient along with the loss, slice by slice, in the type of the logits."""

    @staticmethod
    def forward(
        ctx: Any,
        logits: torch.Tensor,
        labels: torch.Tensor,
        count: int | torch.Tensor,
        scale: torch.Tensor | None,
    ) -> torch.Tensor:
        total = logits.new_zeros((), dtype=torch.float32)
        divisor = count if scale is None else count / scale
        gradient = torch.empty_like(logits)
        rows = max(1, SLICE // logits.shape[1])
        for part, label, out in zip(
            logits.split(rows), labels.split(rows), gradient.split(rows), strict=True
        ):
            used = label != IGNORED
            wanted = label.clamp(min=0)[:, None]
            probabilities = torch.softmax(part, dim=1, dtype=torch.float32)
            chosen = probabilities.gather(1, wanted).clamp_(min=MIN_PROBABILITY)
            total -= (chosen.log()[:, 0] * used).sum()
            probabilities.scatter_add_(1, wanted, -torch.ones_like(chosen))
            torch.mul(probabilities, (used / divisor)[:, None], out=out)
        ctx.save_for_backward(gradient)
        return total / count

    @staticmethod
    def backward(ctx: Any, *outer: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient.mul_(outer[0]), None, None, None
