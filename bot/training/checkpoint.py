"""A training kept on disk while it goes on, so that one that was interrupted goes on where it was, to the bit.

One file in a private folder holds all that changes in a training, and replaces the one before in one step. It is kept
only as often as costs next to nothing, and once more when the run is asked to end.
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from bot.errors import TrainingError
from bot.training import interrupts
from bot.training.device import Device

FILE = "training.pt"

LEAST_S = 30.0
"""Seconds between two files at least: what a killed run loses."""

SHARE = 0.015
"""The share of a training's time that writing them may take."""

BYTES_A_SECOND = 100e6
"""How fast a busy disk writes; counted with until one file was written."""

FAULTS = (
    OSError,
    RuntimeError,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    pickle.UnpicklingError,
)
"""What reading a damaged file raises."""


class Part(Protocol):
    """Something of a training that changes: its state as plain values and tensors, and back."""

    def state(self) -> dict[str, Any]:
        """What `load` needs to go on from here."""
        ...

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a training is kept: an existing folder that only its owner reads. `say` gets sentences about it."""

    folder: Path
    say: Callable[[str], None]


class Keeper:
    """Keeps one training in a place. `key` is all that it depends on, by name: another training does not go on from it.

    Where the disk takes no file nothing is kept any more, and that is said once.
    """

    def __init__(
        self, place: Place, key: Mapping[str, str], parts: Mapping[str, Part], device: Device
    ) -> None:
        self._file = place.folder / FILE
        self.say, self._key, self._device = place.say, dict(key), device
        self._parts = {**parts, "random": _Random(device)}
        self._stop: Callable[[], bool] = lambda: False
        self._off = False
        self._next: float | None = None

    def restore(self) -> bool:
        """Goes on from the file where it is one of this training; removes any other, and says so.

        Raises TrainingError where the file holds something that no part can go on from.
        """
        if not self._file.exists():
            return False
        states: list[Mapping[str, Any]] = []
        try:
            kept = torch.load(self._file, map_location="cpu", weights_only=True)
            changed = [name for name in self._key if kept["key"].get(name) != self._key[name]]
            states = [kept["parts"][name] for name in self._parts]
        except FAULTS:
            changed = ["the file that was kept, which is damaged"]
        if changed:
            self._file.unlink(missing_ok=True)
            self.say(
                f"starts from the beginning, not where it was interrupted: changed since then: {', '.join(changed)}"
            )
            return False
        try:
            for part, state in zip(self._parts.values(), states, strict=True):
                part.load(state)
        except FAULTS as error:
            self._file.unlink(missing_ok=True)
            raise TrainingError(
                f"what was kept of an interrupted training in {self._file.parent} does not fit it, and is removed; run "
                "it again"
            ) from error
        return True

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Inside, a signal to end is obeyed by `step`, after the training was kept."""
        self._next = time.monotonic() + self._wait(self._bytes() / BYTES_A_SECOND)
        with interrupts.noted() as self._stop:
            yield

    def step(self, where: str) -> None:
        """Keeps the training if it is time to, or the run was asked to end: then KeyboardInterrupt follows."""
        if self._stop():
            if self._save():
                self.say(f"interrupted at {where}: kept for a week, and the next run goes on from there")
            raise KeyboardInterrupt
        if self._next is not None and time.monotonic() >= self._next:
            began = time.monotonic()
            self._save()
            ended = time.monotonic()
            self._next = ended + self._wait(ended - began)

    @staticmethod
    def _wait(cost: float) -> float:
        return max(LEAST_S, cost / SHARE)

    def _bytes(self) -> int:
        states = (part.state() for part in self._parts.values())
        return sum(value.nbytes for state in states for value in state.values() if torch.is_tensor(value))

    def _save(self) -> bool:
        if self._off:
            return False
        temporary = self._file.with_suffix(".new")
        try:
            parts = {name: part.state() for name, part in self._parts.items()}
            with temporary.open("wb") as file:
                os.fchmod(file.fileno(), 0o600)
                torch.save({"key": self._key, "parts": parts}, file)
            temporary.replace(self._file)
        except (OSError, RuntimeError) as error:
            self._off = True
            temporary.unlink(missing_ok=True)
            if self._file.parent.exists():  # else somebody was removed meanwhile, and what was kept of them
                why = getattr(error, "strerror", None) or "the disk did not take it"
                self.say(f"warning: this training is not kept in {self._file.parent}: {why}")
            return False
        return True


class _Random:
    """The generators of random numbers that a training draws from."""

    def __init__(self, device: Device) -> None:
        self._device = device.torch

    def state(self) -> dict[str, Any]:
        cuda = torch.cuda.get_rng_state(self._device) if self._device.type == "cuda" else None
        return {"cpu": torch.get_rng_state(), "cuda": cuda}

    def load(self, state: Mapping[str, Any]) -> None:
        torch.set_rng_state(state["cpu"].clone())
        if state["cuda"] is not None:
            torch.cuda.set_rng_state(state["cuda"].clone(), self._device)
