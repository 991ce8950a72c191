"""The training loop: AdamW over blocks of posts, read from top to bottom.

Each epoch lays the posts out afresh and takes one step per batch; after it the validation posts are scored, and
the weights of the best epoch are the ones that stay.
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
from bot.training import allocator, attention, data, evaluate, loss
from bot.training.attention import Masking
from bot.training.data import IGNORED, Blocks
from bot.training.device import Device
from bot.training.optimiser import Optimiser, learning_rate
from bot.training.packing import Packer
from bot.training.progress import Progress
from bot.training.weights import Weights, WeightSnapshot

REPORT_EVERY = 0.5
"""Seconds between two reports; each waits for the device once."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the loop did: its curve, optimiser steps, useful tokens and epochs in all, the best epoch, seconds.

    `fill_ratio` is the share of positions that were no padding, `micro_batch_size` how many blocks were worked on
    at once, `warnings` are sentences for the log and the card.
    """

    curve: tuple[Point, ...]
    steps: int
    tokens: int
    epochs: int
    best_epoch: int
    seconds: float
    fill_ratio: float
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
    optimiser: Optimiser | None = None,
) -> Run:
    """Trains `model` in place on tokenised posts and leaves the best epoch's weights in it.

    `validation` posts choose that epoch and are never trained on; `end` is the end-of-text token's id; `masking`
    is how the model keeps posts apart, which the layout `packed` needs; `optimiser` is that of this model and its
    weights, where an earlier training made it. Raises TrainingError when a loss is not a finite number, or memory
    does not even suffice for one block.
    """
    allocator.keep_freed()
    torch.manual_seed(recipe.seed)
    optimiser = optimiser or Optimiser(Weights(model.parameters()))
    weights = optimiser.weights
    weights.attach()
    optimiser.restart(recipe)
    layouts, blocks = _layouts(posts, end, recipe)
    steps_per_epoch = math.ceil(blocks / recipe.batch_size)
    steps = steps_per_epoch * recipe.epochs
    gradients = _Gradients(model, weights, masking, device, min(recipe.batch_size, blocks))

    def held_out_loss() -> float:
        return sum(evaluate.losses(model, validation, end, device)) / data.num_targets(validation)

    best = _BestEpoch(weights, held_out_loss())
    curve = [Point(step=0, epoch=0.0, train=None, held_out=best.loss)]
    step, epoch, fill_ratio, began, reported = 0, 0, 1.0, time.monotonic(), 0.0
    since_report, steps_since_report = torch.zeros((), device=device.torch), 0
    model.train()
    for epoch in range(1, recipe.epochs + 1):
        layout = next(layouts)
        counts = (layout.labels != IGNORED).sum(dim=1).tolist()
        fill_ratio = sum(counts) / layout.labels.numel()
        layout = layout.to(device.torch)
        epoch_loss = torch.zeros((), device=device.torch)
        for first in range(0, len(layout), recipe.batch_size):
            batch = layout.part(first, first + recipe.batch_size)
            value = gradients.accumulate(batch, sum(counts[first : first + recipe.batch_size]))
            optimiser.step(learning_rate(step, steps, recipe), recipe.clip)
            step, steps_since_report = step + 1, steps_since_report + 1
            since_report += value
            epoch_loss += value
            elapsed = time.monotonic() - began
            if step == steps or elapsed - reported > REPORT_EVERY:
                _check_finite("training", since_report.item(), f"step {step} of {steps}", recipe)
                mean = since_report.item() / steps_since_report
                report(Progress(step, steps, mean, elapsed / step * (steps - step)))
                since_report.zero_()
                steps_since_report, reported = 0, elapsed
        held_out = held_out_loss()
        _check_finite("held-out", held_out, f"epoch {epoch} of {recipe.epochs}", recipe)
        train_loss = epoch_loss.item() / steps_per_epoch
        curve.append(Point(step=step, epoch=float(epoch), train=train_loss, held_out=held_out))
        best.update(epoch, held_out, last=epoch == recipe.epochs)
        if recipe.patience and epoch - best.epoch >= recipe.patience:
            break
    best.restore(epoch)
    model.eval()
    return Run(
        curve=tuple(curve),
        steps=step,
        tokens=data.num_targets(posts) * epoch,
        epochs=epoch,
        best_epoch=best.epoch,
        seconds=time.monotonic() - began,
        fill_ratio=fill_ratio,
        micro_batch_size=gradients.micro_batch_size,
        warnings=gradients.warnings,
    )


class _Gradients:
    """A batch's gradient, summed over micro-batches that are halved when memory runs out."""

    def __init__(
        self,
        model: PreTrainedModel,
        weights: Weights,
        masking: Masking | None,
        device: Device,
        batch_size: int,
    ) -> None:
        self._model, self._weights, self._masking, self._device = model, weights, masking, device
        self.micro_batch_size = batch_size
        self.warnings: tuple[str, ...] = ()

    def accumulate(self, batch: Blocks, count: int) -> torch.Tensor:
        """The batch's mean loss over `count` targets, its gradient left in the weights; TrainingError at one block."""
        while True:
            try:
                return self._accumulate(batch, count)
            except (RuntimeError, MemoryError) as error:
                if not allocator.is_exhausted(error):
                    raise
                if self.micro_batch_size == 1:
                    raise TrainingError(
                        f"{self._device.name} has too little memory for one block of {batch.inputs.shape[1]} "
                        "tokens; lower the recipe's block_size, or take a smaller base"
                    ) from error
            self._halve(len(batch))

    def _accumulate(self, batch: Blocks, count: int) -> torch.Tensor:
        total = torch.zeros((), device=self._device.torch)
        for first in range(0, len(batch), self.micro_batch_size):
            part = batch.part(first, first + self.micro_batch_size)
            with self._device.autocast():
                arguments = attention.arguments(self._model, part, self._masking, self._device.compute)
                logits = self._model(**arguments).logits
            value = loss.mean(logits, part.labels, count)
            value.backward()
            total += value.detach()
        return total

    def _halve(self, blocks: int) -> None:
        self._weights.gradients.zero_()
        allocator.release(self._device.torch)
        self.warnings = self.warnings or (
            f"{self._device.name} had too little memory for {self.micro_batch_size} blocks at once, so a step's "
            f"{blocks} are worked on in smaller parts: the same result, more slowly",
        )
        self.micro_batch_size //= 2


