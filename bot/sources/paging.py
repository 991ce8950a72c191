"""Walking through a network's pages, newest first, to an end that is sure to come, whatever the network answers.

Posts are given out as their page arrives, so that a reading that breaks off has given what came before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.sources.posts import Ending, Post

MOST_POSTS = 10_000
"""Posts of one reading. The networks that are walked so cost nothing; this bounds time and the store."""

MAX_EMPTY_PAGES = 20
"""Pages in a row that bring nothing new, after which a network is taken to have no more to say."""


@dataclass(frozen=True, slots=True)
class Page:
    """The posts of one answer, and the cursor of the next one, None after the last.

    `damaged` counts records that could not be read, `private` those that were not for everybody; `known` says
    that all that follows is known already.
    """

    posts: tuple[Post, ...]
    following: str | None
    damaged: int = 0
    private: int = 0
    known: bool = False


def walk(
    fetch: Callable[[str | None], Page],
    warnings: list[str],
    *,
    start: str | None = None,
    most: int = MOST_POSTS,
    ending: Ending | None = None,
) -> Iterator[Post]:
    """Every post once, page after page from the cursor `start`; of one id the first to come is taken.

    `ending` learns whether the last page was reached, and all that the pages held was given out.

    Whatever ends the reading early, a reader of `warnings` finds there as a sentence when the posts are
    through. Raises what `fetch` raises.
    """
    cursors: set[str | None] = {start}
    ids: set[str] = set()
    damaged = private = barren = 0
    cursor = start
    try:
        while True:
            page = fetch(cursor)
            damaged += page.damaged
            private += page.private
            before = len(ids)
            for post in page.posts:
                if post.id in ids:
                    continue
                if len(ids) == most:
                    warnings.append(f"only the newest {most:,} posts were read")
                    return
                ids.add(post.id)
                yield post
            barren = 0 if len(ids) > before else barren + 1
            cursor = page.following
            if cursor is None or page.known:
                if ending is not None:
                    ending.reached = not (page.known or damaged or private)
                return
            if cursor in cursors:
                warnings.append(f"the network's pages go in a circle: reading ended after {len(ids):,} posts")
                return
            if barren == MAX_EMPTY_PAGES:
                warnings.append(
                    f"{barren} pages in a row held nothing new: reading ended after {len(ids):,} posts"
                )
                return
            cursors.add(cursor)
    finally:
        if damaged:
            were = "record was" if damaged == 1 else "records were"
            warnings.append(f"{damaged:,} damaged {were} left out")
        if private:
            are = "post is" if private == 1 else "posts are"
            warnings.append(f"{private:,} {are} not for everybody and were left out")
