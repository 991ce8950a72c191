"""The loss scale of float16 training, which keeps small gradients from becoming zero.

Where a gradient overflows, the step is left out and the scale halved, on the device: nothing here waits for it,
except before the first step and where a report waits anyway. With other arithmetic all of it does nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch

from bot.errors import TrainingError
from bot.training.device import Device
from bot.training.optimiser import Optimiser

LASTING = 16
"""Steps in a row that overflow until training ends. Each halves the scale: after so many it is 1, no scale at all."""


class LossScale:
    """PyTorch's GradScaler around one training's steps, with a count of those that were left out."""

    def __init__(self, optimiser: Optimiser, device: Device) -> None:
        self._optimiser, self._device = optimiser, device
        self._scaler = torch.amp.GradScaler(device.torch.type, enabled=device.fp16)
        self._skipped = torch.zeros((), device=device.torch)
        self._in_a_row = torch.zeros((), device=device.torch)

    @property
    def factor(self) -> torch.Tensor | None:
        """What the gradient is to be multiplied by, on the device; None where nothing is scaled."""
        if not self._device.fp16:
            return None
        return self._scaler.scale(torch.ones((), device=self._device.torch))

    @property
    def skipped(self) -> int | None:
        """How many steps were left out; None where nothing is scaled. Waits for the device."""
        return int(self._skipped.item()) if self._device.fp16 else None

    def calibrate(self, gradient: Callable[[], object]) -> None:
        """Halves the scale until `gradient`, which fills the weights' gradients, gives finite numbers.

        Raises TrainingError where even unscaled gradients overflow. The gradients are zero afterwards.
        """
        if not self._device.fp16:
            return
        gradients, scale = self._optimiser.weights.gradients, 2.0**LASTING
        while True:
            self._scaler = torch.amp.GradScaler(self._device.torch.type, init_scale=scale)
            gradient()
            finite = math.isfinite(gradients.sum().item())
            gradients.zero_()
            if finite:
                return
            if scale <= 1:
                raise TrainingError(self._overflow("at any loss scale"))
            scale /= 2

    def step(self, rate: float, clip: float) -> None:
        """One step of the optimiser with unscaled gradients; left out where one of them overflowed."""
        if not self._device.fp16:
            self._optimiser.step(rate, clip)
            return
        one = torch.ones((), device=self._device.torch)
        before = self._scaler.scale(one)
        self._optimiser.step(rate, clip, self._scaler)
        left_out = (self._scaler.scale(one) < before).float()
        self._skipped += left_out
        self._in_a_row = (self._in_a_row + 1) * left_out

    def state(self) -> dict[str, Any]:
        """The scale and the counts of steps left out."""
        return {"scaler": self._scaler.state_dict(), "skipped": self._skipped, "in_a_row": self._in_a_row}

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        if state["scaler"]:
            self._scaler.load_state_dict(state["scaler"])
        self._skipped.copy_(state["skipped"])
        self._in_a_row = state["in_a_row"].clone().to(self._device.torch)

    def check(self) -> None:
        """Raises TrainingError where the last steps were all left out. Waits for the device."""
        if self._device.fp16 and self._in_a_row.item() >= LASTING:
            raise TrainingError(self._overflow(f"in {LASTING} steps in a row"))

    def _overflow(self, when: str) -> str:
        return (
            f"gradients overflowed {when} in fp16, the only fast arithmetic of {self._device.name}; nothing is "
            "published. Train on a GPU with bf16 (an L4, A10 or newer) or with --device cpu, take another base, or "
            "lower the recipe's learning_rate"
        )
