"""The members of a tar archive, plain or compressed with gzip, as Mastodon gave until 2023; read in one go.

Mastodon puts pictures and videos first, so the posts are found only after all of these have been unpacked.
"""

from __future__ import annotations

import gzip
import io
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, BinaryIO, Self, cast

from bot.errors import SourceError
from bot.sources.archives import directory
from bot.sources.files import opened, shown

LARGEST = 1 << 30
"""Maximum of bytes in a tar archive, unpacked: more take a command too long, and a folder is read at once."""

_LONGEST_HEADER = 64 << 10
_SPOOLED = 1 << 20  # bytes of a member that are kept in memory
_GZIP = b"\x1f\x8b"
_BLOCK = 512
_DAMAGED = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, OverflowError)


def names_in(head: bytes) -> frozenset[str]:
    """The names in lower case of the members that begin in the first bytes of a tar archive."""
    found = set()
    at = 0
    while at + _BLOCK <= len(head):
        try:
            member = tarfile.TarInfo.frombuf(head[at : at + _BLOCK], "utf-8", "replace")
        except tarfile.TarError:
            break
        if member.isreg():
            found.add(member.name.lower().removeprefix("./"))
        at += _BLOCK * (1 + -(-member.size // _BLOCK))
    return frozenset(found)


@contextmanager
def open_tar(file: str, wanted: re.Pattern[str]) -> Iterator[Tar]:
    """Opens the members whose names in lower case match. Raises SourceError for a damaged, hostile or large archive."""
    with ExitStack() as stack:
        yield Tar(shown(file), dict(_unpacked(stack, file, wanted)))


class Tar:
    """Members of a tar archive; large ones lie in unnamed temporary files. See `members.Members`."""

    def __init__(self, file: str, members: dict[str, IO[bytes]]) -> None:
        self.file = file
        self.names = frozenset(members)
        self._members = members

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """Opens a member from its beginning; one at a time."""
        if name not in self._members:
            raise SourceError(
                f"{self.file}: {name}: the archive has no such member; download the archive again"
            )
        stream = self._members[name]
        stream.seek(0)
        yield cast("BinaryIO", stream)


def _unpacked(stack: ExitStack, file: str, wanted: re.Pattern[str]) -> Iterator[tuple[str, IO[bytes]]]:
    seen: set[str] = set()
    number = 0
    try:
        with opened(file) as packed:
            compressed = packed.read(2) == _GZIP
            packed.seek(0)
            unpacked = gzip.GzipFile(fileobj=packed) if compressed else packed
            stream = _Bounded(cast("BinaryIO", unpacked), shown(file))
            with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|", tarinfo=_Member) as archive:
                for member in archive:
                    archive.members = []  # type: ignore[attr-defined] # memory for the posts, not for their pictures
                    number += 1
                    name = _checked_name(file, member.name, number).lower()
                    content = archive.extractfile(member) if member.isreg() and wanted.search(name) else None
                    if content is None:
                        continue
                    if name in seen:
                        raise SourceError(
                            f"{shown(file)}: it holds {name!r} twice, which no archive does; not read"
                        )
                    seen.add(name)
                    copy = stack.enter_context(tempfile.SpooledTemporaryFile(_SPOOLED))  # noqa: SIM115
                    shutil.copyfileobj(content, copy)
                    yield name, copy
    except _DAMAGED:
        raise SourceError(
            f"{shown(file)}: this tar archive is damaged or cut short; download it again"
        ) from None


def _checked_name(file: str, name: str, number: int) -> str:
    name = name.replace("\\", "/").removeprefix("./")
    if name.startswith("/") or ".." in name.split("/"):
        raise SourceError(
            f"{shown(file)}: it holds a member named {name[:100]!r}, which no archive does; not read"
        )
    if number > directory.MOST_MEMBERS:
        raise SourceError(f"{shown(file)}: it holds more than {directory.MOST_MEMBERS:,} files; not read")
    return name


class _Member(tarfile.TarInfo):
    """A member whose extended header has a sensible length: the library reads one into memory as a whole."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        found = super().frombuf(buf, encoding, errors)
        if found.type not in (*tarfile.REGULAR_TYPES, tarfile.DIRTYPE) and found.size > _LONGEST_HEADER:
            raise tarfile.ReadError
        return found


class _Bounded(io.RawIOBase):
    """A stream that refuses to go on after `LARGEST` bytes."""

    def __init__(self, stream: BinaryIO, file: str) -> None:
        super().__init__()
        self._stream, self._file, self._left = stream, file, LARGEST

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise SourceError(
                f"{self._file}: it unpacks to more than {LARGEST:,} bytes, most of them pictures and videos: unpack "
                "it and give the folder, of which only the posts are read"
            )
        return data
