"""The interface of a kind of file: a module that recognises it, names its owner and reads its posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from bot.sources.archives.look import Look
from bot.sources.posts import Network, Owner, Timeline

FileSource = Literal["archive", "jsonl"]

PostPer = Literal["line", "paragraph"]

_CLOCKS_DIFFER = timedelta(days=1)


def _latest() -> datetime:
    return datetime.now(UTC) + _CLOCKS_DIFFER


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person asks for beside the posts that are always read.

    `communities`: public posts in X's communities as well. Of a table `text_column`, `date_column` and `id_column`
    name what its columns hold, and `date_format` (of `strptime`) how its dates are written. `post_per`: what is a
    post in a plain text. `public`: the person says that posts are public which their file does not mark.

    `latest`: a post with a later date is from the future, and no post.
    """

    communities: bool = False
    text_column: str | None = None
    date_column: str | None = None
    id_column: str | None = None
    date_format: str | None = None
    post_per: PostPer | None = None
    public: bool = False
    latest: datetime = field(default_factory=_latest)

    @property
    def flags(self) -> dict[str, str]:
        """The choices that were made, by name; a value is empty where there is nothing to say but yes."""
        made = {name: getattr(self, name) for name in NAMES}
        return {name: "" if value is True else value for name, value in made.items() if value}


NAMES = ("communities", "text_column", "date_column", "id_column", "date_format", "post_per", "public")
"""The choices that a person can make."""


class Kind(Protocol):
    """One kind of file, such as an archive of X. All its files are of one account; see `detector.KINDS`."""

    __name__: str
    TITLE: str
    """The kind with an article: `an archive of X`."""
    SOURCE: FileSource
    """The registry's source that reads it."""
    NETWORK: Network | None
    """The network whose accounts it holds; None for any."""
    READS: tuple[str, ...]
    """What is read of it, for people."""
    NEVER: tuple[str, ...]
    """What stands in such files and is never read."""
    CHOICES: frozenset[str]
    """The names of the `Choices` that make a difference for it."""

    def recognise(self, look: Look) -> str | None:
        """Which generation or form of the kind the file is, in words; None when it is of another kind."""
        ...

    def owner(self, looks: Sequence[Look]) -> Owner:
        """The owner that the files name, without reading posts. Raises SourceError, also for two owners."""
        ...

    def check(self, looks: Sequence[Look], choices: Choices) -> None:
        """Checks that the files can be read and none is missing. Raises SourceError."""
        ...

    def read(self, looks: Sequence[Look], handle: str, choices: Choices) -> Timeline:
        """All posts of the files together, as the handle's. `profile.handle` is the one that the files name.

        An empty handle is that of a file that is only looked at: then nothing is said of whose it is.

        Raises SourceError that names file and member for anything missing, damaged or hostile.
        """
        ...
