"""The training loop: AdamW over blocks of posts, read from top to bottom.

Each epoch lays the posts out afresh and takes one step per batch; after it the validation posts are scored, and
the weights of the best epoch are the ones that stay.
"""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedModel

from bot.manifest import Point
from bot.registry.recipe import Recipe
from bot.training import allocator, data, evaluate
from bot.training.attention import Masking
from bot.training.checkpoint import Keeper, Part
from bot.training.data import IGNORED, Blocks
from bot.training.device import Device
from bot.training.divergence import Divergence, check_base, check_finite
from bot.training.gradients import Gradients
from bot.training.loss_scale import LossScale
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
    at once, `skipped_steps` how many steps overflowed in fp16 and were left out (None with other arithmetic),
    `graph` whether a CUDA graph replayed the steps, `warnings` are sentences for the log and the card. Of
    the `seconds`, `earlier_seconds` were spent in runs that were interrupted.
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
    earlier_seconds: float = 0.0


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
    hidden: Sequence[int] = (),
    keep: Callable[[Mapping[str, Part]], Keeper] | None = None,
) -> Run:
    """Trains `model` in place on tokenised posts and leaves the best epoch's weights in it.

    `validation` posts choose that epoch and are never trained on; `end` is the end-of-text token's id; `masking`
    is how the model keeps posts apart, which the layout `packed` needs; `optimiser` is that of this model and its
    weights, where an earlier training made it; the first `hidden` tokens of each post are not predicted;
    `keep` makes what keeps the training on disk, of the parts that change. Raises
    TrainingError when a loss is not a finite number, or memory does not even suffice for one block.
    """
    allocator.keep_freed()
    optimiser = optimiser or Optimiser(Weights(model.parameters()))
    weights = optimiser.weights
    weights.attach()
    optimiser.restart(recipe)
    layouts, blocks = _layouts(posts, end, recipe, hidden)
    steps_per_epoch = math.ceil(blocks / recipe.batch_size)
    steps = steps_per_epoch * recipe.epochs
    scale = LossScale(optimiser, device)
    gradients = Gradients(model, weights, masking, device, min(recipe.batch_size, blocks))

    def held_out_loss() -> float:
        return sum(evaluate.losses(model, validation, end, device)) / data.num_targets(validation)

    best = _BestEpoch(weights, held_out_loss())
    check_base(best.loss, device)
    divergence = Divergence(best.loss, recipe)
    course = _Course(Point(step=0, epoch=0.0, train=None, held_out=best.loss), device)
    model.train()
    layouts = _tried(gradients, scale, layouts, recipe, device, steps=steps, reserved=optimiser.pending_bytes)
    torch.manual_seed(recipe.seed)
    parts: dict[str, Part] = {"weights": weights, "optimiser": optimiser, "scale": scale, "best": best}
    parts |= {"course": course, "divergence": divergence}
    keeper = keep(parts) if keep is not None else None
    if keeper is not None and keeper.restore():
        keeper.say(f"goes on after step {course.step} of {steps}, where it was interrupted")
    earlier_seconds = course.seconds
    layouts = itertools.islice(layouts, course.epoch - 1, None)
    fill_ratio, reported, since_report, steps_since_report = 1.0, 0.0, torch.zeros((), device=device.torch), 0
    with keeper.at_work() if keeper is not None else nullcontext():
        while course.epoch <= recipe.epochs and not best.is_past(course.epoch, recipe.patience):
            layout = next(layouts)
            counts = (layout.labels != IGNORED).sum(dim=1).tolist()
            fill_ratio = sum(counts) / layout.labels.numel()
            layout = layout.to(device.torch)
            for first in range(course.block, len(layout), recipe.batch_size):
                last = first + recipe.batch_size
                value = gradients.accumulate(layout.part(first, last), sum(counts[first:last]), scale.factor)
                scale.step(learning_rate(course.step, steps, recipe), recipe.clip)
                course.add(value, last)
                since_report, steps_since_report = since_report + value, steps_since_report + 1
                step, elapsed = course.step, course.seconds
                if step == steps or elapsed - reported > REPORT_EVERY:
                    scale.check()
                    check_finite("training", since_report.item(), f"step {step} of {steps}", recipe)
                    mean = since_report.item() / steps_since_report
                    divergence.check(mean, steps_since_report)
                    report(Progress(step, steps, mean, elapsed / step * (steps - step)))
                    since_report.zero_()
                    steps_since_report, reported = 0, elapsed
                if keeper is not None:
                    keeper.step(f"step {step} of {steps}")
            held_out = held_out_loss()
            check_finite("held-out", held_out, f"epoch {course.epoch} of {recipe.epochs}", recipe)
            best.update(course.epoch, held_out, last=course.epoch == recipe.epochs)
            course.end_epoch(held_out, steps_per_epoch)
    epochs = course.epoch - 1
    best.restore(epochs)
    model.eval()
    return Run(
        curve=tuple(course.curve),
        steps=course.step,
        tokens=(data.num_targets(posts) - sum(hidden)) * epochs,
        epochs=epochs,
        best_epoch=best.epoch,
        seconds=course.seconds,
        earlier_seconds=earlier_seconds,
        fill_ratio=fill_ratio,
        micro_batch_size=gradients.micro_batch_size,
        skipped_steps=scale.skipped,
        graph=gradients.uses_graph,
        warnings=gradients.warnings,
    )


