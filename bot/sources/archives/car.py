"""A file of content-addressed blocks (CAR, version 1), read one by one; each is held against its own digest.

The form is that of https://ipld.io/specs/transport/car/carv1/, as the AT Protocol uses it for repositories.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from bot.errors import SourceError

LONGEST_BLOCK = 2 << 20
"""Maximum of bytes in a block; the network's own limit of a record is half of it."""

MOST_BYTES = 2 << 30
"""Maximum of bytes in a file."""

_BEGIN = b"\xa2eroots"
_CID = b"\x01\x71\x12\x20"  # version 1, DAG-CBOR, SHA-256 of 32 bytes
_CID_LENGTH = len(_CID) + 32


def is_car(head: bytes) -> bool:
    """Whether a file begins as such a file does."""
    return _BEGIN in head[:16]


def blocks(stream: BinaryIO, where: str) -> Iterator[tuple[bytes, bytes]]:
    """Yields the root's identifier with empty data first, then identifier and data of each block.

    Raises SourceError that names the file for anything cut short, changed or of another form.
    """
    header = decode(_section(stream, where), where)
    roots = header.get("roots") if isinstance(header, dict) else None
    if not isinstance(roots, list) or len(roots) != 1 or not isinstance(roots[0], bytes):
        raise SourceError(f"{where}: it names no single root, so it is no repository of an account; not read")
    yield roots[0], b""
    while section := _section(stream, where):
        cid, data = section[:_CID_LENGTH], section[_CID_LENGTH:]
        if not cid.startswith(_CID) or hashlib.sha256(data).digest() != cid[len(_CID) :]:
            raise SourceError(
                f"{where}: a block differs from its digest, so the file was changed or damaged; download it again"
            )
        yield cid, data
        if stream.tell() > MOST_BYTES:
            raise SourceError(f"{where}: it has more than {MOST_BYTES:,} bytes; not read")


def decode(data: bytes, where: str) -> Any:
    """The value of a block. Raises SourceError."""
    import libipld  # only a repository needs it

    try:
        return libipld.decode_dag_cbor(data)
    except (ValueError, RecursionError):
        raise SourceError(f"{where}: a block cannot be decoded; download it again") from None


def _section(stream: BinaryIO, where: str) -> bytes:
    """The next length with the bytes that follow it; empty at the end."""
    length = shift = 0
    while byte := stream.read(1):
        length |= (byte[0] & 0x7F) << shift
        shift += 7
        if not byte[0] & 0x80 or shift > 63:
            break
    else:
        if shift:
            raise SourceError(f"{where}: it is cut short; download it again")
        return b""
    if not 0 < length <= LONGEST_BLOCK:
        raise SourceError(f"{where}: a block has {length:,} bytes, which no repository has; not read")
    data = stream.read(length)
    if len(data) < length:
        raise SourceError(f"{where}: it is cut short; download it again")
    return data
