"""One account's folder: its files of posts read as one, damaged ones set aside, and the facts kept up to date."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import unquote

from bot.errors import SourceError
from bot.sources import network_of
from bot.sources.posts import Post
from bot.store import facts as facts_file
from bot.store.facts import Check, Facts
from bot.store.files import Files
from bot.store.format import POSTS_NAME, Segment, joined, pack, posts_name, unpack_named
from bot.store.purge_marks import PurgedDuringRun
from bot.store.sealed import seal, unseal

FACTS = "facts.json"
UNLISTED = "unlisted.json"
DAMAGED = "damaged-"

_OWN_FILES = re.compile(r"facts\.json|unlisted\.json|(?:damaged-)?posts-[0-9a-f]{16}\.jsonl\.gz")
_NEVER = datetime.fromtimestamp(0, UTC)
_TRIES = 5  # of reading a folder that other runs rewrite


def is_accounts(name: str) -> bool:
    """Whether the store writes a file of this name for an account."""
    return _OWN_FILES.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class StoredPosts:
    """The posts of a folder: its intact files as one segment, their names, and the paths of damaged ones."""

    segment: Segment | None
    files: tuple[str, ...]
    damaged: tuple[str, ...]

    @property
    def posts(self) -> Mapping[str, Post]:
        """The posts by id; none where no file is intact."""
        return self.segment.posts if self.segment else {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """A warning for each damaged file."""
        return tuple(
            f"{name} in the store is damaged and was set aside: posts are missing until they are read or imported again"
            for name in self.damaged
        )

    @property
    def repaired_warnings(self) -> tuple[str, ...]:
        """The warning to give once all posts were read again; it may stand on a card."""
        return ("posts in the store were damaged, and all were read again",) if self.damaged else ()


@dataclass(frozen=True, slots=True)
class AccountFolder:
    """The files of one account, below `path` (NETWORK/HANDLE) in the store.

    `purged()` is True once the account was purged since this run began; nothing is written then.
    """

    files: Files
    path: str
    purged: Callable[[], bool] = lambda: False

    def read(self) -> StoredPosts:
        """Reads every file of posts. SourceError when other runs keep rewriting them."""
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
                return StoredPosts(joined(segments), tuple(good), tuple(sorted(damaged)))
        raise SourceError(
            f"store {self.files.url}: {self.path} is being rewritten by another run; run again later"
        )

    def write(
        self,
        segment: Segment,
        old: Iterable[str],
        read_at: datetime,
        repaired: Iterable[str] = (),
        check: Check | None = None,
    ) -> None:
        """Replaces the files `old` by a segment and its facts, in one update. Raises PurgedDuringRun.

        Files that another run adds meanwhile are kept. The damaged files `repaired` are removed: their posts are
        stored again, or a gap records them.
        """
        if self.purged():
            raise PurgedDuringRun
        data = pack(segment)
        name = posts_name(data)
        facts = self._facts_of(segment, (name,), read_at, check)
        self.files.update(
            {f"{self.path}/{name}": data, f"{self.path}/{FACTS}": facts_file.to_json(facts)},
            [*(f"{self.path}/{other}" for other in old if other != name), *repaired],
        )

    def confirm(
        self,
        segment: Segment,
        file: str,
        read_at: datetime,
        repaired: Collection[str] = (),
        *,
        clock: bool,
        check: Check | None = None,
    ) -> None:
        """Updates the facts after a reading that changed no post. Writes nothing where they are the same.

        A different `read_at` alone is a change only with `clock`.
        """
        facts, known = self._facts_of(segment, (file,), read_at, check), self.stored_facts()
        same = known is not None and facts == (known if clock else replace(known, read_at=read_at))
        if not same or repaired:
            self.files.update({} if same else {f"{self.path}/{FACTS}": facts_file.to_json(facts)}, repaired)

    def _facts_of(
        self, segment: Segment, files: tuple[str, ...], read_at: datetime, check: Check | None
    ) -> Facts:
        facts = facts_file.of_segment(
            segment, handle=self.handle, read_at=read_at, files=files, damaged=False
        )
        return replace(facts, check=check)

    def stored_facts(self) -> Facts | None:
        """The facts in the folder, up to date or not; None where they are missing or damaged."""
        return self._parsed_facts(self.files.read(f"{self.path}/{FACTS}"))

    def _parsed_facts(self, data: bytes | None) -> Facts | None:
        return facts_file.from_json(data, f"{self.path}/{FACTS}")

    def facts(self, names: Iterable[str], data: bytes | None) -> Facts | None:
        """The facts, from the folder's names and the file of facts; from the posts where these do not agree."""
        names = list(names)
        files = tuple(sorted(filter(POSTS_NAME.fullmatch, names)))
        damaged = any(name.startswith(DAMAGED) for name in names)
        if not files and not damaged:
            return None
        known = self._parsed_facts(data)
        if known and files and known.files == files:
            return replace(known, damaged=damaged)
        # A run was killed between posts and facts, two ran at once, or files are damaged.
        return self.refreshed_facts(self.read(), known)

    def refreshed_facts(self, stored: StoredPosts, known: Facts | None) -> Facts | None:
        """The facts of the posts of a folder, written where they differ from `known`. None when it has no posts."""
        if stored.segment is None:
            return self._facts_without_posts(known) if stored.damaged else None
        read_at = max(stored.segment.read_at, known.read_at) if known else stored.segment.read_at
        new = facts_file.of_segment(
            stored.segment,
            handle=self.handle,
            read_at=read_at,
            files=stored.files,
            damaged=bool(stored.damaged),
        )
        new = replace(new, check=known.check if known else None)
        if replace(new, damaged=False) != known and not self.purged():
            self.files.write(f"{self.path}/{FACTS}", facts_file.to_json(new))
        return new

    def check_owner(self, handle: str, stored: StoredPosts, account: str | None) -> None:
        """Raises SourceError when the folder belongs to an account of another id, as far as both are known."""
        known = None if stored.segment else self.stored_facts()
        owner = stored.segment.profile.id if stored.segment else known.id if known else None
        if owner and account and owner != account:
            raise SourceError(
                f"@{handle} has another owner: the store holds account {owner}, and this is "
                f"{account}; if that is right, run `bot purge {handle}` and try again"
            )

    @property
    def handle(self) -> str:
        """The account's handle, in lower case."""
        return unquote(self.path.partition("/")[2])

    def unlisted_since(self, now: datetime) -> datetime:
        """When the account was first in no registry: the stored time, else `now`, which is stored."""
        marker = f"{self.path}/{UNLISTED}"
        since = _since(self.files.read(marker) or b"", marker)
        if since is None and not self.purged():
            self.files.write(marker, seal({"since": now.isoformat()}))
        return since or now

    def listed_again(self) -> None:
        """Removes the stored time since which the account was in no registry."""
        self.files.remove(f"{self.path}/{UNLISTED}")

    def _facts_without_posts(self, known: Facts | None) -> Facts:
        """The facts when all posts are damaged. The account's id, if known, still keeps another owner out."""
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
    """The time in a marker; None for a damaged one. Markers without a digest hold the time alone."""
    try:
        text = unseal(data, path).get("since") if data.startswith(b"{") else data.decode()
        since = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return since if since is not None and since.tzinfo is not None else None
