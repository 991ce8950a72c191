"""The facts of a stored account, which a plan needs, in a small file beside the posts that can be rebuilt from them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any

from pydantic import AwareDatetime, PlainSerializer, PlainValidator, TypeAdapter

from bot.sources import Cursor
from bot.sources.posts import Network
from bot.store import gaps
from bot.store.format import Segment
from bot.store.gaps import Gap
from bot.store.sealed import seal, unseal

RECENT = 500
"""The number of posts whose times are in the facts, so that new ones are counted without reading the posts."""

_DAY_S = 86_400.0
_LINK = re.compile(r"https?://\S+")

Moment = Annotated[AwareDatetime, PlainSerializer(datetime.isoformat)]
CursorJson = Annotated[Cursor | None, PlainValidator(gaps.mark_from_json), PlainSerializer(gaps.mark_to_json)]
GapsJson = Annotated[tuple[Gap, ...], PlainValidator(gaps.from_json), PlainSerializer(gaps.to_json)]


@dataclass(frozen=True, slots=True)
class Check:
    """A look for deleted posts: every stored post was seen at its source at `at` or later, except `held_back` ones,
    which are gone there and were too many to be removed at once. `reached`: the look is unfinished, and continues
    with the posts older than this.
    """

    at: Moment
    held_back: int = 0
    reached: CursorJson = None


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a stored account, without its posts.

    `own` of the `total` posts are neither reposts nor superseded, and have so many `characters` without links (None
    where an older bot counted none); `recent` holds the newest of these as seconds
    since 1970; `pace` is the number of the newest posts of any kind, and the time of the first of them.
    `files` names the files of posts that these facts were computed from. `gaps` were never read, the newest first;
    `damaged` is True when posts were lost, and `not_fetched` names kinds of posts that were left out. `known_as` is
    the handle in the account's own profile, in lower case: a different one after it was renamed. `check` is the
    last look for deleted posts, None where there was none.
    """

    handle: str
    network: Network
    id: str | None
    name: str
    total: int
    own: int
    newest: CursorJson
    oldest: Moment | None
    read_at: Moment
    sources: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    recent: tuple[int, ...] = ()
    pace: tuple[int, int] = (0, 0)
    gaps: GapsJson = ()
    not_fetched: tuple[str, ...] = ()
    known_as: str = ""
    damaged: bool = False
    check: Check | None = None
    characters: int | None = None

    @property
    def checked_at(self) -> datetime | None:
        """The time since which every stored post was seen at its source; None where that is not known."""
        return self.check.at if self.check is not None and self.check.reached is None else None

    def wants_check(self, now: datetime, every: timedelta) -> bool:
        """Whether stored posts are to be looked up at their source: never done, unfinished, or `every` ago."""
        return self.checked_at is None or now - self.checked_at >= every

    @property
    def since(self) -> Cursor | None:
        """Where the next reading may stop: at the newest post; None (read all) where posts were lost."""
        return None if self.damaged else self.newest

    @property
    def gap(self) -> Gap | None:
        """The newest gap, which is read separately from new posts; None without any."""
        return self.gaps[0] if self.gaps else None

    def newer_than(self, moment: datetime) -> int:
        """The number of own posts that are newer, to the second; at most `RECENT`."""
        return sum(second > int(moment.timestamp()) for second in self.recent)

    def rate_per_day(self) -> float | None:
        """Posts of any kind per day, over the newest `RECENT`; None without any.

        Counted up to the last reading, so that silence lowers it; over a day at least.
        """
        count, first = self.pace
        if not count:
            return None
        return count * _DAY_S / max(self.read_at.timestamp() - first, _DAY_S)

    def expected(self, now: datetime) -> int | None:
        """The estimated number of posts of any kind since the last reading, rounded up; None without a rate."""
        rate = self.rate_per_day()
        if rate is None:
            return None
        return math.ceil(rate * max(0.0, (now - self.read_at).total_seconds()) / _DAY_S)


def of_segment(
    segment: Segment, *, handle: str, read_at: datetime, files: Iterable[str], damaged: bool
) -> Facts:
    """The facts of a segment with all posts of an account."""
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
        characters=sum(len(_LINK.sub("", post.text).strip()) for post in own),
    )


def to_json(facts: Facts) -> bytes:
    """The file of facts. `damaged` is not in it: the names of the folder's files show it; nor is what is not known."""
    left_out = {"damaged", *(["characters"] if facts.characters is None else [])}
    return seal(_adapter().dump_python(facts, mode="json", exclude=left_out))


def from_json(data: bytes | None, path: str) -> Facts | None:
    """The facts in a file's bytes; None where it is missing or damaged, since it can be rebuilt.

    NewerFormat for a file that only a newer bot can read.
    """
    try:
        older: dict[str, Any] = {"check": None, "characters": None}  # which older bots did not write
        value = {**older, **unseal(data or b"", path)}
        return _adapter().validate_python({name: value[name] for name in _KEYS})
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


_KEYS = tuple(field.name for field in fields(Facts) if field.name != "damaged")


@cache
def _adapter() -> TypeAdapter[Facts]:
    return TypeAdapter(Facts)
