"""Gaps: spans of a timeline that were never read, because a reading broke off before it reached them.

A timeline is a line from the oldest post to the newest. Its unread parts are open spans; the last one, after the
newest post, is not a gap: the next reading begins there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sources import Cursor
from bot.sources.posts import Post

Span = tuple[Cursor | None, Cursor | None]
"""From the first cursor to the second, both excluded; None is the beginning of time, or its end."""

EVERYTHING: Span = (None, None)


@dataclass(frozen=True, slots=True)
class Gap:
    """Posts newer than `since` (None: since the account began) and older than `until` were never read."""

    since: Cursor | None
    until: Cursor


def mark(post: Post) -> Cursor:
    """The cursor of a post: its place in the timeline."""
    return Cursor(post.id, post.created_at)


def age(post: Post | Cursor) -> tuple[Any, ...]:
    """The sort key of posts, oldest first; numeric ids order posts of the same second."""
    return post.created_at, len(post.id), post.id


def unread(gaps: Iterable[Gap], newest: Cursor | None) -> list[Span]:
    """The unread spans of a timeline with these gaps."""
    return [*((gap.since, gap.until) for gap in gaps), (newest, None)]


def without(spans: Iterable[Span], read: Span) -> list[Span]:
    """The spans that are unread after `read` was read."""
    left: list[Span] = []
    for span in spans:
        before = _overlap(span, (None, read[0])) if read[0] is not None else None
        after = _overlap(span, (read[1], None)) if read[1] is not None else None
        left += [part for part in (before, after) if part is not None]
    return left


def common(one: Iterable[Span], other: Iterable[Span]) -> list[Span]:
    """The spans that neither of two readings has read."""
    others = list(other)
    return [part for a in one for b in others if (part := _overlap(a, b)) is not None]


def gaps(spans: Iterable[Span]) -> tuple[Gap, ...]:
    """The gaps among unread spans, the newest first."""
    found = {Gap(since, until) for since, until in spans if until is not None}
    return tuple(sorted(found, key=lambda gap: age(gap.until), reverse=True))


def to_json(gaps: Iterable[Gap]) -> list[Any]:
    """Gaps as lists of cursors."""
    return [[mark_to_json(gap.since), mark_to_json(gap.until)] for gap in gaps]


def from_json(value: Iterable[Any]) -> tuple[Gap, ...]:
    """Gaps from the value of `to_json`. Raises ValueError, TypeError or IndexError for anything else."""
    found = []
    for since, until in value:
        end = mark_from_json(until)
        if end is None:
            raise ValueError("a gap has no end")
        found.append(Gap(mark_from_json(since), end))
    return tuple(found)


def mark_to_json(mark: Cursor | None) -> list[str] | None:
    """A cursor as its id and its time."""
    return [mark.id, mark.created_at.isoformat()] if mark else None


def mark_from_json(value: Any) -> Cursor | None:
    """A cursor from the value of `mark_to_json`. Raises ValueError, TypeError or IndexError for anything else."""
    return Cursor(value[0], datetime.fromisoformat(value[1])) if value else None


def _overlap(a: Span, b: Span) -> Span | None:
    since, until = max(a[0], b[0], key=_low), min(a[1], b[1], key=_high)
    return (since, until) if _low(since) < _high(until) else None


def _low(mark: Cursor | None) -> tuple[Any, ...]:
    return (1, *age(mark)) if mark else (0,)


def _high(mark: Cursor | None) -> tuple[Any, ...]:
    return (1, *age(mark)) if mark else (2,)
