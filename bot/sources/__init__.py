"""Where posts come from: the protocol of a source, and the table of all sources.

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
from bot.io.retry import RetryPolicy
from bot.sources import handles
from bot.sources.budget import Budget
from bot.sources.posts import Network, Owner, Timeline


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in a timeline, by a post's id and time (UTC): where an earlier reading began or stopped."""

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
        """The cost of reading since this source was opened, pages of an unfinished timeline included."""
        ...

    def read(
        self,
        handle: str,
        *,
        since: Cursor | None = None,
        until: Cursor | None = None,
        account: str | None = None,
    ) -> Timeline:
        """The profile, and the posts newer than `since` and older than `until`, as far as the network can filter.

        A source may yield others too; the store drops them. Posts may be fetched while they are iterated over; a
        source that supports `until` yields the newest first, so that an interrupted reading can be resumed.
        `account` is the stable id that the handle had before: Blocked when it has another owner now.
        `profile.handle` is as the network or the file has it, which may differ from the handle asked for.
        Raises SourceError, CredentialsError, Blocked (gone, protected, asks not to be used) or Deferred (rate
        limit, no credits, reads used up), here and while iterating; no message holds a post's text.
        """
        ...


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The result of a look-up of posts by id: those `gone` or withheld, and `newer`, old version to newest one.

    `unanswered` counts the posts that the network did not report on.
    """

    asked: tuple[str, ...]
    gone: frozenset[str]
    newer: Mapping[str, str]
    unanswered: int = 0


@runtime_checkable
class LooksUp(Protocol):
    """A source whose timelines do not show deletions, and that can look posts up by their ids."""

    def look_up(self, ids: Sequence[str]) -> Iterator[LookedUp]:
        """Looks the posts up in their order, as many at once as the network and the budget allow.

        Raises what `Source.read` raises.
        """
        ...


@runtime_checkable
class FindsAccounts(Protocol):
    """A source that can check, without a token and free of charge, whether an account exists."""

    def exists(self, handle: str) -> bool:
        """Whether an account has the handle, by one request. Raises what `Source.read` raises: then it is not known."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a source: paths or fsspec URLs, the environment for tokens and addresses, and the budget that
    paid reads are taken from. `retweets=False` leaves them out where a network bills them. `sleep` waits for a
    number of seconds, or raises when the run is interrupted. `source` is the name that it was opened by, and
    `communities` asks for posts in X's communities as well. `policy` is for requests to free networks, None for the
    usual one.
    """

    files: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    budget: Budget = field(default_factory=Budget)
    retweets: bool = True
    sleep: Callable[[float], None] = time.sleep
    source: str = ""
    communities: bool = False
    policy: RetryPolicy | None = None


class _Module(Protocol):
    """The interface of a source's module; one that reads files has more, see `_FileModule`."""

    def open_source(self, options: Options) -> Source: ...


class _FileModule(_Module, Protocol):
    def check_file(self, options: Options, handle: str | None) -> None: ...

    def owner_of(self, options: Options, handle: str | None) -> Owner: ...

    def announced_posts(self, options: Options) -> int | None: ...


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source: its module, the network whose accounts and post ids it uses, whether it reads a file, and the
    price in USD of reading a post and a profile.
    """

    module: str
    network: Network
    reads_file: bool = False
    usd_post: float = 0.0
    usd_user: float = 0.0


SOURCES: dict[str, SourceSpec] = {
    "x": SourceSpec("bot.sources.x.source", "x", usd_post=0.005, usd_user=0.010),
    "archive": SourceSpec("bot.sources.archives.source", "x", reads_file=True),
    "bluesky": SourceSpec("bot.sources.bluesky", "bluesky"),
    "jsonl": SourceSpec("bot.sources.archives.source", "other", reads_file=True),
    "mastodon": SourceSpec("bot.sources.mastodon", "mastodon"),
}
"""Sources by the name that a registry uses."""


def network_of(name: str, handle: str = "") -> Network:
    """The network whose accounts a source reads: an X archive and the X API share posts. UsageError if unknown.

    A network's own API is a source of the network's name. The network of an archive is that of the form of its
    handle: user@host is Mastodon's, a domain Bluesky's, a bare word X's.
    """
    if name in get_args(Network):
        return cast("Network", name)
    return handles.network(handle.lower()) if name == "archive" else _spec(name).network


def is_paid(names: Iterable[str]) -> bool:
    """Whether reading any of these sources costs money; a source unknown to this version is free."""
    return any(name in SOURCES and SOURCES[name].usd_post for name in names)


def open_source(
    name: str,
    *,
    file: str | Sequence[str] | None = None,
    environment: Mapping[str, str] = os.environ,
    budget: Budget | None = None,
    retweets: bool = True,
    sleep: Callable[[float], None] = time.sleep,
    communities: bool = False,
) -> Source:
    """Opens the source of that name; several files are read as one. UsageError if unknown, or without its file."""
    spec = _spec(name)
    if spec.reads_file and not file:
        raise UsageError(f"source {name} reads a file: name its path or URL under {name}:")
    module = cast("_Module", importlib.import_module(spec.module))
    return module.open_source(
        Options(_files(file), environment, budget or Budget(), retweets, sleep, name, communities)
    )


def open_finder(
    name: str, policy: RetryPolicy, environment: Mapping[str, str] = os.environ
) -> FindsAccounts | None:
    """The source of that name, to ask whether accounts exist; None for one that cannot check, or not for free."""
    spec = SOURCES.get(name)
    if spec is None or spec.reads_file or spec.usd_user:
        return None
    module = cast("_Module", importlib.import_module(spec.module))
    source = module.open_source(Options(environment=environment, policy=policy))
    return source if isinstance(source, FindsAccounts) else None


def check_file(name: str, file: str | Sequence[str], handle: str | None = None) -> None:
    """Checks that a file, or several together, can be a source's input, without reading all posts of an archive.

    With a handle, they must be of its network. Raises SourceError if not.
    """
    if _spec(name).reads_file:
        module = cast("_FileModule", importlib.import_module(_spec(name).module))
        module.check_file(Options(_files(file), source=name), handle)


def owner_of(name: str, file: str | Sequence[str], handle: str | None = None) -> Owner:
    """The owner that a source's file, or several, names, without reading posts; empty where it names none.

    Raises SourceError when the file cannot be read, or is of another network than the handle.
    """
    module = cast("_FileModule", importlib.import_module(_spec(name).module))
    return module.owner_of(Options(_files(file), source=name), handle)


def announced_posts(name: str, file: str | Sequence[str]) -> int | None:
    """The number of posts that a source's file, or several, announces, without reading them; None where it does not.

    Raises SourceError when the file cannot be read.
    """
    module = cast("_FileModule", importlib.import_module(_spec(name).module))
    return module.announced_posts(Options(_files(file), source=name))


def _files(file: str | Sequence[str] | None) -> tuple[str, ...]:
    return (file,) if isinstance(file, str) else tuple(file or ())


def _spec(name: str) -> SourceSpec:
    if name not in SOURCES:
        raise UsageError(f"this version reads no source {name!r}; use one of {', '.join(sorted(SOURCES))}")
    return SOURCES[name]
