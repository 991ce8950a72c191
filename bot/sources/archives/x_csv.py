"""The table `tweets.csv` of an archive of Twitter from 2012 to 2018, as records like those of its other files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from bot.sources.archives import rows

COLUMNS = ("tweet_id", "timestamp", "text")
"""The columns without which a row is no post."""

_LINK = re.compile(r"https?://t\.co/\w+")


def is_csv(head: bytes) -> bool:
    """Whether a file begins with the names of these columns."""
    return set(rows.columns(rows.first_line(head))).issuperset(COLUMNS)


def records(stream: BinaryIO, where: str) -> Iterator[dict[str, Any]]:
    """Yields each row as a record of such an archive has it. Raises SourceError for what is no table."""
    return map(_record, rows.rows(stream, where))


def _record(row: dict[str, str]) -> dict[str, Any]:
    text = row.get("text")
    links = _LINK.findall(text) if text and row.get("expanded_urls") else []
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
