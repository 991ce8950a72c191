"""What reading an account would cost, before anything is asked: by the source's prices and what the store knows."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING

from bot.sources import KINDS, Cost

if TYPE_CHECKING:
    from bot.store import Facts

TIMELINE = 3_200
"""Posts that X shows of an account, at most."""
SECONDS_A_DAY = 86_400.0


def estimate(source: str, facts: Facts | None, now: datetime) -> Cost:
    """Reads (posts, and one profile) and USD of bringing the store up to date; nothing where reading is free.

    An account that was never read may have a whole timeline. Of one that was, as many posts are expected as it
    wrote in that time before, reposts included, and what an earlier reading left open.
    """
    kind = KINDS.get(source)
    if kind is None or not (kind.usd_post or kind.usd_user):
        return Cost()
    posts = TIMELINE if facts is None else min(TIMELINE, _expected(facts, now))
    return Cost(posts + 1, posts * kind.usd_post + kind.usd_user)


def _expected(facts: Facts, now: datetime) -> int:
    if facts.newest is None or facts.oldest is None or facts.damaged:
        return TIMELINE
    days = max(1.0, (facts.newest.created_at - facts.oldest).total_seconds() / SECONDS_A_DAY)
    since = max(0.0, (now - facts.read_at).total_seconds() / SECONDS_A_DAY)
    left_open = max(0, TIMELINE - facts.total) if facts.gap is not None else 0
    return int(math.ceil(facts.total / days * since) + left_open)
