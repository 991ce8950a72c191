"""Reading a network's pages, newest first; ends whatever the network answers.

Posts are yielded as their page arrives, so that a reading that fails has yielded what came before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.sources.posts import Ending, Post

MOST_POSTS = 10_000
"""Maximum posts of one reading: the networks that use it cost nothing; this bounds time and the store."""

MAX_EMPTY_PAGES = 20
"""Pages in a row without a new post after which reading ends."""


@dataclass(frozen=True, slots=True)
class Page:
    """The posts of one page, and the cursor of the next page, None after the last.

    `damaged` counts records that could not be read, `private` those that are not public; `reached_known`: all
    further pages hold only posts that are already stored.
    """

    posts: tuple[Post, ...]
    next_cursor: str | None
    damaged: int = 0
    private: int = 0
    reached_known: bool = False


def walk(
    fetch: Callable[[str | None], Page],
    warnings: list[str],
    *,
    start: str | None = None,
    most: int = MOST_POSTS,
    ending: Ending | None = None,
) -> Iterator[Post]:
    """Yields every post once, page after page from the cursor `start`; of posts with one id, the first.

    `ending` is set once the last page was reached and nothing on the pages was left out. What ends the reading
    early is added to `warnings` as a sentence. Raises what `fetch` raises.
    """
    cursors: set[str | None] = {start}
    ids: set[str] = set()
    damaged = private = empty = 0
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
            empty = 0 if len(ids) > before else empty + 1
            cursor = page.next_cursor
            if cursor is None or page.reached_known:
                if ending is not None:
                    ending.reached = not (page.reached_known or damaged or private)
                return
            if cursor in cursors:
                warnings.append(f"the network's pages go in a circle: reading ended after {len(ids):,} posts")
                return
            if empty == MAX_EMPTY_PAGES:
                warnings.append(
                    f"{empty} pages in a row held nothing new: reading ended after {len(ids):,} posts"
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
