"""The rows of a table in CSV, one by one: comma, semicolon or tab between the columns, whose names come first."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

from bot.errors import SourceError

LONGEST_LINE = 1 << 20
"""Maximum of bytes in a line of the file."""

LONGEST_CELL = 100_000
"""Maximum of characters in a cell: those of the longest post."""

MARKS = ",;\t"


def columns(line: str) -> list[str]:
    """The names of the columns in the first line of a table, in lower case; empty for a line that is none."""
    try:
        (names,) = csv.reader([line.strip("\r\n")], delimiter=_mark(line))
    except (csv.Error, ValueError):
        return []
    return [name.strip().lower() for name in names]


def first_line(head: bytes) -> str:
    """The first line of a file's beginning."""
    return head.partition(b"\n")[0].decode("utf-8", "replace").removeprefix("\ufeff")


def rows(stream: BinaryIO, where: str) -> Iterator[dict[str, str]]:
    """Yields each row by the names of its columns, empty text for a missing cell.

    Raises SourceError that names file and line for what is no table, cut short or not UTF-8.
    """
    lines = _lines(stream, where)
    first = next(lines, "")
    names = columns(first)
    reader = csv.reader(lines, delimiter=_mark(first), strict=True)
    csv.field_size_limit(LONGEST_CELL)
    try:
        for row in reader:
            if row:
                yield {name: row[at] if at < len(row) else "" for at, name in enumerate(names)}
    except csv.Error:
        raise SourceError(
            f"{where}: after line {reader.line_num + 1:,} it is no table any more, or cut short; unpack or save it "
            "again"
        ) from None


def _mark(line: str) -> str:
    return max(MARKS, key=line.count)


def _lines(stream: BinaryIO, where: str) -> Iterator[str]:
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise SourceError(
                f"{where}: line {number:,} is longer than {LONGEST_LINE:,} bytes: no table of posts"
            )
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise SourceError(
                f"{where}: line {number:,} is not UTF-8; give the file as it was made, or save it as 'CSV UTF-8'"
            ) from None
