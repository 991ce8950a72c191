"""Drops deleted posts: stored posts are compared with their source before a model is trained on them.

Only evidence counts. A free network's timeline is, when it was read from its newest post to the account's own end
with nothing left out. X's is not, since it ends after 3,200 posts: there each stored post is looked up by its id.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from bot.sources import LooksUp
from bot.store import Check, Store
from bot.store.gaps import age, mark
from bot.store.lookups import held_back


def look_up(
    source: LooksUp,
    store: Store,
    name: str,
    handle: str,
    just_read: Collection[str],
    now: datetime,
    every: timedelta,
) -> tuple[str, ...]:
    """Looks up the stored posts that hold a text, newest first, and drops those that are gone; returns warnings.

    Nothing is asked when the last look is not `every` old, and nothing twice: posts `just_read` are there, and a
    look that broke off, or that the budget ended, goes on where it was.
    """
    facts = store.facts(handle, name)
    held = store.load(handle, name)
    if facts is None or held is None:
        return ()
    last = facts.check
    if last is not None and not facts.wants_check(now, every):
        return held_back(handle, last.held_back) if last.held_back else ()
    begun = last if last is not None and last.reached is not None and now - last.at < every else Check(now)
    posts = sorted(
        (one for one in held.posts if not (one.is_repost or one.superseded_by or one.id in just_read)),
        key=age,
        reverse=True,
    )
    if begun.reached is not None:
        posts = [one for one in posts if age(one) < age(begun.reached)]
    marks = {one.id: mark(one) for one in posts}
    asked, unanswered = 0, 0
    gone: set[str] = set()
    newer: dict[str, str] = {}
    try:
        for answer in source.look_up(list(marks)):
            asked += len(answer.asked)
            unanswered += answer.unanswered
            gone |= answer.gone
            newer |= answer.newer
            reached = marks[answer.asked[-1]]
    except BaseException:  # what was paid for is kept, and the error is for the caller
        if asked:
            so_far = replace(begun, reached=reached)
            store.looked_up(handle, name, asked, gone, newer, so_far)
        raise
    through = None if unanswered else replace(begun, reached=None)
    warnings = store.looked_up(handle, name, asked, gone, newer, through)
    if unanswered:
        posts_are = "post is" if unanswered == 1 else "posts are"
        warnings += (f"X does not say whether {unanswered:,} stored {posts_are} still there",)
    return warnings
