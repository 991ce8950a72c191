"""Gaps: stretches of a timeline that were never read, since a reading broke off before it got there.

All of a timeline is a line from the oldest post to the newest; what is unread are open spans of it, the last
of which, newer than the newest post, is no gap: there the next reading begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sources import Cursor
from bot.sources.posts import Post

Span = tuple[Cursor | None, Cursor | None]
"""From the first mark to the second, both left out; None is the beginning of time, or its end."""

EVERYTHING: Span = (None, None)


@dataclass(frozen=True, slots=True)
class Gap:
    """Posts newer than `since` (None: since the account began) and older than `until` were never read."""

    since: Cursor | None
    until: Cursor


def mark(post: Post) -> Cursor:
    """Where a post stands in its timeline."""
    return Cursor(post.id, post.created_at)


def age(post: Post | Cursor) -> tuple[Any, ...]:
    """Sorts posts from the oldest to the newest; ids that are numbers tell posts of one second apart."""
    return post.created_at, len(post.id), post.id


def unread(gaps: Iterable[Gap], newest: Cursor | None) -> list[Span]:
    """What was never read of a timeline with these gaps."""
    return [*((gap.since, gap.until) for gap in gaps), (newest, None)]


def without(spans: Iterable[Span], read: Span) -> list[Span]:
    """What is still unread after `read` was read."""
    left: list[Span] = []
    for span in spans:
        before = _overlap(span, (None, read[0])) if read[0] is not None else None
        after = _overlap(span, (read[1], None)) if read[1] is not None else None
        left += [part for part in (before, after) if part is not None]
    return left


def common(one: Iterable[Span], other: Iterable[Span]) -> list[Span]:
    """What neither of two readings has read."""
    others = list(other)
    return [part for a in one for b in others if (part := _overlap(a, b)) is not None]


def gaps(spans: Iterable[Span]) -> tuple[Gap, ...]:
    """The gaps among unread spans, the newest first."""
    found = {Gap(since, until) for since, until in spans if until is not None}
    return tuple(sorted(found, key=lambda gap: age(gap.until), reverse=True))


def to_json(gaps: Iterable[Gap]) -> list[Any]:
    """Gaps as lists of marks."""
    return [[mark_to_json(gap.since), mark_to_json(gap.until)] for gap in gaps]


def from_json(value: Iterable[Any]) -> tuple[Gap, ...]:
    """What `to_json` wrote. Raises ValueError, TypeError or IndexError for anything else."""
    found = []
    for since, until in value:
        end = mark_from_json(until)
        if end is None:
            raise ValueError("a gap has no end")
        found.append(Gap(mark_from_json(since), end))
    return tuple(found)


def mark_to_json(mark: Cursor | None) -> list[str] | None:
    """A mark as its id and its time."""
    return [mark.id, mark.created_at.isoformat()] if mark else None


def mark_from_json(value: Any) -> Cursor | None:
    """What `mark_to_json` wrote. Raises ValueError, TypeError or IndexError for anything else."""
    return Cursor(value[0], datetime.fromisoformat(value[1])) if value else None


def _overlap(a: Span, b: Span) -> Span | None:
    since, until = max(a[0], b[0], key=_low), min(a[1], b[1], key=_high)
    return (since, until) if _low(since) < _high(until) else None


def _low(mark: Cursor | None) -> tuple[Any, ...]:
    return (1, *age(mark)) if mark else (0,)


def _high(mark: Cursor | None) -> tuple[Any, ...]:
    return (1, *age(mark)) if mark else (2,)
