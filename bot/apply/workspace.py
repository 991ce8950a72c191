"""Temporary folders for models in training: removed when their run ends, or by a later run where it was killed.

Each is locked while its run lives, so that no other run removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "bot-"
LOCK = ".lock"
ABANDONED_S = 24 * 3600.0
"""Seconds after which a folder without a lock, as older versions and a run killed at its start leave it, may go."""


@contextmanager
def workspace() -> Iterator[Path]:
    """An empty folder in the system's place for temporary files. What runs that were killed left there goes first."""
    sweep()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        place = Path(name)
        with (place / LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield place


def sweep() -> tuple[int, int]:
    """Removes folders that no run uses any more; how many went, and how many are in use or could not be removed."""
    removed = left = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if not _ours(folder):
            continue
        if _abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            left += 1
        else:
            removed += 1
    return removed, left


def _ours(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def _abandoned(folder: Path) -> bool:
    try:
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except OSError:
        try:
            return time.time() - folder.lstat().st_mtime > ABANDONED_S
        except OSError:
            return False
