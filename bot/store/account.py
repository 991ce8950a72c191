"""One account's folder: files of posts read as one, damage set aside, the facts beside them kept true."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import unquote

from bot.errors import SourceError
from bot.sources import network_of
from bot.store import facts as facts_file
from bot.store.facts import Facts
from bot.store.files import Files
from bot.store.format import POSTS_NAME, Segment, joined, pack, posts_name, unpack_named
from bot.store.marks import PurgedMeanwhile

FACTS = "facts.json"
UNLISTED = "unlisted.json"
DAMAGED = "damaged-"

_WRITTEN = re.compile(r"facts\.json|unlisted\.json|(?:damaged-)?posts-[0-9a-f]{16}\.jsonl\.gz")
_NEVER = datetime.fromtimestamp(0, UTC)
_TRIES = 5  # readings of a folder that other runs are rewriting


def is_accounts(name: str) -> bool:
    """Whether a file of that name is one that the store writes for an account."""
    return _WRITTEN.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Found:
    """A folder as read: all its good files as one segment, their names, and the names of damaged ones."""

    segment: Segment | None
    files: tuple[str, ...]
    damaged: tuple[str, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to tell of the damage."""
        return tuple(
            f"{name} in the store is damaged and was set aside: posts are missing until they are read or imported again"
            for name in self.damaged
        )

    @property
    def made_up(self) -> tuple[str, ...]:
        """What to tell once a reading of everything has made up for the damage; a card may repeat it."""
        return ("posts in the store were damaged, and all were read again",) if self.damaged else ()


@dataclass(frozen=True, slots=True)
class AccountFolder:
    """The files of one account, below `path` (NETWORK/HANDLE) in the store.

    `purged` says whether the account was purged since this run began: then nothing is written any more.
    """

    files: Files
    path: str
    purged: Callable[[], bool] = lambda: False

    def read(self) -> Found:
        """Reads every file of posts. SourceError when other runs rewrite them faster than they are read."""
        for _ in range(_TRIES):
            names = self.files.names(self.path)
            damaged = {f"{self.path}/{name}" for name in names if name.startswith(DAMAGED)}
            segments: list[Segment] = []
            good: list[str] = []
            for name in filter(POSTS_NAME.fullmatch, names):
                data = self.files.read(f"{self.path}/{name}")
                if data is None:
                    break  # another run has just merged it into a new file
                if (segment := unpack_named(name, data)) is None:
                    damaged.add(self._set_aside(name, data))
                else:
                    segments.append(segment)
                    good.append(name)
            else:
                return Found(joined(segments), tuple(good), tuple(sorted(damaged)))
        raise SourceError(
            f"store {self.files.url}: {self.path} is being rewritten by another run; run again later"
        )

    def write(self, segment: Segment, old: Iterable[str]) -> str:
        """Writes first and removes after; what another run adds meanwhile stays beside it. Returns the name.

        Raises PurgedMeanwhile.
        """
        if self.purged():
            raise PurgedMeanwhile
        data = pack(segment)
        name = posts_name(data)
        self.files.write(f"{self.path}/{name}", data)
        for other in old:
            if other != name:
                self.files.remove(f"{self.path}/{other}")
        return name

    def write_facts(self, facts: Facts) -> None:
        """Replaces the facts."""
        self.files.write(f"{self.path}/{FACTS}", facts_file.to_json(facts))

    def known(self) -> Facts | None:
        """The facts as they lie there, true or not."""
        return facts_file.from_json(self.files.read(f"{self.path}/{FACTS}"))

    def facts(self, names: Iterable[str], data: bytes | None) -> Facts | None:
        """The facts, given the folder's names and the small file; made anew from the posts if they do not fit."""
        names = list(names)
        files = tuple(sorted(filter(POSTS_NAME.fullmatch, names)))
        damaged = any(name.startswith(DAMAGED) for name in names)
        if not files and not damaged:
            return None
        known = facts_file.from_json(data)
        if known and files and known.files == files:
            return replace(known, damaged=damaged)
        # A run was killed between posts and facts, two ran at once, or files are damaged.
        return self.facts_of(self.read(), known)

    def facts_of(self, found: Found, known: Facts | None) -> Facts | None:
        """The facts of a folder just read; what lies beside them is mended. None when nothing was ever there."""
        if found.segment is None:
            return self._lost(known) if found.damaged else None
        read_at = max(found.segment.read_at, known.read_at) if known else found.segment.read_at
        new = facts_file.of_segment(
            found.segment,
            handle=self.handle,
            read_at=read_at,
            files=found.files,
            damaged=bool(found.damaged),
        )
        if replace(new, damaged=False) != known and not self.purged():
            self.write_facts(new)
        return new

    def forget_damaged(self, damaged: Iterable[str]) -> None:
        """Removes files that were set aside, once their posts are there again or known to be missing."""
        for path in damaged:
            self.files.remove(path)

    @property
    def handle(self) -> str:
        """The account's handle, in lower case."""
        return unquote(self.path.partition("/")[2])

    def unlisted_since(self, now: datetime) -> datetime:
        """When the account was first seen to be in no registry; now, if never before. Remembered."""
        marker = f"{self.path}/{UNLISTED}"
        try:
            return datetime.fromisoformat((self.files.read(marker) or b"").decode())
        except ValueError:
            if not self.purged():
                self.files.write(marker, now.isoformat().encode())
            return now

    def listed_again(self) -> None:
        """Forgets that the account was in no registry."""
        self.files.remove(f"{self.path}/{UNLISTED}")

    def _lost(self, known: Facts | None) -> Facts:
        """All posts were lost. Whose they were may still be known, and keeps another owner out."""
        network = network_of(self.path.partition("/")[0])
        name, identifier = (known.name, known.id) if known else (self.handle, None)
        read_at = known.read_at if known else _NEVER
        return Facts(self.handle, network, identifier, name, 0, 0, None, None, read_at, damaged=True)

    def _set_aside(self, name: str, data: bytes) -> str:
        aside = f"{self.path}/{DAMAGED}{name}"
        if not self.purged():
            self.files.write(aside, data)
            self.files.remove(f"{self.path}/{name}")
        return aside
