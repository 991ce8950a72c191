"""Removes what the bot keeps of a person on this machine beside the store: killed runs, unfinished trainings."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.apply import kept_training, workspace
from bot.training.tracker_runs import FOLDER

MOST_BYTES = 64 << 20
"""Larger files below `.bot` are looked at by their names alone."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was removed from this machine and looked for again (`checked`), and what stays (`remains`)."""

    checked: tuple[str, ...]
    remains: tuple[str, ...]


def clear(
    words: Collection[str],
    folders: Collection[Path],
    environment: Mapping[str, str],
    accounts: Collection[str] = (),
) -> Cleared:
    """Sweeps the folders of runs that were killed, and removes unfinished trainings and tracked runs of these people.

    `words` are handles and names of models, `accounts` ids; `folders` those in which a `.bot` may lie. A tracked run
    is known by one of the words in its files. The store is not looked at.
    """
    checked, remains = [], []
    if trainings := kept_training.forget(folders, words, accounts):
        checked.append(kept_training.removed(trainings))
    removed, live = workspace.sweep()
    if removed:
        which = (
            "1 folder of a run that was killed was"
            if removed == 1
            else f"{removed} folders of killed runs were"
        )
        checked.append(f"{which} removed")
    if live:
        remains.append(f"{live} temporary folders may belong to runs at work: run this again when they ended")
    pattern = re.compile(
        "|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words).encode(), re.IGNORECASE
    )
    kept = {(folder / FOLDER).resolve() for folder in folders}
    if directory := environment.get("WANDB_DIR"):
        kept.add(Path(directory).resolve())
    runs = {run for folder in kept for run in (folder / "wandb").glob("*run-*") if _holds(run, pattern)}
    for run in runs:
        shutil.rmtree(run, ignore_errors=True)
    left = sorted({path for folder in kept for path in _files(folder) if _holds(path, pattern)})
    if runs:
        which = (
            "1 tracked run kept on this machine was" if len(runs) == 1 else f"{len(runs)} tracked runs were"
        )
        checked.append(f"{which} removed")
    if left:
        remains.append(
            f"{len(left)} files in {', '.join(sorted({str(path.parent) for path in left}))} name them"
        )
    if not left and any(folder.exists() for folder in kept):
        checked.append("no file that the bot keeps beside the store names them")
    return Cleared(tuple(checked), tuple(remains))


def _files(folder: Path) -> Iterator[Path]:
    """The files below a `.bot`, but for a store: what lies there is purged and listed as such."""
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file() and not path.is_symlink() and path.relative_to(folder).parts[0] != "store":
            yield path


def _holds(path: Path, pattern: re.Pattern[bytes]) -> bool:
    """Whether a file, or one in a folder, names or holds one of the words."""
    if path.is_dir():
        return any(_holds(each, pattern) for each in path.rglob("*") if not each.is_dir())
    try:
        if pattern.search(path.name.encode("utf-8", "surrogateescape")):
            return True
        return path.stat().st_size <= MOST_BYTES and pattern.search(path.read_bytes()) is not None
    except OSError:
        return False
