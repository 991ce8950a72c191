"""Threads: the posts by which a person continues their own ones."""

from __future__ import annotations

from collections.abc import Iterable

from bot.sources.posts import Post

MOST_JOINED = 25
"""Posts of one text: a thread that goes on for years would else be a single one."""


def threads(posts: Iterable[Post]) -> list[list[Post]]:
    """The posts, the oldest first, with those of one reply chain together; a post that answers none is alone.

    Chains consist of the given posts, all of one person: who answers somebody else begins a new one.
    """
    found: list[list[Post]] = []
    of: dict[str, list[Post]] = {}
    for post in posts:
        thread = of.get(post.reply_to or "")
        if thread is None or len(thread) >= MOST_JOINED:
            thread = []
            found.append(thread)
        thread.append(post)
        of[post.id] = thread
    return found
