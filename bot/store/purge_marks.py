"""Purge marks: a purge writes one, so that a run that began before it writes nothing of the person after it.

    purged/RANDOM.json    a salt, salted hashes of handles, and the day on which the mark expires

A mark applies to the runs that had not seen it when they began, whatever their clocks say; a run that begins after
the purge may store the person again. A mark names nobody.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import Skipped
from bot.io.bounded import Bounds, read_json
from bot.store.files import Files
from bot.store.names import key

FOLDER = "purged"
KEPT = timedelta(days=7)
"""How long a mark is kept: longer than any run lasts."""


class PurgedDuringRun(Skipped):
    """The person's traces were purged from the store after this run began; nothing of them is stored."""

    def __init__(self) -> None:
        super().__init__(
            "this person was purged from the store while this run went on; nothing of them was stored: "
            "run it again if that was a mistake"
        )


@dataclass(frozen=True, slots=True)
class _Mark:
    salt: str
    hashes: frozenset[str]
    until: datetime

    def holds(self, handles: Iterable[str]) -> bool:
        return any(_hash(self.salt, key(handle)) in self.hashes for handle in handles)


@dataclass(slots=True)
class Marks:
    """The purge marks of a store, and which of them this run has seen."""

    files: Files
    _seen: frozenset[str] | None = None

    def seen(self) -> frozenset[str]:
        """The names of the marks when this run first listed them, and of those that it wrote itself."""
        if self._seen is None:
            self._seen = frozenset(self.files.names(FOLDER))
        return self._seen

    def purged(self, handles: Iterable[str], seen: Collection[str] | None = None) -> bool:
        """Whether one of these people was purged since the run began, or since only the marks in `seen` were there."""
        known = self.seen() if seen is None else seen
        paths = [f"{FOLDER}/{name}" for name in self.files.names(FOLDER) if name not in known]
        found = [mark for data in self.files.read_many(paths).values() if (mark := _parsed(data)) is not None]
        people = list(handles) if found else []
        return any(mark.holds(people) for mark in found)

    def leave(self, handles: Iterable[str], now: datetime) -> None:
        """Writes a mark for these handles, on every network, and removes expired and damaged marks."""
        seen = self.seen()
        salt, name = secrets.token_hex(16), f"{secrets.token_hex(16)}.json"
        hashes = sorted({_hash(salt, key(handle)) for handle in handles})
        value = {"salt": salt, "hashes": hashes, "until": (now + KEPT).isoformat()}
        self.files.write(f"{FOLDER}/{name}", json.dumps(value).encode())
        self._seen = seen | {name}
        paths = [f"{FOLDER}/{other}" for other in self.files.names(FOLDER)]
        for path, data in self.files.read_many(paths).items():
            mark = _parsed(data)
            if mark is None or mark.until <= now:
                self.files.remove(path)


def _parsed(data: bytes) -> _Mark | None:
    """The mark in a file; None for a damaged one, which the next purge removes."""
    try:
        value = read_json(data, Bounds(1 << 20), "it")
        until = datetime.fromisoformat(value["until"])
        mark = _Mark(str(value["salt"]), frozenset(map(str, value["hashes"])), until)
    except (ValueError, KeyError, TypeError):
        return None
    return mark if until.tzinfo is not None else None


def _hash(salt: str, handle: str) -> str:
    return hashlib.sha256(f"{salt}:{handle}".encode("utf-8", "surrogatepass")).hexdigest()
