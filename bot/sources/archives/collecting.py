"""Posts out of the records of files: parsed one by one, each id once, within bounds; odd records are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.errors import SourceError
from bot.sources.archives.tally import FEWER, MOST_POSTS, Tally
from bot.sources.posts import Post

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One file with records; `where` names it in messages. The records can be read again."""

    where: str
    records: Callable[[], Iterable[Record]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Collected:
    """The posts by id, the number of records that are no public posts, and sentences on what was skipped.

    `whole` is False where a record was skipped or repeated, so that posts may be missing.
    """

    posts: dict[str, Post]
    left_out: int
    warnings: tuple[str, ...]
    whole: bool


def collect(parts: Iterable[Part], parse: Callable[[Record], Post | None], latest: datetime) -> Collected:
    """The posts of all parts together; of records with one id the last counts.

    `parse` returns None for a record that is to be left out, and raises ValueError that says what is wrong with it.
    Raises SourceError for a part of which most records are wrong, and for more posts than any account has.
    """
    tally = Tally()
    posts: dict[str, Post] = {}
    left_out = repeated = 0
    for part in parts:
        odd, number, first = 0, 0, ""
        for number, record in enumerate(part.records(), start=1):
            tally.add_record(part.where)
            try:
                post = parse(record)
                if post is not None and post.created_at > latest:
                    raise ValueError("is from the future, after which later posts would never count as new")
            except ValueError as error:
                odd, first = odd + 1, first or f"record {number:,} {error}"
                continue
            if post is None:
                left_out += 1
                continue
            repeated += post.id in posts
            posts[post.id] = post
            tally.add_text(post.text, part.where)
            if len(posts) > MOST_POSTS:
                raise SourceError(f"{part.where}: more than {MOST_POSTS:,} posts; {FEWER}")
        tally.close(part.where, number, odd, first, posts=True)
    warnings = list(tally.warnings)
    if repeated:
        warnings.insert(0, f"{repeated:,} records repeat a post that was read already; each post counts once")
    return Collected(posts, left_out, tuple(warnings), whole=not warnings)