class _Course:
    """How far a training is: its curve, the epoch and step, and the first block of the epoch that is to come.

    `seconds` are those of all runs that took part.
    """

    def __init__(self, base: Point, device: Device) -> None:
        self.curve = [base]
        self.step, self.epoch, self.block = 0, 1, 0
        self._loss = torch.zeros((), device=device.torch)
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def add(self, loss: torch.Tensor, block: int) -> None:
        """Counts a step."""
        self._loss += loss
        self.step, self.block = self.step + 1, block

    def end_epoch(self, held_out: float, steps: int) -> None:
        """Adds a point to the curve."""
        train = self._loss.item() / steps
        self.curve.append(Point(step=self.step, epoch=float(self.epoch), train=train, held_out=held_out))
        self._loss.zero_()
        self.epoch, self.block = self.epoch + 1, 0

    def state(self) -> dict[str, Any]:
        curve = [point.model_dump() for point in self.curve]
        place = {"step": self.step, "epoch": self.epoch, "block": self.block}
        return {"curve": curve, **place, "loss": self._loss, "seconds": self.seconds}

    def load(self, state: Mapping[str, Any]) -> None:
        self.curve = [Point(**point) for point in state["curve"]]
        self.step, self.epoch, self.block = state["step"], state["epoch"], state["block"]
        self._loss.copy_(state["loss"])
        self._began = time.monotonic() - state["seconds"]


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

    def is_past(self, epoch: int, patience: int | None) -> bool:
        """Whether no epoch before this one was better for so long that none will be."""
        return bool(patience) and epoch - 1 - self.epoch >= (patience or 0)

    def state(self) -> dict[str, Any]:
        """The epoch, its loss, and its weights where they are not the current ones."""
        values = None
        if self._snapshot is not None:
            values = torch.empty(self._weights.values.shape)
            self._snapshot.read(values)
        return {"epoch": self.epoch, "loss": self.loss, "values": values}

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        self.epoch, self.loss = state["epoch"], state["loss"]
        if state["values"] is not None:
            self._snapshot = WeightSnapshot()
            self._snapshot.write(state["values"])

    def restore(self, epoch: int) -> None:
        """Puts the best epoch's weights back after the epoch that was trained last."""
        if self.epoch == 0:
            self._weights.reset()
        elif self.epoch != epoch and self._snapshot is not None:
            self._snapshot.read(self._weights.values)


def _layouts(
    posts: Sequence[Sequence[int]], end: int, recipe: Recipe, hidden: Sequence[int] = ()
) -> tuple[Iterator[Blocks], int]:
    """A fresh layout for every epoch, and how many blocks each of them has."""
    if recipe.layout == "packed":
        packer = Packer(posts, recipe.block_size, end, recipe.seed, hidden)
        return (packer.layout() for _ in range(recipe.epochs)), packer.blocks

    def concatenate() -> Iterator[Blocks]:
        shuffle = random.Random(recipe.seed)  # noqa: S311 - shuffling, not secrets
        order = list(range(len(posts)))
        for _ in range(recipe.epochs):
            shuffle.shuffle(order)
            yield data.concatenate(posts, order, recipe.block_size, end, hidden)

    return concatenate(), math.ceil(data.num_targets(posts) / recipe.block_size)
