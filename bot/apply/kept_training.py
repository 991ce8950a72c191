"""Trainings that were interrupted, kept on this machine to go on from: traces of people, which go with them.

Each lies in a folder of its own below `.bot/training` beside the registry, which only its owner reads, with the
handles and accounts it is about. It expires after a week; a person who is removed is removed from here at once.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from bot.errors import BotError, DeviceLost
from bot.io import atomic
from bot.registry import Tombstones
from bot.sources.posts import Owner

FOLDER = Path(".bot") / "training"
PEOPLE = "people.json"
LOCK = ".lock"
EXPIRES = timedelta(days=7)


def folder_of(root: Path, name: str) -> Path:
    """Where the training of a model is kept, beside the registry's folder `root`."""
    return root / FOLDER / name


@contextmanager
def place(root: Path, name: str, people: Sequence[Owner]) -> Iterator[Path | None]:
    """The folder of a model's training, which is about these people.

    None where it cannot be written, or another run works in it.

    It goes when the work inside ends with an error that another try would only repeat. It stays after an interruption
    and while the model waits for its publication.
    """
    folder = folder_of(root, name)
    try:
        lock = _opened(folder, people)
    except OSError:
        yield None
        return
    try:
        yield folder
    except DeviceLost:
        raise
    except BotError:
        remove(folder)
        raise
    finally:
        os.close(lock)


def _opened(folder: Path, people: Sequence[Owner]) -> int:
    """Makes the folder and locks it: the lock's descriptor. OSError where another run holds it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in (folder.parent, folder):
        each.chmod(0o700)
    (folder.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        about = [[one.handle, one.account] for one in people]
        atomic.replace(folder / PEOPLE, json.dumps(about).encode())
    except BaseException:
        os.close(lock)
        raise
    return lock


def remove(folder: Path) -> None:
    """Removes a training; a run that works on it keeps it no more."""
    shutil.rmtree(folder, ignore_errors=True)


def sweep(root: Path, gone: Tombstones, now: datetime) -> int:
    """Removes what is about a person with a tombstone, or older than a week; how many trainings went."""
    removed = 0
    for folder, people in _kept(root):
        old = now.timestamp() - _changed(folder) >= EXPIRES.total_seconds()
        if old or not people or any(gone.line_of(one) is not None for one in people):
            remove(folder)
            removed += 1
    return removed


def forget(roots: Iterable[Path], handles: Collection[str], accounts: Collection[str] = ()) -> int:
    """Removes what is about one of these handles, accounts or models; how many trainings went."""
    names = {handle.casefold() for handle in handles}
    removed = 0
    for root in {root.resolve() for root in roots}:
        for folder, people in _kept(root):
            known = {folder.name.casefold(), *((one.handle or "").casefold() for one in people)}
            if known & names or {one.account for one in people} & set(accounts):
                remove(folder)
                removed += 1
    return removed


def removed(trainings: int) -> str:
    """`1 unfinished training kept on this machine was removed`."""
    which = "1 unfinished training" if trainings == 1 else f"{trainings} unfinished trainings"
    return f"{which} kept on this machine {'was' if trainings == 1 else 'were'} removed"


def _kept(root: Path) -> Iterator[tuple[Path, list[Owner]]]:
    """The trainings that are kept, and whose they are; nobody's where that cannot be read."""
    place = root / FOLDER
    for folder in sorted(place.iterdir()) if place.is_dir() else ():
        if folder.is_dir() and not folder.is_symlink():
            yield folder, _people(folder)


def _people(folder: Path) -> list[Owner]:
    try:
        return [Owner(*one) for one in json.loads((folder / PEOPLE).read_bytes())]
    except (OSError, ValueError, TypeError):
        return []


def _changed(folder: Path) -> float:
    """When the folder, or a file in it, changed last."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return 0.0
