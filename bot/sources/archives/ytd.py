"""Reads large files of JSON record by record, such as those of an X archive, `window.YTD.<type>.partN = [ … ]`.

Memory holds one record and one chunk, however large the file is.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Collection, Iterator
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
_ASSIGNMENT = re.compile(r"\s*(?:(?:var\s+)?[\w.$]+\s*=\s*)?")
_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:(?:var\s+)?[\w.$]{1,1000}\s*=\s*)?")
_SEPARATOR = re.compile(r"\s*,?\s*")
_COLON = re.compile(r"\s*:\s*")
_END = re.compile(r"\]\s*;?\s*")
_VALUE_BEGINS = tuple('[{"tfn-0123456789')
_OBJECT_END = re.compile(r"\}\s*;?\s*")


def records(stream: BinaryIO, where: str) -> Iterator[dict[str, Any]]:
    """Yields the objects of the array. Raises SourceError for a file of another form, cut short or not UTF-8.

    `where` names file and member in messages, which never hold a record's text.
    """
    text = _Text(stream, where)
    if text.begin() != "[":
        raise SourceError(f"{where}: it does not begin as X's files do (window.YTD… = [); download it again")
    yield from text.objects()
    text.check_end(_END)


def sections(
    stream: BinaryIO, where: str, keys: Collection[str] | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the objects in the lists of one large object, each with the list's key. Raises as `records`.

    With `keys`, lists under other keys are read as a whole and passed over.
    """
    text = _Text(stream, where)
    if text.begin() != "{":
        raise SourceError(f"{where}: it does not begin as a JSON object does; download it again")
    while text.next_character(_SEPARATOR) != "}":
        key = text.value(1)
        if not isinstance(key, str) or text.next_character(_COLON) not in _VALUE_BEGINS:
            raise SourceError(f"{where}: it is damaged after its key {str(key)[:40]!r}; download it again")
        if text.next_character(_SEPARATOR) == "[" and (keys is None or key in keys):
            text.position += 1
            for item in text.objects():
                yield key, item
            text.position += 1
        else:
            text.value(1)
    text.check_end(_OBJECT_END)


class _Text:
    """The text of a file, of which one chunk and what is left of the one before are held."""

    def __init__(self, stream: BinaryIO, where: str) -> None:
        self._stream, self._where = stream, where
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._buffer = ""
        self.position = 0

    def begin(self) -> str:
        """Passes over the assignment and the character after it, which it returns; empty at the end."""
        while len(self._buffer) < _LONGEST_ASSIGNMENT and (more := self._more(CHUNK)):
            self._buffer += more
        found = _ASSIGNMENT.match(self._buffer)
        self.position = (found.end() if found else 0) + 1
        return self._buffer[self.position - 1 : self.position]

    def next_character(self, before: re.Pattern[str]) -> str:
        """The next character after what `before` matches; it is not passed over. Empty at the end."""
        while True:
            found = before.match(self._buffer, self.position)
            end = found.end() if found else self.position
            if end < len(self._buffer):
                self.position = end
                return self._buffer[end]
            if not self._refill():
                return ""

    def objects(self) -> Iterator[dict[str, Any]]:
        """Yields the objects up to the end of the array, which is not passed over."""
        number = 1
        while (character := self.next_character(_SEPARATOR)) != "]":
            if character not in ("{", ""):
                raise SourceError(
                    f"{self._where}: record {number} is not an object; download the archive again"
                )
            yield self.value(number)
            number += 1

    def value(self, number: int) -> Any:
        """The value that stands next, read whole. Raises SourceError that names it by its number."""
        while True:
            try:
                value, self.position = DECODER.raw_decode(self._buffer, self.position)
            except json.JSONDecodeError:
                pass  # perhaps the rest of the record has not been read yet
            except (ValueError, RecursionError):
                raise SourceError(
                    f"{self._where}: record {number} is nested too deeply or holds a number too long; not read"
                ) from None
            else:
                return value
            left = len(self._buffer) - self.position
            if not self._refill():
                raise SourceError(
                    f"{self._where}: it is cut short or damaged at record {number}; download it again"
                )
            if left > LONGEST_RECORD:
                raise SourceError(
                    f"{self._where}: it is damaged at record {number}; download the archive again"
                )

    def check_end(self, end: re.Pattern[str]) -> None:
        """Raises SourceError when something stands after the end of the array or object."""
        if not end.fullmatch(self._buffer[self.position :]) or self._more(CHUNK).strip("; \t\r\n"):
            raise SourceError(
                f"{self._where}: something stands after its last record; download the archive again"
            )

    def _refill(self) -> bool:
        rest = self._buffer[self.position :]
        more = self._more(max(CHUNK, len(rest)))
        self._buffer, self.position = rest + more, 0
        return bool(more)

    def _more(self, size: int) -> str:
        """At least one more character; empty at the end of the stream."""
        try:
            while True:
                data = self._stream.read(size)
                text = self._decoder.decode(data, final=not data)
                if text or not data:
                    return text
        except UnicodeDecodeError:
            raise SourceError(
                f"{self._where}: it is not UTF-8, so it was changed since its network wrote it; download it again"
            ) from None


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
