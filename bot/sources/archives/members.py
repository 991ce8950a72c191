"""The members of an archive, a zip or its unpacked folder, read one by one as streams.

Nothing is extracted, and only members requested by name are opened: the rest is private.
"""

from __future__ import annotations

import lzma
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from bot.errors import SourceError
from bot.sources.archives import directory
from bot.sources.archives.look import relative_names
from bot.sources.files import is_url, opened, shown

LARGEST = 2 << 30
"""Maximum of bytes unpacked from one archive; X splits its own files near 100 MB."""

LARGEST_RATIO = 200
"""Maximum ratio of unpacked to packed bytes; X's own files reach about 20. Small archives may exceed it."""

_ANY_RATIO = 64 << 20
_POSTS_MEDIA = re.compile(r"(?<!profile)_media/|media_attachments/")
_DRIVE = re.compile(r"[A-Za-z]:")


class Members(Protocol):
    """The members of an archive, by names in lower case with forward slashes: some tools change the case."""

    file: str
    """The archive as messages name it."""
    names: frozenset[str]

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Opens a member. Raises SourceError that names file and member, while opening or reading."""
        ...


@contextmanager
def open_members(file: str) -> Iterator[Members]:
    """Opens a zip (path or URL) or an unpacked folder (path). Raises SourceError for a hostile one."""
    if not is_url(file) and Path(file).expanduser().is_dir():
        yield _Folder(file)
        return
    with opened(file) as stream:
        try:
            place, size = directory.find(stream), stream.seek(0, 2)
            if place is not None:
                directory.members(
                    shown(file), stream, place
                )  # too many members are refused before they are loaded
            stream.seek(0)
            archive = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError, RuntimeError):
            raise SourceError(
                f"{shown(file)}: this is no zip, or it is damaged or cut short; download the archive again"
            ) from None
        with archive:
            yield _Zip(shown(file), archive, size)


@contextmanager
def single(file: str, member: str) -> Iterator[Members]:
    """A single file as the only member of an archive, under the name that it has there."""
    yield Single(shown(file), file, member)


class Single:
    """A single file as the only member of an archive; see `Members`."""

    def __init__(self, file: str, path: str, member: str) -> None:
        self.file = file
        self.names = frozenset([member])
        self._path = path

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Opens the file, whatever its name."""
        return opened(self._path)


def where(members: Members, name: str) -> str:
    """How messages name a member: a single file by its own name alone."""
    return members.file if isinstance(members, Single) else f"{members.file}: {name}"


def named(archives: Iterable[Members], *names: str) -> Iterator[tuple[Members, str]]:
    """The members with one of these last names, in whichever folder they are."""
    for members in archives:
        for each in sorted(members.names):
            if each.rpartition("/")[2] in names:
                yield members, each


def _by_lower_case(names: list[str]) -> tuple[dict[str, str], frozenset[str]]:
    """The names by their spelling in lower case, and those spellings that several have."""
    found = {name.lower(): name for name in names}
    several = Counter(name.lower() for name in names)
    return found, frozenset(name for name, count in several.items() if count > 1)


class _Zip:
    def __init__(self, file: str, archive: zipfile.ZipFile, size: int) -> None:
        self.file = file
        self._archive = archive
        self._size = size
        self._packed = self._unpacked = 0
        found: dict[str, zipfile.ZipInfo] = {}
        for info in archive.infolist():
            name = _checked_name(file, info)
            if name in found:
                raise SourceError(f"{file}: it holds {name!r} twice, which no archive does; not read")
            found[name] = info
        archive.filelist.clear()  # memory for the posts: of many pictures these are tens of megabytes
        archive.NameToInfo.clear()
        named, self._twice = _by_lower_case([name for name in found if not _is_posts_media(name)])
        self._members = {lower: found[name] for lower, name in named.items()}
        self.names = frozenset(named)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        where = f"{self.file}: {name}"
        if name not in self.names:
            raise SourceError(f"{where}: the archive has no such member; download the archive again")
        if name in self._twice:
            raise SourceError(f"{where}: it is there twice, in upper and lower case; not read")
        info = self._members[name]
        if info.flag_bits & 1:
            raise SourceError(
                f"{where}: it is encrypted; unpack the archive with its password and give the folder"
            )
        self._meter(where, info)
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

    def _meter(self, where: str, info: zipfile.ZipInfo) -> None:
        """Adds up the opened bytes. SourceError when there are too many, in all or for the archive's size."""
        packed = min(
            self._packed + info.compress_size, self._size
        )  # what a member says of itself may be a lie
        unpacked = self._unpacked + info.file_size
        most = min(LARGEST, max(_ANY_RATIO, LARGEST_RATIO * packed))
        if unpacked > most:
            before = f", {unpacked:,} with the files read before it" if self._unpacked else ""
            raise SourceError(
                f"{where}: it would unpack to {info.file_size:,} bytes{before}, where an archive of this size has at "
                f"most {most:,} bytes; not read"
            )
        self._packed, self._unpacked = packed, unpacked


def _is_posts_media(name: str) -> bool:
    """Whether a member is a folder, or a picture or video of a post, which is never opened."""
    return name.endswith("/") or (
        directory.is_media(name.lower()) and _POSTS_MEDIA.search(name.lower()) is not None
    )


def _checked_name(file: str, info: zipfile.ZipInfo) -> str:
    """The member's name with forward slashes; some Windows tools write backslashes. Raises SourceError."""
    name = info.orig_filename.replace("\\", "/")
    parts = name.split("/")
    if name.startswith("/") or _DRIVE.match(name) or ".." in parts or "\0" in name or not name:
        raise SourceError(f"{file}: it holds a member named {name[:100]!r}, which no archive does; not read")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise SourceError(f"{file}: its member {name[:100]!r} is a symbolic link; not read")
    return name


class _Folder:
    def __init__(self, file: str) -> None:
        self.file = file
        self._root = Path(file).expanduser().resolve()
        self._read = 0
        self._named, self._twice = _by_lower_case(relative_names(self._root, file))
        self.names = frozenset(self._named)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        where = f"{self.file}: {name}"
        if name not in self.names:
            raise SourceError(f"{where}: the archive has no such file; unpack it again")
        if name in self._twice:
            raise SourceError(f"{where}: it is there twice, in upper and lower case; not read")
        path = (self._root / self._named[name]).resolve()
        if not path.is_relative_to(self._root):
            raise SourceError(f"{where}: it is a link that leads out of the archive; not read")
        self._read += path.stat().st_size
        if self._read > LARGEST:
            raise SourceError(
                f"{where}: with the files read before it, it has more than the {LARGEST:,} bytes that are read of an "
                "archive; not read"
            )
        with opened(str(path)) as stream:
            yield stream
