"""Estimate the cost of reading an account from its source's prices and the stored facts, before any request."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.sources import SOURCES, Cost

if TYPE_CHECKING:
    from bot.store import Facts

TIMELINE = 3_200
"""Posts that X shows of an account, at most."""


def estimate(source: str, facts: Facts | None, now: datetime, look_up_age: timedelta | None = None) -> Cost:
    """Reads (posts, and one profile) and USD of bringing the store up to date; nothing where reading is free.

    An account that was never read may have a whole timeline. Of one that was, as many posts are expected as it
    wrote in that time before, reposts included, and what an earlier reading left open. With `look_up_age` the
    stored ones are looked up before a training, when the last look is that old; None where they never are.
    """
    kind = SOURCES.get(source)
    if kind is None or not (kind.usd_post or kind.usd_user):
        return Cost()
    posts = TIMELINE if facts is None else min(TIMELINE, _expected(facts, now))
    if facts is not None and look_up_age is not None and facts.wants_check(now, look_up_age):
        posts += facts.own
    return Cost(posts + 1, round(posts * kind.usd_post + kind.usd_user, 3))


def _expected(facts: Facts, now: datetime) -> int:
    new = facts.expected(now)
    if new is None or facts.damaged:
        return TIMELINE
    return new + (max(0, TIMELINE - facts.total) if facts.gaps else 0)
