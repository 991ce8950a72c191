"""Logging of the command line: set up once a command, on standard error, around a live display where there is one."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO

import click

from bot.errors import UsageError

LOGGER = logging.getLogger("bot")


class Handler(logging.Handler):
    """Writes records to `show`: a live display's function, or a line on standard error."""

    def __init__(self) -> None:
        super().__init__()
        self.show: Callable[[str], None] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Shows one record."""
        try:
            text = self.format(record)
            if self.show is not None:
                self.show(text)
            else:
                write(sys.stderr, text)
        except (OSError, ValueError):  # a closed stream: nobody reads it any more
            self.handleError(record)


HANDLER = Handler()


def line(stream: IO[str], text: str) -> str:
    """Returns the text as a line of the stream: after the time of day where that is no terminal, such as a log."""
    now = "" if stream.isatty() else f"{datetime.now().astimezone():%H:%M:%S} "
    return f"{now}{text}\n"


def write(stream: IO[str], text: str) -> None:
    """Writes one line at once."""
    stream.write(line(stream, text))
    stream.flush()


@contextmanager
def shown_by(show: Callable[[str], None]) -> Iterator[None]:
    """Shows records with `show` instead, so that they do not run into a live display."""
    HANDLER.show = show
    try:
        yield
    finally:
        HANDLER.show = None


def set_up(level: int = logging.INFO) -> None:
    """Has the logger `bot` show records from `level` on. May be called again."""
    if HANDLER not in LOGGER.handlers:
        LOGGER.addHandler(HANDLER)
    LOGGER.setLevel(logging.DEBUG)  # other handlers, such as a test's, get everything
    HANDLER.setLevel(level)
    if level <= logging.DEBUG:
        from bot.cli.versions import versions

        LOGGER.debug("%s", versions())


def quiet() -> bool:
    """Whether `--quiet` was given: only warnings, errors and results are shown."""
    return HANDLER.level > logging.INFO


def _set_level(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    chosen = {**context.meta.get(__name__, {}), parameter.name: value}
    context.meta[__name__] = chosen
    if chosen.get("verbose") and chosen.get("quiet"):
        raise UsageError("--verbose and --quiet exclude each other: give one of them")
    if len(chosen) == 2:
        level = logging.DEBUG if chosen["verbose"] else logging.WARNING if chosen["quiet"] else logging.INFO
        set_up(level)


def add_options(command: click.Command) -> click.Command:
    """Adds `-v/--verbose` and `-q/--quiet` to a command and to those below it; returns the command."""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            add_options(each)
    elif not any(parameter.name == "verbose" for parameter in command.params):
        command.params += [
            _flag("-v", "--verbose", "Show what is done in more detail."),
            _flag("-q", "--quiet", "Show only warnings, errors and the result."),
        ]
    return command


def _flag(short: str, long: str, text: str) -> click.Option:
    return click.Option([short, long], is_flag=True, expose_value=False, callback=_set_level, help=text)
