"""What a training run's curve says: its best point, in words, and as the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.manifest import Evaluation, Manifest, Point

ROWS = 24
"""About how many points a card's table shows."""


def is_drawable(curve: Sequence[Point]) -> bool:
    """Whether there is a line to draw: two points or more of either loss."""
    return any(sum(getattr(point, name) is not None for point in curve) > 1 for name in ("train", "held_out"))


def description(manifest: Manifest) -> str:
    """The loss curve in words, for those who do not see it; nothing where nothing was measured."""
    if manifest.training is None or manifest.evaluation is None:
        return ""
    lowest, base = best(manifest.curve), base_loss(manifest.curve, manifest.evaluation)
    text = f"Line chart of the loss over {manifest.training.steps} training steps. The base is at {base:.3f}"
    if lowest is not None and lowest.held_out is not None:
        text += f"; held-out posts reach {lowest.held_out:.3f} at step {lowest.step}, their lowest point"
    return f"{text} (nats per token)."


def base_loss(curve: Sequence[Point], evaluation: Evaluation) -> float:
    """The base's loss on the posts that the curve was measured on: its own step 0, else the evaluation's."""
    first = next((point for point in curve if point.step == 0), None)
    return first.held_out if first and first.held_out is not None else evaluation.base.loss


def best(curve: Sequence[Point]) -> Point | None:
    """The point with the lowest held-out loss, the earliest of equals; None when none was measured."""
    measured = [point for point in curve if point.held_out is not None]
    return min(measured, key=lambda point: (point.held_out, point.step), default=None)


def rows(curve: Sequence[Point]) -> list[dict[str, Any]]:
    """Points with a held-out loss, thinned evenly to `ROWS`; the first, last and best one always stay."""
    measured = [point for point in curve if point.held_out is not None]
    lowest = best(measured)
    stride = max(1, -(-len(measured) // ROWS))
    return [
        {
            "step": point.step,
            "epoch": point.epoch,
            "train": point.train,
            "held_out": point.held_out,
            "best": point is lowest,
        }
        for number, point in enumerate(measured)
        if number % stride == 0 or number == len(measured) - 1 or point is lowest
    ]
