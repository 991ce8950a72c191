"""The files in one repo's folder: listed, digested, compared, and copied or linked into a new version."""

from __future__ import annotations

import filecmp
import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from bot.hub.protocol import checked_path
from bot.hub.repo_status import GITATTRIBUTES


class Entry(NamedTuple):
    """A file by its path in the repo: its size in bytes and its time of change (nanoseconds since 1970)."""

    path: str
    size: int
    changed_ns: int


def entries(folder: str | Path, prefix: str = "") -> Iterator[Entry]:
    """Every file below a folder, in no order; none where there is no folder. Links are not followed."""
    try:
        found = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                yield from entries(entry.path, f"{prefix}{entry.name}/")
            else:
                status = entry.stat(follow_symlinks=False)
                yield Entry(prefix + entry.name, status.st_size, status.st_mtime_ns)


def head_of(folder: str | Path) -> str | None:
    """The commit id of a folder: a digest of every file's path, size and time of change.

    Every edit changes it, and no contents are read. None when the folder is missing or holds no files of its own.
    """
    digest = hashlib.sha256()
    own = 0
    for path, size, changed_ns in sorted(entries(folder)):
        own += path != GITATTRIBUTES
        digest.update(f"{path}\0{size}\0{changed_ns}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:40] if own else None


def last_change(folder: Path) -> datetime | None:
    """The newest time of change of a file in a folder (UTC); None where there is no file."""
    newest = max((entry.changed_ns for entry in entries(folder)), default=None)
    return datetime.fromtimestamp(newest / 1e9, UTC) if newest is not None else None


def read_file(file: Path) -> bytes | None:
    """The contents of a file, or None where there is none. OSError for any other failure."""
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def write_version(new: Path, files: Mapping[str, Path | bytes], current: Path) -> None:
    """Writes `files` below `new`; one that equals the version at `current` is linked, not written again."""
    stamp = time.time_ns()  # finer than the kernel's own stamps: two versions never share a head by chance
    for path, content in files.items():
        target, before = new / checked_path(path), current / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if _is_equal(content, before):
            link(before, target)
            continue
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            shutil.copyfile(content, target)
        os.utime(target, ns=(stamp, stamp))
        with target.open("rb+") as file:
            os.fsync(file.fileno())


def link(source: Path, target: Path) -> None:
    """Makes `target` the same file as `source`, or a copy of it on a file system without hard links."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)


def same_files(folder: Path, other: Path, files: Mapping[str, object]) -> bool:
    """Whether two folders hold the same contents at these paths."""
    return all((folder / path).is_file() and _is_equal(other / path, folder / path) for path in files)


def _is_equal(content: Path | bytes, file: Path) -> bool:
    if not file.is_file() or file.is_symlink():
        return False
    if isinstance(content, bytes):
        return file.stat().st_size == len(content) and file.read_bytes() == content
    return filecmp.cmp(content, file, shallow=False)
