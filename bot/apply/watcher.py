"""The protocol by which a run reports its progress: to a terminal, a log, a test."""

from __future__ import annotations

from typing import Protocol

from bot.training.progress import Progress


class Watcher(Protocol):
    """Receives the progress of a run: `name` is the entry's, `stage` a word such as `fetch` or `train`."""

    def stage(self, name: str, stage: str, detail: str = "") -> None:
        """A stage of an entry begins."""
        ...

    def progress(self, name: str, progress: Progress) -> None:
        """Training made progress."""
        ...

    def done(self, name: str, result: str) -> None:
        """Work on an entry ended: `done, 12 s`. Its reason follows in the table of all outcomes."""
        ...

    def say(self, text: str) -> None:
        """A sentence that stays on the screen: a warning, a result."""
        ...
