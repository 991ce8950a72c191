"""Who is told how a run goes: a terminal, a log, a test."""

from __future__ import annotations

from typing import Protocol

from bot.training.progress import Progress


class Watcher(Protocol):
    """Who is told what is going on: `name` is the entry's, `stage` a word such as `fetch` or `train`."""

    def stage(self, name: str, stage: str, detail: str = "") -> None:
        """A stage of an entry begins."""
        ...

    def progress(self, name: str, progress: Progress) -> None:
        """Training went on."""
        ...

    def done(self, name: str) -> None:
        """Nothing more is going on with an entry."""
        ...

    def say(self, text: str) -> None:
        """A sentence that stays on the screen: a warning, an outcome."""
        ...
