"""How far a training run is, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training stands: `loss` in nats per token since the last report, `left` in seconds."""

    step: int
    steps: int
    loss: float
    left: float
