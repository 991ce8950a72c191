"""The training loop: AdamW over blocks of posts, read from top to bottom.

Each pass lays the posts out afresh and takes one step a batch; after it the validation posts are scored, and
the weights of the best pass are the ones that stay.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from bot.errors import TrainingError
from bot.manifest import Point
from bot.registry.recipe import Recipe
from bot.training import attention, data, evaluate, loss, memory
from bot.training.attention import Masking
from bot.training.data import IGNORED, Blocks
from bot.training.device import Device
from bot.training.optimiser import Optimiser, learning_rate
from bot.training.packing import Packer
from bot.training.progress import Progress
from bot.training.weights import Copy, Weights

REPORT_EVERY = 0.5
"""Seconds between two reports; each waits for the device once."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the loop did: its curve, optimiser steps, useful tokens and passes in all, the pass kept, seconds.

    `full` is the share of positions that were no padding, `micro_batch_size` how many blocks were worked on at
    once, `warnings` are sentences for whoever reads along.
    """

    curve: tuple[Point, ...]
    steps: int
    tokens: int
    epochs: int
    best_epoch: int
    seconds: float
    full: float
    micro_batch_size: int
    warnings: tuple[str, ...] = ()


def train(
    model: PreTrainedModel,
    posts: Sequence[Sequence[int]],
    validation: Sequence[Sequence[int]],
    end: int,
    recipe: Recipe,
    device: Device,
    report: Callable[[Progress], None],
    *,
    masking: Masking | None = None,
    weights: Weights | None = None,
    optimiser: Optimiser | None = None,
) -> Run:
    """Trains `model` in place on tokenised posts and leaves the best pass's weights in it.

    `validation` posts choose that pass and are never trained on; `end` is the end-of-text token's id; `masking`
    is how the model keeps posts apart, which the layout `packed` needs. `weights` and `optimiser` are those of
    this model, where it has them from an earlier training. Raises TrainingError when a loss is not a finite
    number, or memory does not even suffice for one block.
    """
    memory.keep_freed()
    torch.manual_seed(recipe.seed)
    weights = weights or Weights(model.parameters())
    weights.attach()
    optimiser = optimiser or Optimiser(weights)
    optimiser.restart(recipe)
    layouts, blocks = _layouts(posts, end, recipe)
    steps_a_pass = math.ceil(blocks / recipe.batch_size)
    steps = steps_a_pass * recipe.epochs
    at_once = min(recipe.batch_size, blocks)
    warnings: list[str] = []

    def held_out_loss() -> float:
        return sum(evaluate.losses(model, validation, end, device)) / data.predicted(validation)

    def gradients(batch: Blocks, at_once: int, count: int) -> torch.Tensor:
        total = torch.zeros((), device=device.torch)
        for first in range(0, len(batch), at_once):
            part = batch.part(first, first + at_once)
            with device.autocast():
                logits = model(**attention.arguments(model, part, masking, device.compute)).logits
            value = loss.mean(logits, part.labels, count)
            value.backward()
            total += value.detach()
        return total

    best = held_out_loss()
    best_epoch, best_weights = 0, None
    curve = [Point(step=0, epoch=0.0, train=None, held_out=best)]
    step, epoch, full, began, reported = 0, 0, 1.0, time.monotonic(), 0.0
    since_report, since = torch.zeros((), device=device.torch), 0
    model.train()
    for epoch in range(1, recipe.epochs + 1):
        layout = next(layouts)
        counts = (layout.labels != IGNORED).sum(dim=1).tolist()
        full = sum(counts) / layout.labels.numel()
        layout = layout.to(device.torch)
        this_pass = torch.zeros((), device=device.torch)
        for first in range(0, len(layout), recipe.batch_size):
            batch = layout.part(first, first + recipe.batch_size)
            count = sum(counts[first : first + recipe.batch_size])
            while True:
                try:
                    value = gradients(batch, at_once, count)
                    break
                except (RuntimeError, MemoryError) as error:
                    if not memory.is_exhausted(error):
                        raise
                    if at_once == 1:
                        raise TrainingError(
                            f"{device.name} has too little memory for one block of {layout.inputs.shape[1]} "
                            "tokens; lower the recipe's block_size, or take a smaller base"
                        ) from error
                weights.gradients.zero_()
                memory.release(device.torch)
                at_once //= 2
                if not warnings:
                    warnings.append(
                        f"{device.name} had too little memory for {at_once * 2} blocks at once, so a step's "
                        f"{recipe.batch_size} are worked on in smaller parts: the same result, more slowly"
                    )
            optimiser.step(learning_rate(step, steps, recipe), recipe.clip)
            step, since = step + 1, since + 1
            since_report += value
            this_pass += value
            elapsed = time.monotonic() - began
            if step == steps or elapsed - reported > REPORT_EVERY:
                _check_finite("training", since_report.item(), f"step {step} of {steps}", recipe)
                report(Progress(step, steps, since_report.item() / since, elapsed / step * (steps - step)))
                since_report.zero_()
                since, reported = 0, elapsed
        now = held_out_loss()
        _check_finite("held-out", now, f"pass {epoch} of {recipe.epochs}", recipe)
        curve.append(
            Point(step=step, epoch=float(epoch), train=this_pass.item() / steps_a_pass, held_out=now)
        )
        if now < best:
            best, best_epoch = now, epoch
            if epoch < recipe.epochs:
                best_weights = best_weights or Copy()
                best_weights.write(weights.values)
        elif recipe.patience and epoch - best_epoch >= recipe.patience:
            break
    if best_epoch == 0:
        weights.reset()
    elif best_epoch != epoch and best_weights is not None:
        best_weights.read(weights.values)
    model.eval()
    return Run(
        curve=tuple(curve),
        steps=step,
        tokens=data.predicted(posts) * epoch,
        epochs=epoch,
        best_epoch=best_epoch,
        seconds=time.monotonic() - began,
        full=full,
        micro_batch_size=at_once,
        warnings=tuple(warnings),
    )


def _layouts(posts: Sequence[Sequence[int]], end: int, recipe: Recipe) -> tuple[Iterator[Blocks], int]:
    """A fresh layout for every pass, and how many blocks each of them has."""
    if recipe.layout == "packed":
        packer = Packer(posts, recipe.block_size, end, recipe.seed)
        return (packer.layout() for _ in range(recipe.epochs)), packer.blocks

    def concatenate() -> Iterator[Blocks]:
        shuffle = random.Random(recipe.seed)  # noqa: S311 - shuffling, not secrets
        order = list(range(len(posts)))
        for _ in range(recipe.epochs):
            shuffle.shuffle(order)
            yield data.concatenate(posts, order, recipe.block_size, end)

    return concatenate(), math.ceil(data.predicted(posts) / recipe.block_size)


def _check_finite(which: str, value: float, where: str, recipe: Recipe) -> None:
    if not math.isfinite(value):
        raise TrainingError(
            f"the {which} loss became {value} at {where}; nothing is published. "
            f"Lower the recipe's learning_rate ({recipe.learning_rate:g}) and try again"
        )
