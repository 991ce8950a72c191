"""One account's folder: files of posts read as one, damage set aside, the facts beside them kept true."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import unquote

from bot.errors import SourceError
from bot.sources import network_of
from bot.store import facts as facts_file
from bot.store.facts import Check, Facts
from bot.store.files import Files
from bot.store.format import POSTS_NAME, Segment, joined, pack, posts_name, unpack_named
from bot.store.marks import PurgedDuringRun
from bot.store.sealed import seal, unseal

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

    def write(
        self,
        segment: Segment,
        old: Iterable[str],
        read_at: datetime,
        made_up_for: Iterable[str] = (),
        check: Check | None = None,
    ) -> None:
        """Puts a segment and its facts in place of the files `old`, in one update. Raises PurgedDuringRun.

        What another run adds meanwhile stays beside it. The damaged files `made_up_for` go: their posts are there
        again, or known to be missing.
        """
        if self.purged():
            raise PurgedDuringRun
        data = pack(segment)
        name = posts_name(data)
        facts = self._facts_of(segment, (name,), read_at, check)
        self.files.update(
            {f"{self.path}/{name}": data, f"{self.path}/{FACTS}": facts_file.to_json(facts)},
            [*(f"{self.path}/{other}" for other in old if other != name), *made_up_for],
        )

    def confirm(
        self,
        segment: Segment,
        file: str,
        read_at: datetime,
        made_up_for: Collection[str] = (),
        *,
        clock: bool,
        check: Check | None = None,
    ) -> None:
        """Leaves the posts as they are, since a reading brought nothing new. Writes nothing where nothing changed.

        That the account was read at `read_at` is a change only where `clock` says so.
        """
        facts, known = self._facts_of(segment, (file,), read_at, check), self.known()
        same = known is not None and facts == (known if clock else replace(known, read_at=read_at))
        if not same or made_up_for:
            self.files.update(
                {} if same else {f"{self.path}/{FACTS}": facts_file.to_json(facts)}, made_up_for
            )

    def _facts_of(
        self, segment: Segment, files: tuple[str, ...], read_at: datetime, check: Check | None
    ) -> Facts:
        made = facts_file.of_segment(segment, handle=self.handle, read_at=read_at, files=files, damaged=False)
        return replace(made, check=check)

    def known(self) -> Facts | None:
        """The facts as they lie there, true or not."""
        return self._known(self.files.read(f"{self.path}/{FACTS}"))

    def _known(self, data: bytes | None) -> Facts | None:
        return facts_file.from_json(data, f"{self.path}/{FACTS}")

    def facts(self, names: Iterable[str], data: bytes | None) -> Facts | None:
        """The facts, given the folder's names and the small file; made anew from the posts if they do not fit."""
        names = list(names)
        files = tuple(sorted(filter(POSTS_NAME.fullmatch, names)))
        damaged = any(name.startswith(DAMAGED) for name in names)
        if not files and not damaged:
            return None
        known = self._known(data)
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
        new = replace(new, check=known.check if known else None)
        if replace(new, damaged=False) != known and not self.purged():
            self.files.write(f"{self.path}/{FACTS}", facts_file.to_json(new))
        return new

    def check_owner(self, handle: str, found: Found, account: str | None) -> None:
        """Raises SourceError when the folder is of another account than this id, as far as both are known."""
        known = None if found.segment else self.known()
        stored = found.segment.profile.id if found.segment else known.id if known else None
        if stored and account and stored != account:
            raise SourceError(
                f"@{handle} has another owner: the store holds account {stored}, and this is "
                f"{account}; if that is right, run `bot purge {handle}` and try again"
            )

    @property
    def handle(self) -> str:
        """The account's handle, in lower case."""
        return unquote(self.path.partition("/")[2])

    def unlisted_since(self, now: datetime) -> datetime:
        """When the account was first seen to be in no registry; now, if never before. Remembered."""
        marker = f"{self.path}/{UNLISTED}"
        since = _since(self.files.read(marker) or b"", marker)
        if since is None and not self.purged():
            self.files.write(marker, seal({"since": now.isoformat()}))
        return since or now

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
            self.files.update({aside: data}, [f"{self.path}/{name}"])
        return aside


def _since(data: bytes, path: str) -> datetime | None:
    """The time in a marker, which was nothing but the time before it had a digest; None for a damaged one."""
    try:
        text = unseal(data, path).get("since") if data.startswith(b"{") else data.decode()
        since = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return since if since is not None and since.tzinfo is not None else None
