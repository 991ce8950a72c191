"""Writes the files of a fleet repository: what is there already stays, unless an update may replace it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.errors import UsageError
from bot.io import atomic, git

State = Literal["new", "same", "differs", "yours", "missing"]


@dataclass(frozen=True, slots=True)
class File:
    """A file of the fleet beside what lies in the folder.

    `new`: it is not there. `differs`: it belongs to the bot's version, and another text is there. `yours`: another
    text is there, and is the fleet's own. `missing`: it is not there, and an update adds no files.
    """

    path: str
    state: State
    text: str
    found: str = ""

    def diff(self, name: str) -> str:
        """Returns the difference from what is there to what this version (`name`) has, as a unified diff."""
        old, new = self.found.splitlines(keepends=True), self.text.splitlines(keepends=True)
        return "".join(difflib.unified_diff(old, new, f"{self.path} (here)", f"{self.path} ({name})", n=2))


def compare(folder: Path, files: Mapping[str, str], follows: Collection[str], *, update: bool) -> list[File]:
    """Returns each file beside what lies in the folder. Raises UsageError for what cannot be read."""
    return [_compare(folder, path, text, path in follows, update) for path, text in files.items()]


def _compare(folder: Path, path: str, text: str, follows: bool, update: bool) -> File:
    place = folder / path
    try:
        found = place.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        if place.is_symlink():
            raise UsageError(f"{place} is a link that leads nowhere: take it away") from None
        return File(path, "missing" if update else "new", text)
    except OSError as error:
        raise UsageError(f"{place} cannot be read: {error.strerror}; take it out of the way") from None
    if found == text:
        return File(path, "same", text, found)
    return File(path, "differs" if follows else "yours", text, found)


def add(folder: Path, files: Collection[File]) -> None:
    """Writes the files that are `new`, all or none. Raises UsageError where that is not possible."""
    added: list[Path] = []
    folders: list[Path] = []
    try:
        for file in files:
            if file.state == "new":
                folders += _make_folders((folder / file.path).parent)
                with (folder / file.path).open("xb") as stream:
                    added.append(folder / file.path)
                    stream.write(file.text.encode())
    except OSError as error:
        for path in reversed(added):
            path.unlink(missing_ok=True)
        for made in reversed(folders):
            made.rmdir()
        what = error.filename or folder
        raise UsageError(
            f"{what} cannot be written ({error.strerror}), so nothing was: look at its mode"
        ) from None


def _make_folders(folder: Path) -> list[Path]:
    """Makes a folder with its parents and returns the new ones, the outermost first."""
    new = [each for each in (folder, *folder.parents) if not each.exists()][::-1]
    for each in new:
        each.mkdir()
    return new


def replace(folder: Path, files: Collection[File]) -> None:
    """Replaces the files that are `differs`. UsageError, with nothing written, where git could not bring one back."""
    paths = [file.path for file in files if file.state == "differs"]
    if not paths:
        return
    changed = git.answer(folder, "status", "--porcelain", "--", *paths)
    if changed is None:
        raise UsageError(
            f"{folder} is in no git repository, so what --update replaces would be lost: git init, and commit first"
        )
    if changed:
        raise UsageError(
            f"{', '.join(line[3:] for line in ('   ' + changed).strip().splitlines())}: changes that no commit holds "
            "would be lost: commit them, and run --update again"
        )
    for file in files:
        if file.state == "differs":
            try:
                atomic.replace(folder / file.path, file.text.encode())
            except OSError as error:
                raise UsageError(f"{folder / file.path} cannot be written: {error.strerror}") from None
