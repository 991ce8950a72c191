"""Progress that a person can follow: a live line on a terminal, plain lines where there is none."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, TYPE_CHECKING

from bot.apply.watcher import Watcher
from bot.cli import logs
from bot.training.progress import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

PROGRESS_S = 10.0
"""Seconds between two lines about one training, where there is no terminal."""

BAR = 16
BESIDE = BAR + 6
"""Columns that the spinner, the bar and the gaps take."""

STARTING = "starting …"
"""What a terminal shows until the first stage of a model."""


class Lines:
    """Plain lines for logs: every stage and sentence, and training now and then."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._last = 0.0

    def stage(self, name: str, stage: str, detail: str = "") -> None:
        """Writes one line a stage; none with `--quiet`."""
        self._last = time.monotonic()
        if not logs.quiet():
            self._write(name, f"{name}: {stage}{f' {detail}' if detail else ''}")

    def progress(self, name: str, progress: Progress) -> None:
        """Writes one line every ten seconds; none with `--quiet`."""
        now = time.monotonic()
        if now - self._last >= PROGRESS_S and not logs.quiet():
            self._last = now
            self._write(name, f"{name}: train {describe(progress)}")

    def done(self, name: str, result: str) -> None:
        """Writes one line."""
        self.say(f"{name}: {result}")

    def say(self, text: str) -> None:
        """Writes one line, at once and whole, since several threads write."""
        logs.write(self._stream, text)

    def _write(self, name: str, text: str) -> None:
        self.say(text)


class Folds(Lines):
    """Lines in the log of a workflow, where each model's lines are one group that a reader unfolds.

    While one model trains, others are fetched and published: their lines wait until their own group begins, so
    that a group holds one model. What is said without a stage, such as a warning, is written at once.
    """

    def __init__(self, stream: IO[str], fold: Callable[[str | None], None]) -> None:
        super().__init__(stream)
        self._fold = fold
        self._open: str | None = None
        self._waiting: dict[str, list[str]] = {}
        self._ended: set[str] = set()
        self._lock = threading.RLock()

    def done(self, name: str, result: str) -> None:
        """Writes the result, ends the model's group, and writes the groups that waited for that."""
        with self._lock:
            if name == self._open or name in self._waiting:
                self._write(name, f"{name}: {result}")
                self._ended.add(name)
            else:
                self.say(f"{name}: {result}")
            if name == self._open:
                self._next()

    def close(self) -> None:
        """Writes what still waits."""
        with self._lock:
            self._ended |= {*self._waiting, *([self._open] if self._open is not None else [])}
            self._next()

    def _write(self, name: str, text: str) -> None:
        with self._lock:
            if self._open is None:
                self._begin(name)
            if name == self._open:
                self.say(text)
            else:
                self._waiting.setdefault(name, []).append(logs.line(self._stream, text))

    def _begin(self, name: str) -> None:
        self._open = name
        self._fold(name)
        self._stream.writelines(self._waiting.pop(name, []))
        self._stream.flush()

    def _next(self) -> None:
        """Ends the open group where its model is done, then begins the one that waited longest."""
        while self._open is None or self._open in self._ended:
            if self._open is not None:
                self._ended.discard(self._open)
                self._open = None
                self._fold(None)
            if not self._waiting:
                return
            self._begin(next(iter(self._waiting)))


class Terminal:
    """A live line for each entry that is worked on, at the bottom of a terminal; sentences scroll above."""

    def __init__(self) -> None:
        self._live: RichProgress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Terminal:
        """Opens the live lines."""
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as RichProgress
        from rich.table import Column

        self._live = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=BAR),
            TextColumn("{task.fields[detail]}", table_column=Column(no_wrap=True, overflow="ellipsis")),
            console=Console(stderr=True),
            transient=True,
        )
        self._live.start()
        if not logs.quiet():  # until the first stage: PyTorch is imported
            self._tasks[STARTING] = self._live.add_task(STARTING, total=None, detail="")
        return self

    def __exit__(self, *_: object) -> None:
        """Closes them and leaves the screen clean."""
        if self._live is not None:
            self._live.stop()

    def stage(self, name: str, stage: str, detail: str = "") -> None:
        """Shows the stage on the entry's line; no line with `--quiet`."""
        if self._live is not None and not logs.quiet():
            self._end(STARTING)
            self._end(name)
            shown = self._beside(f"{stage} {name}", detail)
            self._tasks[name] = self._live.add_task(_plain(f"{stage} {name}"), total=None, detail=shown)

    def progress(self, name: str, progress: Progress) -> None:
        """Shows step, loss and time left on the entry's line."""
        if self._live is not None and (task := self._tasks.get(name)) is not None:
            self._live.update(
                task,
                completed=progress.step,
                total=progress.steps,
                detail=self._beside(f"train {name}", _short(progress)),
            )

    def done(self, name: str, result: str) -> None:
        """Removes the entry's line: on a terminal the result stands in the table that follows, and once."""
        self._end(name)

    def _beside(self, text: str, detail: str) -> str:
        """What of the detail fits beside the text and the bar: the verb and its object are never cut for it."""
        room = (self._live.console.width if self._live is not None else 80) - len(text) - BESIDE
        return _plain(detail if len(detail) <= room else f"{detail[: max(0, room - 1)]}…")

    def _end(self, name: str) -> None:
        if self._live is not None and (task := self._tasks.pop(name, None)) is not None:
            self._live.remove_task(task)

    def say(self, text: str) -> None:
        """Writes a line above the live ones."""
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)


def describe(progress: Progress) -> str:
    """Returns `step 120/400, loss 4.21, 35 s left`."""
    left = f"{progress.left:.0f} s" if progress.left < 120 else f"{progress.left / 60:.0f} min"
    return f"step {progress.step}/{progress.steps}, loss {progress.loss:.2f}, {left} left"


def _short(progress: Progress) -> str:
    """Returns `120/400 loss 4.21 0:35 left`, for a line that has a bar."""
    minutes, seconds = divmod(round(progress.left), 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f"{progress.step}/{progress.steps} loss {progress.loss:.2f} {left} left"


def _plain(text: str) -> str:
    """Escapes rich markup, so that the text is shown as it is."""
    return text.replace("[", r"\[")


@contextmanager
def watching() -> Iterator[Watcher]:
    """The watcher that suits standard error, so that standard output stays the command's result."""
    from bot.github import workflow_commands

    if sys.stderr.isatty():
        with Terminal() as terminal, logs.shown_by(terminal.say):
            yield terminal
    elif workflow_commands.active(os.environ) and not logs.quiet():
        folds = Folds(sys.stderr, partial(workflow_commands.fold, environment=os.environ))
        try:
            yield folds
        finally:
            folds.close()
    else:
        yield Lines(sys.stderr)
