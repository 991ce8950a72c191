"""Reads the JavaScript files of an X archive, `window.YTD.<type>.partN = [ … ]`, record by record.

Memory holds one record and one chunk, however large the file is.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from bot.errors import SourceError
from bot.io.bounded import DECODER, Bounds, Unreadable, read_json

CHUNK = 1 << 20
"""Bytes read at once."""

LONGEST_RECORD = 4 << 20
"""Maximum of characters in a record; X's own stay below a hundred thousand."""

VALUE = Bounds(8 << 20, values=200_000, whole=False)
"""Bounds of the manifest, which is read as a whole and has about 30 KB."""

_LONGEST_ASSIGNMENT = 1000
_ASSIGNMENT = re.compile(r"\s*(?:[\w.$]+\s*=\s*)?")
_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:[\w.$]{1,1000}\s*=\s*)?")
_SEPARATOR = re.compile(r"\s*,?\s*")
_END = re.compile(r"\]\s*;?\s*")


def records(stream: BinaryIO, where: str) -> Iterator[dict[str, Any]]:
    """Yields the objects of the array. Raises SourceError for a file of another form, cut short or not UTF-8.

    `where` names file and member in messages, which never hold a record's text.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    scan = DECODER.raw_decode
    buffer = ""
    while len(buffer) < _LONGEST_ASSIGNMENT and (more := _decoded(decoder, stream, CHUNK, where)):
        buffer += more
    begin = _ASSIGNMENT.match(buffer)
    position = begin.end() if begin else 0
    if buffer[position : position + 1] != "[":
        raise SourceError(f"{where}: it does not begin as X's files do (window.YTD… = [); download it again")
    position += 1
    number = 1
    while True:
        separator = _SEPARATOR.match(buffer, position)
        position = separator.end() if separator else position
        if position < len(buffer):
            if buffer[position] == "]":
                return _check_end(buffer[position:], decoder, stream, where)
            if buffer[position] != "{":
                raise SourceError(f"{where}: record {number} is not an object; download the archive again")
            try:
                value, position = scan(buffer, position)
            except json.JSONDecodeError:
                pass  # perhaps the rest of the record has not been read yet
            except (ValueError, RecursionError):
                raise SourceError(f"{where}: record {number} is not what X writes; not read") from None
            else:
                yield value
                number += 1
                continue
        rest = buffer[position:]
        more = _decoded(decoder, stream, max(CHUNK, len(rest)), where)
        if not more:
            raise SourceError(f"{where}: it is cut short or damaged at record {number}; download it again")
        if len(rest) > LONGEST_RECORD:
            raise SourceError(f"{where}: it is damaged at record {number}; download the archive again")
        buffer, position = rest + more, 0


def value(stream: BinaryIO, where: str) -> Any:
    """The value of a small file, such as the manifest. Raises SourceError as `records` does."""
    data = stream.read(VALUE.size + 1)
    begin = _BEGIN.match(data)
    try:
        return read_json(data[begin.end() if begin else 0 :].rstrip().removesuffix(b";"), VALUE, "it")
    except Unreadable as error:
        raise SourceError(
            f"{where}: it is cut short or damaged: {error}; download the archive again"
        ) from None


def _decoded(decoder: codecs.IncrementalDecoder, stream: BinaryIO, size: int, where: str) -> str:
    """At least one more character; empty at the end of the stream."""
    try:
        while True:
            data = stream.read(size)
            text = decoder.decode(data, final=not data)
            if text or not data:
                return text
    except UnicodeDecodeError:
        raise SourceError(f"{where}: it is not UTF-8, so X did not write it; download it again") from None


def _check_end(rest: str, decoder: codecs.IncrementalDecoder, stream: BinaryIO, where: str) -> None:
    if not _END.fullmatch(rest) or _decoded(decoder, stream, CHUNK, where).strip("; \t\r\n"):
        raise SourceError(f"{where}: something stands after its last record; download the archive again")
