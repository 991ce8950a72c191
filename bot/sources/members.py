"""The members of an X archive, a zip or its unpacked folder, read one by one as streams.

Nothing is ever extracted, and only members asked for by name are opened: the rest is private.
"""

from __future__ import annotations

import lzma
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from bot.errors import SourceError
from bot.sources.files import is_url, opened, shown

LARGEST = 2 << 30
"""Bytes of the largest member that is opened; X splits its own near 100 MB."""

LARGEST_RATIO = 200
"""Unpacked to packed bytes; X's own files reach about 20. Small members are let through at any ratio."""

_ANY_RATIO = 64 << 20
_DRIVE = re.compile(r"[A-Za-z]:")


class Members(Protocol):
    """What an archive holds, by names with forward slashes."""

    file: str
    """The archive as messages name it."""
    names: frozenset[str]

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A member as a stream. Raises SourceError, then or while reading, that names file and member."""
        ...


@contextmanager
def open_members(file: str) -> Iterator[Members]:
    """Opens a zip (path or URL) or an unpacked folder (path). Raises SourceError for anything hostile in it."""
    if not is_url(file) and Path(file).expanduser().is_dir():
        yield _Folder(file)
        return
    with opened(file) as stream:
        try:
            archive = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError, RuntimeError):
            raise SourceError(
                f"{shown(file)}: this is no zip, or it is damaged or cut short; download the archive again"
            ) from None
        with archive:
            yield _Zip(shown(file), archive)


class _Zip:
    def __init__(self, file: str, archive: zipfile.ZipFile) -> None:
        self.file = file
        self._archive = archive
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in archive.infolist():
            name = _checked_name(file, info)
            if name in self._members:
                raise SourceError(f"{file}: it holds {name!r} twice, which X's archives never do; not read")
            self._members[name] = info
        self.names = frozenset(name for name in self._members if not name.endswith("/"))

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        where = f"{self.file}: {name}"
        if name not in self.names:
            raise SourceError(f"{where}: the archive lacks this member; download the archive again")
        info = self._members[name]
        if info.flag_bits & 1:
            raise SourceError(f"{where}: it is encrypted; give the archive as X made it")
        too_dense = info.file_size > _ANY_RATIO and info.file_size > LARGEST_RATIO * info.compress_size
        if info.file_size > LARGEST or too_dense:
            raise SourceError(
                f"{where}: it would unpack to {info.file_size:,} bytes: no archive of X; not read"
            )
        try:
            stream = self._archive.open(info)
        except (zipfile.BadZipFile, RuntimeError, OSError) as error:
            raise SourceError(
                f"{where}: it cannot be unpacked ({error}); download the archive again"
            ) from None
        try:
            with stream:
                yield cast("BinaryIO", stream)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError):
            raise SourceError(f"{where}: it is damaged or cut short; download the archive again") from None


def _checked_name(file: str, info: zipfile.ZipInfo) -> str:
    """The member's name with forward slashes; some Windows tools write the other ones."""
    name = info.orig_filename.replace("\\", "/")
    parts = name.split("/")
    if name.startswith("/") or _DRIVE.match(name) or ".." in parts or "\0" in name or not name:
        raise SourceError(
            f"{file}: it holds a member named {name[:100]!r}, which no archive of X does; not read"
        )
    if stat.S_ISLNK(info.external_attr >> 16):
        raise SourceError(f"{file}: its member {name[:100]!r} is a symbolic link; not read")
    return name


class _Folder:
    def __init__(self, file: str) -> None:
        self.file = file
        self._root = Path(file).expanduser().resolve()
        self.names = frozenset(
            path.relative_to(self._root).as_posix()
            for pattern in ("*", "*/*", "*/*/*", "*/*/*/*")  # data/profile_media/x, one folder around it
            for path in self._root.glob(pattern)
            if path.is_file()
        )

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        where = f"{self.file}: {name}"
        path = (self._root / name).resolve()
        if name not in self.names:
            raise SourceError(f"{where}: the archive lacks this file; unpack it again")
        if not path.is_relative_to(self._root):
            raise SourceError(f"{where}: it is a link that leads out of the archive; not read")
        if path.stat().st_size > LARGEST:
            raise SourceError(f"{where}: it is larger than any part that X writes; not read")
        with opened(str(path)) as stream:
            yield stream
