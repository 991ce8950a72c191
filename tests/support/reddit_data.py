"""The data of a Reddit account, built by the tests from the columns that are published of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from x_archives import Members

_COMMENTS = ("id", "permalink", "date", "ip", "subreddit", "gildings", "link", "parent", "body", "media")
_POSTS = ("id", "permalink", "date", "ip", "subreddit", "gildings", "title", "url", "body")


def comments(*texts: str, parent: str = "", date: str = "2021-05-01 12:00:00 UTC") -> bytes:
    """The file comments.csv."""
    link = "https://www.reddit.com/r/birds/comments/abc1/a/"
    rows = [
        (f"c{number}", f"{link}c{number}/", date, "192.0.2.7", "birds", "0", link, parent, text, "")
        for number, text in enumerate(texts, start=1)
    ]
    return _table(_COMMENTS, rows)


def posts(*texts: tuple[str, str]) -> bytes:
    """The file posts.csv, of titles with texts."""
    date, link = "2021-05-02 12:00:00 UTC", "https://www.reddit.com/r/birds/comments"
    rows = [
        (f"p{number}", f"{link}/p{number}/", date, "192.0.2.7", "birds", "0", title, "", body)
        for number, (title, body) in enumerate(texts, start=1)
    ]
    return _table(_POSTS, rows)


def statistics(name: str = "Ada-Example") -> bytes:
    """The file statistics.csv."""
    rows = [("account name", name), ("is_deleted", "False"), ("email address", "zanzibar@example.org")]
    return _table(("statistic", "value"), rows)


def reddit(*texts: str) -> Members:
    """The members of an export."""
    return {
        "comments.csv": comments(*texts),
        "posts.csv": posts(("A title", "and a text")),
        "statistics.csv": statistics(),
        "messages.csv": b"id,body\n1,zanzibar\n",
    }


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()
