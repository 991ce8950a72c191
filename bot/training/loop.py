"""The training loop: AdamW over blocks of posts, read from top to bottom.

Each epoch lays the posts out afresh and takes one step per batch; after it the validation posts are scored, and
the weights of the best epoch are the ones that stay.
"""

from __future__ import annotations

import itertools
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
from bot.training import allocator, data, evaluate
from bot.training.attention import Masking
from bot.training.data import IGNORED, Blocks
from bot.training.device import Device
from bot.training.gradients import Gradients
from bot.training.loss_scale import LossScale
from bot.training.optimiser import Optimiser, learning_rate
from bot.training.packing import Packer
from bot.training.progress import Progress
from bot.training.weights import Weights, WeightSnapshot

REPORT_EVERY = 0.5
"""Seconds between two reports; each waits for the device once."""

FAR_ABOVE, FOR_LONG = 1.0, 100
"""Nats per token above the base, and steps in a row, from which a training has diverged."""


@dataclass(frozen=True, slots=True)
class Run:
    """What the loop did: its curve, optimiser steps, useful tokens and epochs in all, the best epoch, seconds.

    `fill_ratio` is the share of positions that were no padding, `micro_batch_size` how many blocks were worked on
    at once, `skipped_steps` how many steps overflowed in fp16 and were left out (None with other arithmetic),
    `graph` whether a CUDA graph replayed the steps, `warnings` are sentences for the log and the card.
    """

    curve: tuple[Point, ...]
    steps: int
    tokens: int
    epochs: int
    best_epoch: int
    seconds: float
    fill_ratio: float
    micro_batch_size: int
    skipped_steps: int | None = None
    graph: bool = False
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
    optimiser = optimiser or Optimiser(Weights(model.parameters()))
    weights = optimiser.weights
    weights.attach()
    optimiser.restart(recipe)
    layouts, blocks = _layouts(posts, end, recipe)
    steps_per_epoch = math.ceil(blocks / recipe.batch_size)
    steps = steps_per_epoch * recipe.epochs
    scale = LossScale(optimiser, device)
    gradients = Gradients(model, weights, masking, device, min(recipe.batch_size, blocks))

    def held_out_loss() -> float:
        return sum(evaluate.losses(model, validation, end, device)) / data.num_targets(validation)

    best = _BestEpoch(weights, held_out_loss())
    _check_base(best.loss, device)
    divergence = _Divergence(best.loss, recipe)
    curve = [Point(step=0, epoch=0.0, train=None, held_out=best.loss)]
    step, epoch, fill_ratio, began, reported = 0, 0, 1.0, time.monotonic(), 0.0
    since_report, steps_since_report = torch.zeros((), device=device.torch), 0
    model.train()
    layouts = _tried(gradients, scale, layouts, recipe, device, steps=steps, reserved=optimiser.pending_bytes)
    torch.manual_seed(recipe.seed)
    for epoch in range(1, recipe.epochs + 1):
        layout = next(layouts)
        counts = (layout.labels != IGNORED).sum(dim=1).tolist()
        fill_ratio = sum(counts) / layout.labels.numel()
        layout = layout.to(device.torch)
        epoch_loss = torch.zeros((), device=device.torch)
        for first in range(0, len(layout), recipe.batch_size):
            batch = layout.part(first, first + recipe.batch_size)
            value = gradients.accumulate(batch, sum(counts[first : first + recipe.batch_size]), scale.factor)
            scale.step(learning_rate(step, steps, recipe), recipe.clip)
            step, steps_since_report = step + 1, steps_since_report + 1
            since_report += value
            epoch_loss += value
            elapsed = time.monotonic() - began
            if step == steps or elapsed - reported > REPORT_EVERY:
                scale.check()
                _check_finite("training", since_report.item(), f"step {step} of {steps}", recipe)
                mean = since_report.item() / steps_since_report
                divergence.check(mean, steps_since_report)
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
        skipped_steps=scale.skipped,
        graph=gradients.uses_graph,
        warnings=gradients.warnings,
    )


def _tried(
    gradients: Gradients,
    scale: LossScale,
    layouts: Iterator[Blocks],
    recipe: Recipe,
    device: Device,
    *,
    steps: int,
    reserved: int,
) -> Iterator[Blocks]:
    """The same layouts, once the first batch has shown the loss scale, how many blocks fit, whether a graph helps."""
    layout = next(layouts)
    batch = layout.part(0, recipe.batch_size).to(device.torch)
    count = int((batch.labels != IGNORED).sum())
    scale.calibrate(lambda: gradients.accumulate(batch, count, scale.factor))
    gradients.fit(batch, count, scale.factor, reserved=reserved, steps=steps)
    return itertools.chain([layout], layouts)


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


class _Divergence:
    """Whether the training loss has been far above what the base had before training, and for how many steps."""

    def __init__(self, base: float, recipe: Recipe) -> None:
        self._base, self._recipe, self._steps = base, recipe, 0

    def check(self, mean: float, steps: int) -> None:
        """Counts `steps` whose mean loss was `mean`; TrainingError once it was far above the base for long."""
        self._steps = self._steps + steps if mean > self._base + FAR_ABOVE else 0
        if self._steps >= FOR_LONG:
            raise TrainingError(
                f"the training loss has been far above the base's for {self._steps} steps ({mean:.2f} nats per token, "
                f"the base has {self._base:.2f}): training diverged and nothing is published. "
                f"Lower the recipe's learning_rate ({self._recipe.learning_rate}) and try again"
            )


def _check_base(loss: float, device: Device) -> None:
    if not math.isfinite(loss):
        how = "train with --device cpu or on a GPU with bf16, or " if device.fp16 else ""
        raise TrainingError(
            f"the held-out loss of the base itself is {loss} in {device.dtype}: {how}choose another base"
        )


def _check_finite(which: str, value: float, where: str, recipe: Recipe) -> None:
    if not math.isfinite(value):
        raise TrainingError(
            f"the {which} loss became {value} at {where}; nothing is published. "
            f"Lower the recipe's learning_rate ({recipe.learning_rate:g}) and try again"
        )