class _BestEpoch:
    """The epoch of the lowest held-out loss so far, and its weights; epoch 0 is the model before training."""

    def __init__(self, weights: Weights, loss: float) -> None:
        self._weights = weights
        self._snapshot: WeightSnapshot | None = None
        self.epoch, self.loss = 0, loss

    def update(self, epoch: int, loss: float, *, last: bool) -> None:
        """Counts an epoch; the weights of the `last` one need no copy."""
        if loss < self.loss:
            self.epoch, self.loss = epoch, loss
            if not last:
                self._snapshot = self._snapshot or WeightSnapshot()
                self._snapshot.write(self._weights.values)

    def restore(self, epoch: int) -> None:
        """Puts the best epoch's weights back after the epoch that was trained last."""
        if self.epoch == 0:
            self._weights.reset()
        elif self.epoch != epoch and self._snapshot is not None:
            self._snapshot.read(self._weights.values)


def _layouts(posts: Sequence[Sequence[int]], end: int, recipe: Recipe) -> tuple[Iterator[Blocks], int]:
    """A fresh layout for every epoch, and how many blocks each of them has."""
    if recipe.layout == "packed":
        packer = Packer(posts, recipe.block_size, end, recipe.seed)
        return (packer.layout() for _ in range(recipe.epochs)), packer.blocks

    def concatenate() -> Iterator[Blocks]:
        shuffle = random.Random(recipe.seed)  # noqa: S311 - shuffling, not secrets
        order = list(range(len(posts)))
        for _ in range(recipe.epochs):
            shuffle.shuffle(order)
            yield data.concatenate(posts, order, recipe.block_size, end)

    return concatenate(), math.ceil(data.num_targets(posts) / recipe.block_size)


def _check_finite(which: str, value: float, where: str, recipe: Recipe) -> None:
    if not math.isfinite(value):
        raise TrainingError(
            f"the {which} loss became {value} at {where}; nothing is published. "
            f"Lower the recipe's learning_rate ({recipe.learning_rate}) and try again"
        )
