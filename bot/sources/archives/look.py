"""A first look at a file: its form, its first bytes, the names of its members; cheap, however large the file is."""

from __future__ import annotations

import gzip
import os
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, cast

from bot.errors import SourceError
from bot.sources.archives import directory, tar
from bot.sources.files import is_url, opened, shown

HEAD = 64 << 10
"""Bytes at the beginning of a file that a look reads."""

Form = Literal["folder", "zip", "cut zip", "gzip", "tar", "file"]

_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_TAR_AT, _TAR = 257, b"ustar"


@dataclass(frozen=True, slots=True)
class Look:
    """What a file shows at a glance.

    `name` is what messages call it. `head` are its first bytes (unpacked for gzip). `members` are the names in a
    zip or a folder, in lower case and with forward slashes, without the `media` pictures and videos, which are
    only counted; of a tar archive they are those in `head`. `size` in bytes is None for a folder.
    """

    file: str
    name: str
    form: Form
    size: int | None = None
    head: bytes = field(default=b"", repr=False)
    members: frozenset[str] = frozenset()
    media: int = 0
    last_names: frozenset[str] = field(init=False, repr=False)
    """The members' names without their folders."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "last_names", frozenset(name.rpartition("/")[2] for name in self.members))


def look(file: str) -> Look:
    """Looks at a path or fsspec URL. Raises SourceError where it cannot be opened, or lists too many members."""
    name = shown(file)
    if not is_url(file) and (folder := Path(file).expanduser()).is_dir():
        members, media = _split(name, relative_names(folder, name))
        return Look(file, name, "folder", members=members, media=media)
    with opened(file) as stream:
        size = stream.seek(0, 2)
        found = directory.find(stream)
        if found is not None:
            members, media = directory.members(name, stream, found)
            return Look(file, name, "zip", size, members=members, media=media)
        stream.seek(0)
        head = stream.read(HEAD)
        form: Form = "cut zip" if head.startswith(_ZIP) else "file"
        if head.startswith(_GZIP):
            form, head = "gzip", _unpacked(stream)
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return Look(file, name, "tar", size, head, tar.names_in(head))
    return Look(file, name, form, size, head)


def relative_names(folder: Path, name: str) -> list[str]:
    """The names of all files in a folder, at any depth, with forward slashes; links to folders are not followed.

    Raises SourceError when there are more than `directory.MOST_MEMBERS`.
    """
    found: list[str] = []
    for parent, _, files in os.walk(folder):
        within = Path(parent).relative_to(folder).as_posix()
        found += files if within == "." else (f"{within}/{file}" for file in files)
        if len(found) > directory.MOST_MEMBERS:
            raise SourceError(
                f"{name}: it holds more than {directory.MOST_MEMBERS:,} files; "
                "give the archive's own folder, or only its data/*.js"
            )
    return found


def _split(folder: str, names: list[str]) -> tuple[frozenset[str], int]:
    """The names in lower case without those of media, and the number of the latter."""
    lower = [name.lower() for name in names]
    others = frozenset(name for name in lower if not directory.is_media(name))
    if len(others) > directory.MOST_OTHERS:
        raise SourceError(
            f"{folder}: it holds more than {directory.MOST_OTHERS:,} files beside pictures and videos, as no archive "
            "does; give the folder of the archive alone"
        )
    return others, sum(map(directory.is_media, lower))


def _unpacked(stream: BinaryIO) -> bytes:
    stream.seek(0)
    try:
        return cast("BinaryIO", gzip.GzipFile(fileobj=stream)).read(HEAD)
    except (OSError, EOFError, zlib.error):
        return b""
