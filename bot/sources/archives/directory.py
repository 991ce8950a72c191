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

MOST_OTHERS = 50_000
"""Maximum of members that are no pictures, videos or sounds."""

_MEDIA = frozenset(
    (
        b".jpg",
        b"jpeg",
        b".png",
        b".gif",
        b"webp",
        b".mp4",
        b".mov",
        b".m4v",
        b"webm",
        b".mp3",
        b".m4a",
        b"avif",
        b"heic",
    )
)
"""The last four bytes of the names of media."""

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


def members(file: str, stream: BinaryIO, place: Place) -> tuple[frozenset[str], int]:
    """The members' names in lower case, with forward slashes, and the number of media, whose names are left out.

    Raises SourceError for more of either than any archive has.
    """
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
    others, media = _split(data)
    if len(others) > MOST_OTHERS:
        raise SourceError(
            f"{file}: it holds more than {MOST_OTHERS:,} files beside pictures and videos, as no archive does; unpack "
            "it and give a folder with the archive alone"
        )
    return frozenset(name.decode("utf-8", "replace").replace("\\", "/") for name in others), media


def is_media(name: str) -> bool:
    """Whether a file's name in lower case is that of a picture, a video or a sound."""
    return name[-4:].encode(errors="replace") in _MEDIA


def _split(data: bytes) -> tuple[list[bytes], int]:
    """The names of members that are no media and no folders, and the number of media."""
    others, media, size = [], 0, _HEADER.size
    at = _ZIP64_ENDS if data.startswith(_MEMBER, _ZIP64_ENDS) else data.find(_MEMBER)
    while at >= 0 and at + size <= len(data) and data.startswith(_MEMBER, at):
        length, extra, comment = _HEADER.unpack_from(data, at)
        name = data[at + size : at + size + length].lower()
        if name[-4:] in _MEDIA:
            media += 1
        elif name[-1:] not in (b"/", b"\\"):
            others.append(name)
        at += size + length + extra + comment
    return others, media
