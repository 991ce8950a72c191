"""Moves a store to another place: copied, compared byte by byte, and only then removed from the old one.

A record in the new place names each file before it is written, so that a move that was killed continues, and
distinguishes its own files from others. Runs may write to the old place meanwhile: it is listed again until nothing
new is there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bot.errors import SourceError, UsageError
from bot.io.bounded import Bounds, read_json
from bot.store.files import WRITING, Files
from bot.store.layout import MOVE, account_of, is_ours

AT_ONCE = 100
"""Files that are held in memory, and written in one batch."""

ROUNDS = 10
"""Times the old store is listed again before a run that goes on writing to it ends the move."""

_PLACES_OWN = frozenset({".gitignore", ".gitattributes"})
"""Files that a place got when it was made."""

Phase = Literal["copying", "emptying"]


@dataclass(slots=True)
class Record:
    """What this move has written: `origin` is the old store, `files` the SHA-256 of each file by its path.

    While `copying`, a file that the old store lost since is taken out of the new one; while `emptying`, it was
    the move that removed it.
    """

    origin: str
    phase: Phase = "copying"
    files: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """The record as it lies in the new store."""
        value = {"version": 1, "origin": self.origin, "phase": self.phase, "files": self.files}
        return json.dumps(value).encode()


@dataclass(frozen=True, slots=True)
class Moved:
    """`files` were found equal in both places and removed from the old one; `others`, which no store wrote, were
    left there, and so were `half_written` ones of runs that are at work or were killed.
    """

    files: int
    others: int
    half_written: int


def move(old: Files, new: Files, say: Callable[[str], None]) -> Moved:
    """Moves every file of a store. Raises UsageError, with nothing emptied, where the new place holds other files of
    an account or model that the old one has; SourceError where a place cannot be used, or a run goes on writing.

    The record stays in the new store until `finish`, since the registry may still name the old one.
    """
    record = _record(old, new)
    _refuse_conflicts(old, new, record)
    if record.phase == "copying":
        _copy(old, new, record, say)
        record.phase = "emptying"
        new.write(MOVE, record.to_json())
    removed = _empty(old, new, record, say)
    left = old.below("")
    half_written = sum(_is_half_written(path) for path in left)
    others = [path for path in left if path not in _PLACES_OWN and not _is_half_written(path)]
    return Moved(removed, len(others), half_written)


def finish(new: Files) -> None:
    """Forgets the record of a move that is through, and halves of it that were left when it was killed."""
    new.update({}, [MOVE, *(name for name in new.names("") if name.startswith(WRITING))])


def remove_empty_folders(root: Path) -> None:
    """Removes folders below a store on this machine that hold nothing any more: their names are accounts'."""
    for top, _, _ in os.walk(root, topdown=False):
        if Path(top) != root:
            with suppress(OSError):
                Path(top).rmdir()  # never one that holds anything


def unfinished(new: Files) -> bool:
    """Whether a move into this place was begun and not finished."""
    return new.read(MOVE) is not None


def _record(old: Files, new: Files) -> Record:
    if unfinished(old):
        raise UsageError(
            f"store {old.url}: a move into it was begun and not finished; finish that one first, with `bot store "
            f"move {old.url}`"
        )
    data = new.read(MOVE)
    if data is None:
        return Record(old.url)
    try:
        value = read_json(data, Bounds(64 << 20), MOVE)
        record = Record(value["origin"], value["phase"], dict(value["files"]))
    except (ValueError, KeyError, TypeError):
        raise SourceError(
            f"store {new.url}: {MOVE} is damaged, so it is not known what a move has written; compare with the old "
            "store, delete it, and run again"
        ) from None
    if record.origin != old.url:
        raise UsageError(
            f"store {new.url}: a move from {record.origin} into it was begun and not finished; finish that one first, "
            f"with `bot store move {new.url} --store {record.origin}`"
        )
    return record


def _copy(old: Files, new: Files, record: Record, say: Callable[[str], None]) -> None:
    """Copies until a whole comparison of both finds them equal."""
    for turn in range(ROUNDS):
        paths = _ours(old)
        gone = sorted(record.files.keys() - set(paths))
        if gone:  # merged into other files, or purged
            new.update({}, gone)
            record.files = {path: digest for path, digest in record.files.items() if path in set(paths)}
            new.write(MOVE, record.to_json())
        say(f"comparing {len(paths):,} files" if turn else f"carrying over {len(paths):,} files")
        if _carry(old, new, record, paths) == 0 and not gone and _ours(old) == paths:
            return
    raise _busy(old)


def _carry(old: Files, new: Files, record: Record, paths: Sequence[str]) -> int:
    """Reads both places, and writes what differs. Returns how many files did."""
    count = 0
    for some in _batches(paths):
        there, here = old.read_many(some), new.read_many(some)
        different = {path: data for path, data in there.items() if here.get(path) != data}
        _check_own(new, record, {path: here[path] for path in different if path in here})
        if different:
            record.files |= {path: _digest(data) for path, data in different.items()}
            new.write(MOVE, record.to_json())
            new.update(different)
        count += len(different) + len(some) - len(there)
    return count


def _empty(old: Files, new: Files, record: Record, say: Callable[[str], None]) -> int:
    """Removes from the old place what the new one holds, byte by byte; what came meanwhile is carried over first.
    Returns how many files were removed.
    """
    count = 0
    for _ in range(ROUNDS):
        paths = _ours(old)
        if not paths:
            return count
        say(f"emptying {old.url}: {len(paths):,} files")
        for some in _batches(paths):
            there, here = old.read_many(some), new.read_many(some)
            equal = [path for path, data in there.items() if here.get(path) == data]
            old.update({}, equal)
            count += len(equal)
        _carry(old, new, record, _ours(old))
    raise _busy(old)


def _refuse_conflicts(old: Files, new: Files, record: Record) -> None:
    """UsageError where the new place holds, for an account or a path of the old one, what no move wrote."""
    paths = _ours(old)
    present = set(_ours(new)) - {MOVE}
    accounts = {account_of(path) for path in paths} - {None}
    beside = [
        path for path in sorted(present - set(paths) - record.files.keys()) if account_of(path) in accounts
    ]
    if beside:
        raise _conflict(new, beside)
    for some in _batches([path for path in paths if path in present]):
        there, here = old.read_many(some), new.read_many(some)
        _check_own(new, record, {path: data for path, data in here.items() if there.get(path) != data})


def _check_own(new: Files, record: Record, present: dict[str, bytes]) -> None:
    foreign = [path for path, data in present.items() if record.files.get(path) != _digest(data)]
    if foreign:
        raise _conflict(new, foreign)


def _conflict(new: Files, paths: Collection[str]) -> UsageError:
    accounts = {account_of(path) or path.partition("/")[0] for path in paths}
    return UsageError(
        f"store {new.url}: it already holds other content of {len(accounts):,} accounts or kinds of files that are to "
        f"be moved ({len(paths):,} files), and nothing is overwritten; the old store is as it was. Name an empty "
        "place, or remove these accounts from one of the two with `bot purge HANDLE --store URL`"
    )


def _busy(old: Files) -> SourceError:
    return SourceError(
        f"store {old.url}: other runs go on writing to it; what was carried over stays, so run the same command again "
        "when no other run is at work"
    )


def _batches(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(paths), AT_ONCE):
        yield paths[start : start + AT_ONCE]


def _ours(files: Files) -> list[str]:
    return [path for path in files.below("") if is_ours(path)]


def _is_half_written(path: str) -> bool:
    return path.rpartition("/")[2].startswith(WRITING)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
