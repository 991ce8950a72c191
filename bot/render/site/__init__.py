"""The fleet as a static page: every model with its state and numbers, searched and sorted without a server."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from bot.errors import UsageError
from bot.io import atomic
from bot.render.site.data import FOLDER
from bot.render.site.page import GENERATOR, PAGE

__all__ = ["check", "save", "write"]

_OURS = re.compile(r"models-\d+\.js|avatars/[0-9a-f]{24}\.webp")


def check(folder: Path) -> None:
    """UsageError where `folder` holds a page that this bot did not make: it would be written over."""
    page = folder / PAGE
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder with --out")
    if page.exists() and GENERATOR.encode() not in page.read_bytes()[:2000]:
        raise UsageError(
            f"{page} is another page, which would be written over: name another folder with --out"
        )


def write(folder: Path, files: Mapping[str, bytes], keep: Collection[str]) -> list[str]:
    """Puts the files there, the page last, each whole or not at all; returns the paths that changed.

    Data and pictures of an earlier page that are not among `files` or `keep` are removed: a person who left
    the fleet leaves the page.
    """
    changed = [
        path for path in sorted(files, key=lambda path: path == PAGE) if save(folder, path, files[path])
    ]
    for path in sorted((folder / FOLDER).rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name not in files and name not in keep and _OURS.fullmatch(name.removeprefix(f"{FOLDER}/")):
            path.unlink()
            changed.append(name)
    return changed


def save(folder: Path, name: str, content: bytes) -> bool:
    """Puts one file there, whole or not at all; False where it stood there already."""
    path = folder / name
    if path.is_file() and path.read_bytes() == content:
        return False
    atomic.write(path, content)
    return True
