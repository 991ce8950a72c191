"""The loss curve: training and held-out loss over the steps, as a picture with round numbers at its axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.io.paths import TEMPLATES
from bot.manifest import Manifest
from bot.render.card import curve
from bot.render.pictures import typeset
from bot.render.pictures.raster import rendered

LOSS_SIZE = (1200, 560)


def loss_curve(manifest: Manifest, folders: Sequence[Path] = TEMPLATES) -> bytes:
    """PNG of the training and held-out loss over the steps, the base as a line, the best step marked.

    ValueError for a manifest without an evaluation: nothing was measured that could be drawn.
    """
    return rendered("loss.svg.j2", _chart(manifest), LOSS_SIZE, folders)


def _chart(manifest: Manifest) -> dict[str, Any]:
    """Variables of the loss curve's template: lines in pixels and the values at the axes."""
    width, height = LOSS_SIZE
    left, right, top, bottom = 96, width - 40, 104, height - 72
    if manifest.evaluation is None:
        raise ValueError(f"{manifest.name} was never evaluated, so it has no loss curve")
    base = curve.base_loss(manifest.curve, manifest.evaluation)
    train = [(point.step, point.train) for point in manifest.curve if point.train is not None]
    held_out = [(point.step, point.held_out) for point in manifest.curve if point.held_out is not None]
    losses = [loss for _, loss in (*train, *held_out)] + [base]
    low, high, ticks = _scale(min(losses), max(losses))
    last = max((point.step for point in manifest.curve), default=0) or 1

    def place(step: float, loss: float) -> tuple[float, float]:
        return (
            left + (right - left) * step / last,
            bottom - (bottom - top) * (loss - low) / (high - low),
        )

    best = curve.best(manifest.curve)
    marked = None
    if best is not None and best.held_out is not None:
        x, y = place(best.step, best.held_out)
        marked = {"x": x, "y": y, "step": best.step, "loss": best.held_out}
    return {
        "block": typeset.block,
        "width": width,
        "height": height,
        "left": left,
        "right": right,
        "top": top,
        "bottom": bottom,
        "train": _points(train, place),
        "held_out": _points(held_out, place),
        "base": {"y": place(0, base)[1], "loss": base},
        "best": marked,
        "rows": [{"y": place(0, tick)[1], "label": _label(tick, ticks)} for tick in ticks],
        "columns": [{"x": place(step, low)[0], "label": f"{step:,}"} for step in _steps(last)],
    }


def _points(values: Sequence[tuple[int, float]], place: Any) -> str:
    return " ".join("{:.1f},{:.1f}".format(*place(step, loss)) for step, loss in values)


def _scale(low: float, high: float) -> tuple[float, float, list[float]]:
    """Round bounds around the values and three to seven round numbers between them."""
    span = max(high - low, 0.05)
    unit = 10 ** math.floor(math.log10(span / 4))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if span / (unit * factor) <= 5)
    first, last = math.floor(low / step), math.ceil(max(high, low + span) / step)
    ticks = [round(number * step, 6) for number in range(first, last + 1)]
    return ticks[0], ticks[-1], ticks


def _label(tick: float, ticks: Sequence[float]) -> str:
    places = max((len(f"{value:.6f}".rstrip("0").split(".")[1]) for value in ticks), default=1)
    return f"{tick:.{max(1, places)}f}"


def _steps(last: int) -> list[int]:
    _, _, ticks = _scale(0, last)
    return sorted({round(tick) for tick in ticks if tick <= last and tick == round(tick)})
