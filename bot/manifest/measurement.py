"""What making a model took, for the part of its manifest from which a plan estimates the next training's time."""

from __future__ import annotations

from bot.hub.published import Measured
from bot.manifest import Training


def measured(training: Training, parameters: int | None) -> Measured | None:
    """The measurement of a training with a base of so many `parameters`; None where something was not noted."""
    if training.other_seconds is None or not (
        parameters and training.characters and training.epochs and training.seconds
    ):
        return None
    return Measured(
        hardware=training.hardware,
        parameters=parameters,
        characters=training.characters,
        epochs=training.epochs,
        seconds=training.seconds,
        other_seconds=training.other_seconds,
    )
