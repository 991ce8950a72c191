"""Where posts come from: one protocol, and the table of the networks that speak it.

A new network is one module with `open_source(options)` and one line in `SOURCES`.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, cast, get_args, runtime_checkable

from bot.errors import UsageError
from bot.sources.budget import Budget
from bot.sources.posts import Network, Owner, Timeline


@dataclass(frozen=True, slots=True)
class Cursor:
    """The newest post that is known already: a source need not read what is no newer. The time is in UTC."""

    id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Cost:
    """What a source has spent so far: billed `reads` (posts and users) and US dollars. Files cost nothing."""

    reads: int = 0
    usd: float = 0.0


class Source(Protocol):
    """Reads accounts of one network."""

    @property
    def cost(self) -> Cost:
        """What reading has cost since this source was opened, pages of an unfinished timeline included."""
        ...

    def read(
        self,
        handle: str,
        *,
        since: Cursor | None = None,
        until: Cursor | None = None,
        account: str | None = None,
    ) -> Timeline:
        """The profile, and the posts newer than `since` and older than `until`, as far as the network can tell.

        Others may come too, a store sorts them out. Posts may be fetched while they are iterated over; where
        `until` is used, a network gives the newest first, so that a reading that broke off can be resumed.
        `account` is the stable id that the handle had before: Blocked when it has another owner now.
        `profile.handle` is as the network or the file tells it, so a caller sees when it is not the one asked
        for. Raises SourceError, CredentialsError, Blocked (gone, protected, asks not to be used) or Deferred
        (rate limit, no credits, reads used up), here and while iterating; no message holds a post's text.
        """
        ...


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What came of asking for posts by their ids: those `gone` or withheld, and older versions by their newest one.

    Of `unanswered` posts the network said nothing.
    """

    asked: tuple[str, ...]
    gone: frozenset[str]
    newer: Mapping[str, str]
    unanswered: int = 0


@runtime_checkable
class LooksUp(Protocol):
    """A source whose timelines are no evidence of deletions, and that can be asked for posts by their ids."""

    def look_up(self, ids: Sequence[str]) -> Iterator[LookedUp]:
        """Asks for the posts in their order, as many at once as the network and the budget allow.

        Raises what `Source.read` raises.
        """
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """What a source may need to start: a path or fsspec URL, the environment for tokens and addresses, and
    the budget that paid reads are taken from. `retweets` False leaves them out where a network bills them.
    `sleep` waits for so many seconds, or raises when the run is interrupted.
    """

    file: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    budget: Budget = field(default_factory=Budget)
    retweets: bool = True
    sleep: Callable[[float], None] = time.sleep


class _Module(Protocol):
    """What a module of a source offers; one that reads files can do more, see `_FileModule`."""

    def open_source(self, options: Options) -> Source: ...


class _FileModule(_Module, Protocol):
    def check_file(self, file: str) -> None: ...

    def owner_of(self, file: str) -> Owner: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One line of the table: the module, whose accounts and post ids it shares, whether it reads a file, and
    what a post and a profile cost to read in USD.
    """

    module: str
    network: Network
    reads_file: bool = False
    usd_post: float = 0.0
    usd_user: float = 0.0


SOURCES: dict[str, Kind] = {
    "x": Kind("bot.sources.x.source", "x", usd_post=0.005, usd_user=0.010),
    "archive": Kind("bot.sources.archive.source", "x", reads_file=True),
    "bluesky": Kind("bot.sources.bluesky", "bluesky"),
    "jsonl": Kind("bot.sources.jsonl", "other", reads_file=True),
    "mastodon": Kind("bot.sources.mastodon", "mastodon"),
}
"""Sources by the name that a registry uses."""


def network_of(name: str) -> Network:
    """The network whose accounts a source reads: an X archive and the X API share posts. UsageError if unknown.

    A network's own API is a source of the network's name.
    """
    return cast("Network", name) if name in get_args(Network) else _kind(name).network


def is_paid(names: Iterable[str]) -> bool:
    """Whether any of these sources costs something to read; one that this version does not know costs nothing."""
    return any(name in SOURCES and SOURCES[name].usd_post for name in names)


def open_source(
    name: str,
    *,
    file: str | None = None,
    environment: Mapping[str, str] = os.environ,
    budget: Budget | None = None,
    retweets: bool = True,
    sleep: Callable[[float], None] = time.sleep,
) -> Source:
    """The source of that name. Raises UsageError for an unknown one, or one that lacks its file."""
    kind = _kind(name)
    if kind.reads_file and not file:
        raise UsageError(f"source {name} reads a file: name its path or URL under {name}:")
    module = cast("_Module", importlib.import_module(kind.module))
    return module.open_source(Options(file, environment, budget or Budget(), retweets, sleep))


def check_file(name: str, file: str) -> None:
    """Looks whether `file` can be a source's input, without reading all posts. Raises SourceError if not."""
    if _kind(name).reads_file:
        cast("_FileModule", importlib.import_module(_kind(name).module)).check_file(file)


def owner_of(name: str, file: str) -> Owner:
    """Whose posts the file of a source says they are, without reading them. Raises SourceError when it cannot be read.

    Empty where the file does not say.
    """
    return cast("_FileModule", importlib.import_module(_kind(name).module)).owner_of(file)


def _kind(name: str) -> Kind:
    if name not in SOURCES:
        raise UsageError(f"this version reads no source {name!r}; use one of {', '.join(sorted(SOURCES))}")
    return SOURCES[name]
