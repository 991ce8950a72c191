"""Progress that a person can follow: a live line on a terminal, plain lines where there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from bot.apply.watcher import Watcher
from bot.training.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

QUIET_SECONDS = 10.0
"""Without a terminal, training says where it stands this often."""


class Lines:
    """Plain lines for logs: every stage and sentence, and training now and then."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._last = 0.0

    def stage(self, name: str, stage: str, detail: str = "") -> None:
        """One line a stage."""
        self._last = time.monotonic()
        self.say(f"{name}: {stage}{f' {detail}' if detail else ''}")

    def progress(self, name: str, progress: Progress) -> None:
        """One line every ten seconds."""
        now = time.monotonic()
        if now - self._last >= QUIET_SECONDS:
            self._last = now
            self.say(f"{name}: train {describe(progress)}")

    def done(self, name: str) -> None:
        """Nothing: the outcome is said."""

    def say(self, text: str) -> None:
        """One line, at once, and whole: several threads speak."""
        self._stream.write(f"{text}\n")
        self._stream.flush()


class Terminal:
    """A live line for each entry at work at the bottom of a terminal, by rich; what is said scrolls above."""

    def __init__(self) -> None:
        self._live: RichProgress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Terminal:
        """Opens the live lines."""
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._live = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[detail]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Closes them and leaves the screen clean."""
        if self._live is not None:
            self._live.stop()

    def stage(self, name: str, stage: str, detail: str = "") -> None:
        """The entry's line shows the stage."""
        if self._live is not None:
            self.done(name)
            self._tasks[name] = self._live.add_task(
                _plain(f"{name}: {stage}"), total=None, detail=_plain(detail)
            )

    def progress(self, name: str, progress: Progress) -> None:
        """The entry's line shows step, loss and time left."""
        if self._live is not None and (task := self._tasks.get(name)) is not None:
            self._live.update(
                task, completed=progress.step, total=progress.steps, detail=_plain(describe(progress))
            )

    def done(self, name: str) -> None:
        """The entry's line goes."""
        if self._live is not None and (task := self._tasks.pop(name, None)) is not None:
            self._live.remove_task(task)

    def say(self, text: str) -> None:
        """A line above the live one."""
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)


def describe(progress: Progress) -> str:
    """`step 120/400, loss 4.21, 35 s left`."""
    left = f"{progress.left:.0f} s" if progress.left < 120 else f"{progress.left / 60:.0f} min"
    return f"step {progress.step}/{progress.steps}, loss {progress.loss:.2f}, {left} left"


def _plain(text: str) -> str:
    """The text as rich markup that shows exactly it."""
    return text.replace("[", r"\[")


@contextmanager
def watching() -> Iterator[Watcher]:
    """The watcher that suits standard error, so that standard output stays the command's result."""
    if sys.stderr.isatty():
        with Terminal() as terminal:
            yield terminal
    else:
        yield Lines(sys.stderr)
