"""One hierarchy of errors: each class carries an exit code, each message says what, where, why and what to do.

An error that ends one entry's fence says which result it is (`failed`, `skipped`, `deferred`) by its class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault in a file: `path:line:column: message` (line and column count from 1).

    `topic` names what the message is about where its words do not: they hold a line number that moves, or somebody
    looks for this kind of problem. It is no part of what a problem equals.
    """

    path: str
    line: int
    column: int
    message: str
    topic: str = field(default="", compare=False)

    @property
    def identity(self) -> str:
        """The same text for the same problem in two versions of a file, whatever lines it stands on."""
        return self.topic or self.message

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class BotError(Exception):
    """Anything the bot expects to go wrong. Its text is a finished sentence for the person who can act.

    `problems` are the places in files that it is about, where they are known: nobody reads them out of the text.
    """

    exit_code = 1
    problems: Sequence[Problem] = ()


class RegistryError(BotError):
    """The registry cannot be read as a whole; holds every problem found, in the file's order."""

    exit_code = 2

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UsageError(BotError):
    """The command was called with something it cannot work on: a missing file, an unknown name."""

    exit_code = 2


class TemplateError(UsageError):
    """A template is missing, broken or makes too much; `problems` holds the place where one is known."""

    def __init__(self, message: str, place: tuple[str, int] | None = None) -> None:
        """`place` is the template's path and line, which then stand before the message as well."""
        super().__init__(f"{place[0]}:{place[1]}: {message}" if place else message)
        self.problems = (Problem(place[0], place[1], 1, message),) if place else ()


class GuardError(BotError):
    """A guard held steps back; the message holds the counts and the exact flag that lets them pass."""

    exit_code = 3


class CredentialsError(BotError):
    """The token is missing, expired, read-only or of another namespace: nothing was planned or written."""

    exit_code = 5


class SourceError(BotError):
    """Posts could not be read: a damaged archive, an account that is gone. Names file and member, or handle."""


class HubError(BotError):
    """A call to the Hub failed. `transient` says whether the same call may succeed later.

    `retry_at` (UTC) is the time from which another try makes sense, when the Hub named one.
    """

    def __init__(self, message: str, *, transient: bool = False, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.transient = transient
        self.retry_at = retry_at


class ConflictError(HubError):
    """The repo moved since its parent was read: somebody else's commit stands there now."""


class TrainingError(BotError):
    """Training cannot begin or did not end well: a base that does not fit, a loss that is not a number."""


class Skipped(BotError):
    """Ends an entry as `skipped`, which is no failure: too little text, too few new posts, no improvement."""

    exit_code = 0


class Blocked(Skipped):
    """Ends an entry as `skipped` and is remembered, since only somebody outside can change it.

    The account is gone, suspended, protected or another person's now, or asks not to be used.
    """


class Deferred(BotError):
    """Ends an entry as `deferred`: nothing is wrong with it, but now is not the time. `retry_at` is in UTC."""

    def __init__(self, message: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


def install_command(extra: str) -> str:
    """The command that adds an extra of pyproject.toml, for the middle of a sentence.

    The bot is on no package index, so it is installed from a clone of its repository.
    """
    return f"in a clone of the bot's repository run: pip install '.[{extra}]'"
