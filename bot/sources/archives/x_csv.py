"""The table `tweets.csv` of an archive of Twitter from 2012 to 2018, as records like those of its other files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from bot.errors import SourceError

LONGEST_LINE = 1 << 20
"""Maximum of bytes in a line of the file."""

COLUMNS = ("tweet_id", "timestamp", "text")
"""The columns without which a row is no post."""

_LINK = re.compile(r"https?://t\.co/\w+")


def is_csv(head: bytes) -> bool:
    """Whether a file begins with the names of these columns."""
    first = head.partition(b"\n")[0].decode("utf-8", "replace").removeprefix("\ufeff")
    names = {name.strip().strip('"').lower() for name in re.split("[,;\t]", first)}
    return names.issuperset(COLUMNS)


def records(stream: BinaryIO, where: str) -> Iterator[dict[str, Any]]:
    """Yields each row as a record of such an archive has it. Raises SourceError for what is no table."""
    lines = _lines(stream, where)
    first = next(lines, "")
    mark = max(",;\t", key=first.count)
    rows = csv.DictReader(
        lines, [name.strip().strip('"').lower() for name in first.split(mark)], delimiter=mark
    )
    try:
        for row in rows:
            yield _record(row)
    except csv.Error:
        raise SourceError(
            f"{where}: after line {rows.line_num + 1:,} it is no table any more, or cut short; unpack it again"
        ) from None


def _record(row: dict[Any, Any]) -> dict[str, Any]:
    text = row.get("text")
    links = _LINK.findall(text) if isinstance(text, str) and row.get("expanded_urls") else []
    record = {
        "id_str": row.get("tweet_id"),
        "full_text": text,
        "created_at": row.get("timestamp"),
        "in_reply_to_status_id_str": row.get("in_reply_to_status_id"),
        "in_reply_to_user_id_str": row.get("in_reply_to_user_id"),
        "source": row.get("source"),
        "entities": {"urls": [{"url": link, "indices": [-1, -1]} for link in links]},
    }
    return {**record, "retweeted_status": {}} if row.get("retweeted_status_id") else record


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
                f"{where}: line {number:,} is not UTF-8; give the file as Twitter made it"
            ) from None
