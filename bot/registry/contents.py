"""The contents of a registry, as values: the desired state of a fleet and everything wrong with the file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot.errors import Problem
from bot.registry.entry import Entry
from bot.registry.schema import Policy, XSettings
from bot.registry.tombstones import Tombstones


@dataclass(frozen=True, slots=True)
class FaultyEntry:
    """An entry that cannot be used. `name` is its model's name as far as it can be read, unique in a registry."""

    name: str
    handles: tuple[str, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A person who is never imitated again; handles are normalised, or hashes of such, `accounts` are ids or hashes."""

    handles: tuple[str, ...]
    on: date | None
    reason: str | None
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where posts are kept (an absolute fsspec URL), and how long after their entry is gone."""

    url: str
    keep: timedelta


@dataclass(frozen=True, slots=True)
class Registry:
    """The desired state. `entries` are the sound ones; `problems` hold every fault, those of `faulty` too.

    `namespace` is None until somebody sets it: nothing can be published then. `gone` answers who was removed.
    `hub` is `dir:` with an absolute path, a Hub's address, or None where the file names none.
    """

    path: Path
    namespace: str | None
    contact: str | None
    store: StoreSettings
    policy: Policy
    entries: tuple[Entry, ...]
    faulty: tuple[FaultyEntry, ...]
    removed: tuple[Tombstone, ...]
    gone: Tombstones
    x: XSettings
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    hub: str | None = None
