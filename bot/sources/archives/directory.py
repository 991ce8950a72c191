"""The directory of a zip, read as bytes: `zipfile` would make an object of every member before one can be counted."""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

from bot.errors import SourceError

LARGEST = 96 << 20
"""Maximum of bytes in a zip's directory; that of 100,000 pictures has about 15 MB."""

MOST_MEMBERS = 300_000
"""Maximum of members, of which nearly all are pictures that are not opened."""

_MEMBER = b"PK\x01\x02"
_HEADER = struct.Struct("<28xHHH12x")  # lengths of the name, the extra field and the comment
_ZIP64_ENDS = 76  # bytes of two records that may stand between the directory and its end


@dataclass(frozen=True, slots=True)
class Place:
    """Where the directory's end record lies in a zip, and the directory's length, in bytes."""

    end: int
    length: int


def find(stream: BinaryIO) -> Place | None:
    """Where a zip's directory lies; None for a file that has none, because it is no zip or cut short."""
    try:
        # The library's own search, so that this finds the directory that it will read.
        end = zipfile._EndRecData(stream)  # type: ignore[attr-defined]
    except (ValueError, OSError, zipfile.BadZipFile):  # its own fields point nowhere
        return None
    if end is None:
        return None
    return Place(end[zipfile._ECD_LOCATION], end[zipfile._ECD_SIZE])  # type: ignore[attr-defined]


def names(file: str, stream: BinaryIO, place: Place) -> list[str]:
    """The members' names, with forward slashes. Raises SourceError for more of them than any archive has."""
    if place.length > LARGEST:
        raise SourceError(
            f"{file}: its list of members has {place.length:,} bytes: no archive of posts; not read"
        )
    stream.seek(max(0, place.end - place.length - _ZIP64_ENDS))
    data = stream.read(place.length + _ZIP64_ENDS)
    if data.count(_MEMBER) > MOST_MEMBERS:
        raise SourceError(
            f"{file}: it holds more than {MOST_MEMBERS:,} files; unpack it and give a folder with its data/*.js alone"
        )
    return [name.decode("utf-8", "replace").replace("\\", "/") for name in _raw_names(data)]


def _raw_names(data: bytes) -> list[bytes]:
    found, size = [], _HEADER.size
    at = _ZIP64_ENDS if data.startswith(_MEMBER, _ZIP64_ENDS) else data.find(_MEMBER)
    while at >= 0 and at + size <= len(data) and data.startswith(_MEMBER, at):
        length, extra, comment = _HEADER.unpack_from(data, at)
        found.append(data[at + size : at + size + length])
        at += size + length + extra + comment
    return found
