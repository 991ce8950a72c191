"""The facts of a stored account: what a plan asks, in a small file beside the posts, made anew where it is lost."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from bot.sources import Cursor
from bot.sources.posts import Network
from bot.store import gaps
from bot.store.format import Segment
from bot.store.gaps import Gap
from bot.store.sealed import seal, unseal

RECENT = 500
"""Of so many posts the facts hold the time, so that new ones are counted without opening the posts."""

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Check:
    """What is known of deletions: every stored post was seen at its source at `at` or later, save those `held_back`,
    which are gone there and were too many to go at once. `reached`: the check is not through, and goes on below.
    """

    at: datetime
    held_back: int = 0
    reached: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a stored account without opening its posts.

    `own` of the `total` posts are neither reposts nor superseded; `recent` holds the newest of these as seconds
    since 1970; `pace` is the number of the newest posts of any kind, and when the first of them was written.
    `files` names the posts' files that these facts were taken from. `gaps` were never read, the newest first;
    `damaged` says that posts were lost, and `not_fetched` names kinds of posts that were left out. `known_as` is
    the handle that the account itself gave, in lower case: another one after it was renamed. `check` is the last
    look for deleted posts, None where there was none.
    """

    handle: str
    network: Network
    id: str | None
    name: str
    total: int
    own: int
    newest: Cursor | None
    oldest: datetime | None
    read_at: datetime
    sources: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    recent: tuple[int, ...] = ()
    pace: tuple[int, int] = (0, 0)
    gaps: tuple[Gap, ...] = ()
    not_fetched: tuple[str, ...] = ()
    known_as: str = ""
    damaged: bool = False
    check: Check | None = None

    @property
    def checked_at(self) -> datetime | None:
        """Since when every stored post was seen at its source; None where that is not known."""
        return self.check.at if self.check is not None and self.check.reached is None else None

    def wants_check(self, now: datetime, every: timedelta) -> bool:
        """Whether stored posts are to be looked for at their source: never done, not ended, or that long ago."""
        return self.checked_at is None or now - self.checked_at >= every

    @property
    def since(self) -> Cursor | None:
        """What the next reading need not go behind: the newest post, or None where posts were lost."""
        return None if self.damaged else self.newest

    @property
    def gap(self) -> Gap | None:
        """The newest gap, if there is one: to be read apart from what is new."""
        return self.gaps[0] if self.gaps else None

    def newer_than(self, moment: datetime) -> int:
        """How many own posts are newer, to the second. More than `RECENT` are not told apart."""
        return sum(second > int(moment.timestamp()) for second in self.recent)

    def rate_per_day(self) -> float | None:
        """Posts of any kind that are read, a day, over the newest `RECENT`; None without any.

        Counted up to the last reading, so that a person who fell silent is seen to be; over a day at least.
        """
        count, first = self.pace
        if not count:
            return None
        return count * _DAY_S / max(self.read_at.timestamp() - first, _DAY_S)

    def expected(self, now: datetime) -> int | None:
        """How many posts of any kind are probably there since the last reading, rounded up."""
        rate = self.rate_per_day()
        if rate is None:
            return None
        return math.ceil(rate * max(0.0, (now - self.read_at).total_seconds()) / _DAY_S)


def of_segment(
    segment: Segment, *, handle: str, read_at: datetime, files: Iterable[str], damaged: bool
) -> Facts:
    """The facts of a segment that holds all there is of an account."""
    posts = sorted(segment.posts.values(), key=gaps.age)
    own = [post for post in posts if not post.is_repost and not post.superseded_by]
    latest = posts[-RECENT:]
    return Facts(
        handle=handle,
        network=segment.profile.network,
        id=segment.profile.id,
        name=segment.profile.name,
        total=len(posts),
        own=len(own),
        newest=gaps.mark(posts[-1]) if posts else None,
        oldest=posts[0].created_at if posts else None,
        read_at=read_at,
        sources=segment.sources,
        files=tuple(files),
        recent=tuple(int(post.created_at.timestamp()) for post in reversed(own[-RECENT:])),
        pace=(len(latest), int(latest[0].created_at.timestamp())) if latest else (0, 0),
        gaps=segment.gaps,
        not_fetched=segment.not_fetched,
        known_as=segment.profile.handle.lower(),
        damaged=damaged,
    )


def to_json(facts: Facts) -> bytes:
    """The small file beside the posts. Whether any were lost is not in it: the folder tells."""
    value = {
        "handle": facts.handle,
        "network": facts.network,
        "id": facts.id,
        "name": facts.name,
        "total": facts.total,
        "own": facts.own,
        "newest": gaps.mark_to_json(facts.newest),
        "oldest": facts.oldest.isoformat() if facts.oldest else None,
        "read_at": facts.read_at.isoformat(),
        "sources": facts.sources,
        "files": facts.files,
        "recent": facts.recent,
        "pace": facts.pace,
        "gaps": gaps.to_json(facts.gaps),
        "not_fetched": facts.not_fetched,
        "known_as": facts.known_as,
        "check": _check_to_json(facts.check),
    }
    return seal(value)


def from_json(data: bytes | None, path: str) -> Facts | None:
    """Reads the small file; None where it is missing or damaged, since it can be made anew.

    NewerFormat for one that only a newer bot can read.
    """
    try:
        value = unseal(data or b"", path)
        count, first = value["pace"]
        return Facts(
            handle=value["handle"],
            network=cast("Network", value["network"]),
            id=value["id"],
            name=value["name"],
            total=value["total"],
            own=value["own"],
            newest=gaps.mark_from_json(value["newest"]),
            oldest=datetime.fromisoformat(value["oldest"]) if value["oldest"] else None,
            read_at=datetime.fromisoformat(value["read_at"]),
            sources=tuple(value["sources"]),
            files=tuple(value["files"]),
            recent=tuple(value["recent"]),
            pace=(count, first),
            gaps=gaps.from_json(value["gaps"]),
            not_fetched=tuple(value["not_fetched"]),
            known_as=value["known_as"],
            check=_check_from_json(value.get("check")),
        )
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def _check_to_json(check: Check | None) -> dict[str, Any] | None:
    if check is None:
        return None
    return {
        "at": check.at.isoformat(),
        "held_back": check.held_back,
        "reached": gaps.mark_to_json(check.reached),
    }


def _check_from_json(value: Any) -> Check | None:
    """What an older bot wrote has none."""
    if value is None:
        return None
    at = datetime.fromisoformat(value["at"])
    return Check(at, int(value["held_back"]), gaps.mark_from_json(value["reached"]))
