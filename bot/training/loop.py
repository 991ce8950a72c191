"""The training loop: AdamW over blocks of posts, read from top to bottom.

Each epoch shuffles the posts afresh, lays them out, and takes one step a batch; after it the validation
posts are scored, and the weights of the best epoch are the ones that stay.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from bot.errors import TrainingError
from bot.manifest import Point
from bot.progress import Progress
from bot.recipe import Recipe
from bot.training import data, evaluate
from bot.training.device import Device


@dataclass(frozen=True, slots=True)
class Run:
    """What the loop did: its curve, optimiser steps, useful tokens in all epochs, the epoch kept, seconds."""

    curve: tuple[Point, ...]
    steps: int
    tokens: int
    best_epoch: int
    seconds: float


def learning_rate(step: int, steps: int, recipe: Recipe) -> float:
    """Linear warm-up to the recipe's peak, then a cosine to zero at the last step."""
    rising = recipe.warmup * steps
    if step < rising:
        return recipe.learning_rate * (step + 1) / (rising + 1)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def train(
    model: nn.Module,
    posts: Sequence[Sequence[int]],
    validation: Sequence[Sequence[int]],
    end: int,
    recipe: Recipe,
    device: Device,
    report: Callable[[Progress], None],
) -> Run:
    """Trains `model` in place on tokenised posts and leaves the best epoch's weights in it.

    `validation` posts choose that epoch and are never trained on; `end` is the end-of-text token's id.
    Raises TrainingError when a loss is not a finite number.
    """
    torch.manual_seed(recipe.seed)
    shuffle = random.Random(recipe.seed)  # noqa: S311 - shuffling, not secrets
    size = recipe.block_size
    tokens_an_epoch = sum(len(post) + 1 for post in posts)
    steps_an_epoch = math.ceil(math.ceil(tokens_an_epoch / size) / recipe.batch_size)
    steps = steps_an_epoch * recipe.epochs
    matrices = [p for p in model.parameters() if p.requires_grad and p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.requires_grad and p.ndim < 2]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors, "weight_decay": 0.0}],
        lr=recipe.learning_rate,
        fused=True,
    )

    def held_out_loss() -> float:
        nats = sum(evaluate.losses(model, validation, end, device))
        return nats / max(1, sum(len(post) + 1 for post in validation))

    best = held_out_loss()
    best_epoch, best_weights = 0, _copy(model)
    curve = [Point(step=0, epoch=0.0, train=None, held_out=best)]
    order = list(range(len(posts)))
    step, began, reported = 0, time.monotonic(), 0.0
    running = torch.zeros((), device=device.torch)
    since = 0
    model.train()
    for epoch in range(1, recipe.epochs + 1):
        shuffle.shuffle(order)
        inputs, labels = data.blocks(data.stream(posts, order, end), size, end)
        epoch_loss = torch.zeros((), device=device.torch)
        for first in range(0, len(inputs), recipe.batch_size):
            batch = inputs[first : first + recipe.batch_size].to(device.torch)
            target = labels[first : first + recipe.batch_size].to(device.torch)
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(step, steps, recipe)
            with device.autocast():
                logits = model(input_ids=batch, use_cache=False).logits
            loss = nn.functional.cross_entropy(
                logits.float().flatten(0, 1), target.flatten(), ignore_index=data.IGNORED
            )
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            step, since = step + 1, since + 1
            running += loss.detach()
            epoch_loss += loss.detach()
            elapsed = time.monotonic() - began
            if step == steps or elapsed - reported > 0.5:
                value = running.item() / since
                if not math.isfinite(value):
                    raise TrainingError(
                        f"the training loss became {value} at step {step} of {steps}; nothing is published. "
                        f"Lower the recipe's learning_rate ({recipe.learning_rate:g}) and try again"
                    )
                report(Progress(step, steps, value, elapsed / step * (steps - step)))
                running.zero_()
                since, reported = 0, elapsed
        now = held_out_loss()
        if not math.isfinite(now):
            raise TrainingError(
                f"the held-out loss became {now} after epoch {epoch} of {recipe.epochs}; nothing is published. "
                f"Lower the recipe's learning_rate ({recipe.learning_rate:g}) and try again"
            )
        curve.append(
            Point(step=step, epoch=float(epoch), train=epoch_loss.item() / steps_an_epoch, held_out=now)
        )
        if now < best:
            best, best_epoch, best_weights = now, epoch, _copy(model)
    seconds = time.monotonic() - began
    if best_epoch != recipe.epochs:
        model.load_state_dict(best_weights)
    model.eval()
    return Run(tuple(curve), steps, tokens_an_epoch * recipe.epochs, best_epoch, seconds)


def _copy(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().to("cpu", copy=True) for name, value in model.state_dict().items()}
