"""The store: posts already fetched, so that each is read and paid for once, at any fsspec URL.

    NETWORK/HANDLE/posts-DIGEST.jsonl.gz    one file, several after two runs at once, until the next merge
    NETWORK/HANDLE/facts.json               what a plan asks; made anew from the posts where it does not fit
    notes/NAME.json                         what the bot remembers of a model between runs

Posts are only ever added as a new file, and files that it contains are removed after: two runs at once, or a
run killed at any instant, lose no post, and no lock is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from bot.errors import SourceError, UsageError
from bot.posts import Timeline
from bot.sources import network_of
from bot.store.files import open_files
from bot.store.format import (
    POSTS_NAME,
    Facts,
    Segment,
    deleted,
    facts,
    facts_from_json,
    facts_to_json,
    joined,
    kept,
    merged,
    pack,
    posts_name,
    unpack_named,
)

__all__ = ["Facts", "Merged", "Store"]

_DAMAGED = "damaged-"
_FACTS = "facts.json"
_NOTES = "notes"
_TRIES = 5  # readings of a folder that other runs are rewriting


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: posts that were new, posts now there, posts gone from the network and from here."""

    added: int
    total: int
    gone: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A folder as read: all its good files as one segment, their names, and what is wrong with the others."""

    segment: Segment | None
    files: tuple[str, ...]
    warnings: tuple[str, ...]


class Store:
    """Accounts by network and handle, in whatever case. An X archive and the X API fill the same account.

    Every method raises SourceError, a sentence without any post's text, when the store cannot be used.
    """

    def __init__(self, url: str) -> None:
        self._files = open_files(url)

    def load(self, handle: str, source: str) -> Timeline | None:
        """The account's profile and posts, or None when nothing was ever stored.

        A damaged file is set aside and named in the timeline's warnings; SourceError when nothing is left.
        """
        folder = _folder(handle, source)
        found = self._read(folder)
        if found.segment is None:
            if not found.warnings:
                return None
            raise SourceError("; ".join(found.warnings))
        return Timeline(found.segment.profile, tuple(found.segment.posts.values()), found.warnings)

    def merge(
        self,
        timeline: Timeline,
        source: str,
        *,
        now: datetime,
        handle: str | None = None,
        complete: bool = False,
    ) -> Merged:
        """Adds a reading: each id once, the later reading of a post wins, an edit is never undone.

        Stored under `handle`, else the profile's. `complete` says that the reading holds all there is from its
        oldest to its newest post: what it lacks was deleted by its author, and goes. Raises SourceError, and
        stores nothing, if the account now belongs to another id or reading fails midway.
        """
        handle = handle or timeline.profile.handle
        folder = _folder(handle, source)
        read = {post.id: kept(post) for post in timeline.posts}
        found = self._read(folder)
        before = found.segment.posts if found.segment else {}
        self._check_owner(handle, found.segment, timeline)
        gone = deleted(before, read) if complete else frozenset()
        posts = merged({key: post for key, post in before.items() if key not in gone}, read)
        profile = timeline.profile
        if found.segment and profile.id is None:
            profile = replace(profile, id=found.segment.profile.id)
        segment = Segment(profile, now, posts)
        same = found.segment and (found.segment.profile, before) == (profile, posts)
        files = found.files
        if not same or len(files) != 1:
            files = (self._write(folder, segment, files),)
        known = facts_from_json(self._files.read(f"{folder}/{_FACTS}"))
        sources = {source, *(known.sources if known else ())}
        self._write_facts(
            folder, facts(segment, handle=_key(handle), read_at=now, sources=sources, files=files)
        )
        if complete:
            self._forget_damaged(folder)
        return Merged(len(read.keys() - before.keys()), len(posts), len(gone), found.warnings)

    def facts(self, handle: str, source: str) -> Facts | None:
        """What is known of an account, from its small file alone; None when nothing was ever stored."""
        folder = _folder(handle, source)
        names = self._files.names(folder)
        data = self._files.read(f"{folder}/{_FACTS}") if names else None
        return self._facts(folder, names, data)

    def all_facts(self) -> dict[tuple[str, str], Facts]:
        """The facts of every account, by network and handle in lower case: the plan's view."""
        folders: dict[str, list[str]] = {}
        for path in self._files.below(""):
            folder, _, name = path.rpartition("/")
            if folder.count("/") == 1:
                folders.setdefault(folder, []).append(name)
        read = self._files.read_many(
            [f"{folder}/{_FACTS}" for folder, names in folders.items() if _FACTS in names]
        )
        every = [self._facts(f, names, read.get(f"{f}/{_FACTS}")) for f, names in folders.items()]
        return {(one.network, one.handle): one for one in every if one}

    def remember(self, name: str, *, handles: Sequence[str] = (), **values: Any) -> None:
        """Notes JSON values under a model's name; None forgets one. `handles` let `purge` find the note."""
        notes = {**self.notes(name), **values}
        if handles:
            notes["handles"] = sorted({*notes.get("handles", ()), *map(_key, handles)})
        notes = {key: value for key, value in notes.items() if value is not None}
        self._files.write(_note(name), json.dumps(notes, sort_keys=True).encode())

    def notes(self, name: str) -> dict[str, Any]:
        """What was remembered of a model; empty when nothing was. Damaged notes count as none."""
        return _notes(self._files.read(_note(name)))

    def all_notes(self) -> dict[str, dict[str, Any]]:
        """What was remembered, of every model by name."""
        paths = [f"{_NOTES}/{name}" for name in self._files.names(_NOTES) if name.endswith(".json")]
        read = self._files.read_many(paths)
        return {_name(path): _notes(data) for path, data in read.items()}

    def purge(self, handle: str) -> int:
        """Removes every trace of a handle, on every network, and notes on models that hold it.

        Returns how many files went; 0 says that there was no trace.
        """
        key, count = _key(handle), 0
        for top in sorted({path.split("/")[0] for path in self._files.below("") if path.count("/") >= 2}):
            count += self._files.remove_folder(f"{top}/{_quoted(key)}")
        names = {key, key.replace("@", ".")}
        mentions = re.compile(
            "|".join(rf"(?<![\w.@]){re.escape(name)}(?![\w@]|\.\w)" for name in sorted(names))
        )
        for name, notes in self.all_notes().items():
            if mentions.search(f"{name} {json.dumps(notes, ensure_ascii=False)}".lower()):
                self._files.remove(_note(name))
                count += 1
        return count

    def _read(self, folder: str) -> _Found:
        for _ in range(_TRIES):
            names = self._files.names(folder)
            warnings = [
                f"{folder}/{name} in the store is damaged" for name in names if name.startswith(_DAMAGED)
            ]
            files = [name for name in names if POSTS_NAME.fullmatch(name)]
            segments: list[Segment] = []
            good: list[str] = []
            for name in files:
                data = self._files.read(f"{folder}/{name}")
                if data is None:
                    break  # another run has just merged it into a new file
                if (segment := unpack_named(name, data)) is None:
                    warnings.append(self._set_aside(folder, name, data))
                else:
                    segments.append(segment)
                    good.append(name)
            else:
                advice = [
                    f"{w} and was set aside: posts are missing until they are read again" for w in warnings
                ]
                return _Found(joined(segments), tuple(good), tuple(advice))
        raise SourceError(
            f"store {self._files.url}: {folder} is being rewritten by another run; run again later"
        )

    def _set_aside(self, folder: str, name: str, data: bytes) -> str:
        self._files.write(f"{folder}/{_DAMAGED}{name}", data)
        self._files.remove(f"{folder}/{name}")
        return f"{folder}/{_DAMAGED}{name} in the store is damaged"

    def _write(self, folder: str, segment: Segment, old: Iterable[str]) -> str:
        """Writes first and removes after; what another run adds meanwhile stays beside it."""
        data = pack(segment)
        name = posts_name(data)
        self._files.write(f"{folder}/{name}", data)
        for other in old:
            if other != name:
                self._files.remove(f"{folder}/{other}")
        return name

    def _facts(self, folder: str, names: Iterable[str], data: bytes | None) -> Facts | None:
        files = tuple(sorted(name for name in names if POSTS_NAME.fullmatch(name)))
        known = facts_from_json(data)
        if not files or (known and known.files == files):
            return known if files else None
        found = self._read(folder)  # a run was killed between posts and facts, or two ran at once
        if found.segment is None:
            return None
        read_at = max(found.segment.read_at, known.read_at) if known else found.segment.read_at
        sources = known.sources if known else ()
        handle = known.handle if known else _key(found.segment.profile.handle)
        new = facts(found.segment, handle=handle, read_at=read_at, sources=sources, files=found.files)
        self._write_facts(folder, new)
        return new

    def _write_facts(self, folder: str, facts: Facts) -> None:
        self._files.write(f"{folder}/{_FACTS}", facts_to_json(facts))

    def _forget_damaged(self, folder: str) -> None:
        for name in self._files.names(folder):
            if name.startswith(_DAMAGED):
                self._files.remove(f"{folder}/{name}")

    def _check_owner(self, handle: str, segment: Segment | None, timeline: Timeline) -> None:
        stored = segment.profile.id if segment else None
        if stored and timeline.profile.id and stored != timeline.profile.id:
            raise SourceError(
                f"@{handle} has another owner: the store holds account {stored}, and this is "
                f"{timeline.profile.id}; if that is right, run `bot purge {handle}` and try again"
            )


def _key(handle: str) -> str:
    return handle.strip().removeprefix("@").lower()


def _quoted(name: str) -> str:
    """A file name for any handle; a leading dot is quoted, too."""
    if not name:
        raise UsageError("a handle is empty; name the account")
    quoted = quote(name, safe="")
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted


def _folder(handle: str, source: str) -> str:
    return f"{network_of(source)}/{_quoted(_key(handle))}"


def _note(name: str) -> str:
    return f"{_NOTES}/{_quoted(name)}.json"


def _name(path: str) -> str:
    return unquote(path.removeprefix(f"{_NOTES}/").removesuffix(".json"))


def _notes(data: bytes | None) -> dict[str, Any]:
    try:
        notes = json.loads(data or b"{}")
    except ValueError:
        return {}
    return notes if isinstance(notes, dict) else {}
