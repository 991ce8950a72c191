"""What each selection would change, so that a person sees it before they choose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.corpus import cleaning, mentions
from bot.corpus.funnel import by_age, replies
from bot.corpus.threads import threads
from bot.registry.selection import MASK
from bot.sources.posts import Timeline, is_dated

WORDS = {
    "replies: strip": "begin with mentions, which go",
    "replies: drop": "answer somebody else, and go",
    "mentions: mask": f"name others, who become {MASK}",
    "threads: join": "continue another one, and join it",
    "lines: keep": "have several lines, which stay",
}
"""For each choice, what is true of the posts that it changes, and what becomes of them."""


def of_timelines(timelines: Sequence[Timeline]) -> list[dict[str, Any]]:
    """The `effects` of each account of a model, whose handles all stay."""
    own = {timeline.profile.handle.lower() for timeline in timelines}
    return [effects(timeline, own) for timeline in timelines]


def effects(timeline: Timeline, own: Iterable[str] = ()) -> dict[str, Any]:
    """How many posts each choice would change if it were the only one, the posts by app, and by year.

    Reposts and older versions of edited posts count nowhere. `own`: handles, in lower case, that are not masked.
    """
    posts = [post for post in by_age(timeline.posts) if not post.is_repost and not post.superseded_by]
    handles = {timeline.profile.handle.lower(), *own}
    texts = [cleaning.clean(post.text) if "@" in post.text or "＠" in post.text else "" for post in posts]
    return {
        "replies: strip": sum(bool(mentions.leading(text)) for text in texts),
        "replies: drop": len(replies(posts, timeline.profile)),
        "mentions: mask": sum(
            mentions.masked(text, timeline.profile.network, handles) != text for text in texts
        ),
        "threads: join": sum(len(thread) - 1 for thread in threads(posts)),
        "lines: keep": sum("\n" in post.text.strip() for post in posts),
        "apps": _counted(Counter(post.app for post in posts if post.app)),
        "years": dict(
            sorted(Counter(str(post.created_at.year) for post in posts if is_dated(post.created_at)).items())
        ),
    }


def _counted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
