"""Losses that no training comes back from: not a number, or far above the base's for long."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bot.errors import TrainingError
from bot.registry.recipe import Recipe
from bot.training.device import Device

FAR_ABOVE, FOR_LONG = 1.0, 100
"""Nats per token above the base, and steps in a row, from which a training has diverged."""


class Divergence:
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

    def state(self) -> dict[str, Any]:
        """The steps counted so far."""
        return {"steps": self._steps}

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        self._steps = state["steps"]


def check_base(loss: float, device: Device) -> None:
    """Raises TrainingError where the base's own loss is not a finite number."""
    if not math.isfinite(loss):
        how = "train with --device cpu or on a GPU with bf16, or " if device.fp16 else ""
        raise TrainingError(
            f"the held-out loss of the base itself is {loss} in {device.dtype}: {how}choose another base"
        )


def check_finite(which: str, value: float, where: str, recipe: Recipe) -> None:
    """Raises TrainingError where a loss is not a finite number."""
    if not math.isfinite(value):
        raise TrainingError(
            f"the {which} loss became {value} at {where}; nothing is published. "
            f"Lower the recipe's learning_rate ({recipe.learning_rate}) and try again"
        )
