"""The hierarchy of errors: each class has an exit code, each message says what, where, why and what to do.

The class of an error that ends one entry decides its result (`failed`, `skipped`, `deferred`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Replacement:
    """A text that a message proposes for the characters from `start` to `end` of a file, counted from 0."""

    start: int
    end: int
    text: str

    def applied(self, content: str) -> str:
        """The file's content, without a byte order mark, with the proposed text."""
        return content[: self.start] + self.text + content[self.end :]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """A problem in a file: `path:line:column: message` (line and column count from 1).

    `topic` names what the message is about where its words do not: they hold a line number that moves, or somebody
    looks for this kind of problem. Each of the `replacements` that the message proposes removes the problem. Neither
    is part of what a problem equals.
    """

    path: str
    line: int
    column: int
    message: str
    topic: str = field(default="", compare=False)
    replacements: tuple[Replacement, ...] = field(default=(), compare=False)

    @property
    def identity(self) -> str:
        """The same text for the same problem in two versions of a file, whatever lines it stands on."""
        return self.topic or self.message

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message}"


class BotError(Exception):
    """An expected error. Its text is a complete sentence for the person who can act.

    `problems` are the places in files that it is about, where they are known, so that nobody parses the text.
    """

    exit_code = 1
    problems: Sequence[Problem] = ()


class RegistryError(BotError):
    """The registry cannot be read as a whole; holds every problem found, in the file's order."""

    exit_code = 2

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


class WrongValue(ValueError):
    """A value that cannot be accepted. The sentence proposes each text in `instead`, which of a registry is YAML."""

    def __init__(self, message: str, *, instead: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.instead = tuple(instead)


class UsageError(BotError):
    """The command was called with an invalid argument: a missing file, an unknown name.

    The message proposes each of the arguments in `instead`, and every one of them would be accepted.
    """

    exit_code = 2

    def __init__(self, message: str, *, instead: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.instead = tuple(instead)


class TemplateError(UsageError):
    """A template is missing, broken or too expensive; `problems` holds the place where it is known."""

    def __init__(self, message: str, place: tuple[str, int] | None = None) -> None:
        """`place` is the template's path and line, which are put before the message."""
        super().__init__(f"{place[0]}:{place[1]}: {message}" if place else message)
        self.problems = (Problem(place[0], place[1], 1, message),) if place else ()


class GuardError(BotError):
    """A guard held steps back; the message holds the counts and the exact flag that lets them pass."""

    exit_code = 3


class CredentialsError(BotError):
    """The token is missing, expired, read-only or for another namespace: nothing was planned or written."""

    exit_code = 5


class SourceError(BotError):
    """Posts could not be read, such as of a damaged archive. Names file and member, handle or host."""


class HubError(BotError):
    """A call to the Hub failed. `transient` says whether the same call may succeed later.

    `retry_at` (UTC) is the time from which another try makes sense, when the Hub named one.
    """

    def __init__(self, message: str, *, transient: bool = False, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.transient = transient
        self.retry_at = retry_at


class ConflictError(HubError):
    """The repo has another commit than the parent that was read."""


class TrainingError(BotError):
    """Training cannot start or failed: an unsuitable base, a loss that is not a number."""


class DeviceLost(TrainingError):
    """The GPU failed while it worked. This process cannot use it again; another one may."""


class Skipped(BotError):
    """Ends an entry as `skipped`, which is no failure: too little text, too few new posts, no improvement."""

    exit_code = 0


class Blocked(Skipped):
    """Ends an entry as `skipped` and is remembered, since only the account's owner or network can change it.

    The account is gone, suspended, protected, has another owner, or asks not to be used.
    """


class Deferred(BotError):
    """Ends an entry as `deferred`: it can be retried later, from `retry_at` (UTC) if that is known."""

    def __init__(self, message: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        self.retry_at = retry_at


NEWER = "was written by a newer version of the bot: update this one, or go back as docs/upgrading.md says"
"""The end of a sentence on a file of a format that only a newer version knows."""
