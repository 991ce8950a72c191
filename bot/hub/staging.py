"""Staging of a folder hub's versions: locks between processes, atomic replacement, recovery after a crash.

Layout of the hidden folder: `lock`, held while repos change; `private/NAME`, marks; for every build in progress a
folder `build/ID` with its own `lock`, held as long as the builder lives, `new/`, and during a swap `old/NAME`.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from bot.errors import HubError

LOGGED_WAIT_S = 2.0
"""Seconds after which a wait for another run is logged."""

_LOG = logging.getLogger(__name__)
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


class Staging:
    """The hidden folder of the namespace at `root`. `wait_s` bounds every wait for another run (seconds)."""

    def __init__(self, root: Path, wait_s: float) -> None:
        self._root = root
        self._path = root / ".mynah"
        self._builds = self._path / "build"
        self._wait_s = wait_s

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Holds off replacements while repos are read. Writes only to recover from a crash."""
        self._recover()
        try:
            file = (self._path / "lock").open("rb")
        except (FileNotFoundError, NotADirectoryError, PermissionError):  # no bot ever wrote here
            yield
            return
        with file:
            self._acquire(file, fcntl.LOCK_SH)
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Gives one process and thread exclusive access. HubError when the wait is too long."""
        self._builds.mkdir(parents=True, exist_ok=True)
        with (self._path / "lock").open("ab") as file:
            self._acquire(file, fcntl.LOCK_EX)
            self._sweep()
            yield

    @contextmanager
    def build(self) -> Iterator[Path]:
        """Yields an empty folder on the repos' file system, and removes it afterwards in any case."""
        with self.writing():
            build = self._builds / os.urandom(8).hex()
            build.mkdir()
            lock = (build / "lock").open("ab")
            fcntl.flock(lock, fcntl.LOCK_EX)
            (build / "new").mkdir()
        with lock:
            try:
                yield build / "new"
            finally:
                shutil.rmtree(build, ignore_errors=True)

    def replace(self, name: str, new: Path) -> None:
        """Replaces the repo by the folder `new` (of `build`): a reader sees the old files or the new ones.

        One exchange where the system has it; elsewhere two renames, between which a crash is recoverable.
        """
        target = self._root / name
        if not target.exists():
            new.rename(target)
        elif not _exchange(new, target):
            self.discard(name, new.parent / "old")
            new.rename(target)
        _flush(self._root)

    def discard(self, name: str, into: Path) -> None:
        """Moves a repo's folder into a build's folder, to be deleted with it."""
        into.mkdir()
        (self._root / name).rename(into / name)

    def private(self) -> frozenset[str]:
        """The names of the repos that were made private."""
        with suppress(FileNotFoundError, NotADirectoryError):
            return frozenset(mark.name for mark in (self._path / "private").iterdir())
        return frozenset()

    def mark_private(self, name: str, private: bool) -> None:
        """Marks a repo as private, or removes the mark."""
        mark = self._path / "private" / name
        if private:
            mark.parent.mkdir(exist_ok=True)
            mark.touch()
        else:
            mark.unlink(missing_ok=True)

    def _acquire(self, file: IO[bytes], kind: int) -> None:
        started, logged = time.monotonic(), False
        while True:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                waited_s = time.monotonic() - started
                if waited_s >= self._wait_s:
                    raise HubError(
                        f"another run has held {self._path / 'lock'} for {self._wait_s:.0f} s: let it end, then "
                        "run again",
                        transient=True,
                    ) from None
                if waited_s >= LOGGED_WAIT_S and not logged:
                    logged = True
                    _LOG.warning(
                        "waiting up to %.0f s for another run, which holds %s", self._wait_s, file.name
                    )
                time.sleep(0.01)
            else:
                return

    def _recover(self) -> None:
        with suppress(OSError):  # nothing there, no permission, or somebody is at work and will sweep
            if any(self._builds.iterdir()):
                with (self._path / "lock").open("ab") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self._sweep()

    def _sweep(self) -> None:
        """Removes builds whose builder is dead. Requires the exclusive lock, so that no build is being created."""
        for build in list(self._builds.iterdir()):
            try:
                lock = (build / "lock").open("ab")
            except OSError:  # its builder is removing it right now, or died before it had a lock
                shutil.rmtree(build, ignore_errors=True)
                continue
            with lock, suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._restore(build)
                shutil.rmtree(build, ignore_errors=True)

    def _restore(self, build: Path) -> None:
        with suppress(FileNotFoundError):
            for old in list((build / "old").iterdir()):
                if not (self._root / old.name).exists():
                    old.rename(self._root / old.name)


def _exchange(one: Path, other: Path) -> bool:
    """Swaps two folders in one step; False where the system or the file system cannot."""
    import ctypes  # slow to start, and a plan swaps nothing

    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin" and hasattr(libc, "renamex_np"):
        return bool(libc.renamex_np(*names, _RENAME_EXCHANGE) == 0)
    if hasattr(libc, "renameat2"):
        return bool(libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0)
    return False


def _flush(folder: Path) -> None:
    """Asks the system to put a folder's entries on disk, so that a rename outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
