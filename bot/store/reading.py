"""A reading of a timeline: its posts up to the end or to an exception, and the spans that it leaves unread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.errors import Deferred
from bot.sources import Cursor
from bot.sources.posts import Post, Profile, Timeline
from bot.store import gaps
from bot.store.format import kept
from bot.store.gaps import EVERYTHING

CHECKPOINT_EVERY = 500
"""Posts between checkpoints while a paid source is read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The posts of a timeline by id, the cursor of the last one, and the exception that ended it, if any."""

    posts: dict[str, Post]
    reached: Cursor | None
    broke: BaseException | None


def iterate(timeline: Timeline, add: Callable[[Reading], object] | None) -> Reading:
    """Reads a timeline to its end or an exception; passes the posts so far to `add` at each checkpoint."""
    posts: dict[str, Post] = {}
    reached = None
    try:
        for post in timeline.posts:
            posts[post.id] = kept(post)
            reached = gaps.mark(post)
            if add is not None and len(posts) % CHECKPOINT_EVERY == 0:
                add(Reading(posts, reached, Deferred("not read to its end yet")))
    except BaseException as broke:  # raised again once what was paid for is stored
        return Reading(posts, reached, broke)
    return Reading(posts, reached, None)


def still_unread(
    unread: list[gaps.Span], reading: Reading, asked: gaps.Span, complete: bool
) -> list[gaps.Span]:
    """The spans that a reading leaves unread. One that broke off has read from its last post to the newest."""
    since, until = asked
    if reading.broke is not None:
        return gaps.without(unread, (reading.reached, until))
    if complete:
        return gaps.without(unread, EVERYTHING)
    if asked == EVERYTHING:  # a complete reading was not claimed: it read only newer posts
        return unread
    return gaps.without(unread, (since, until))


def profile_after(read: Profile, stored: Profile | None, known_id: str | None) -> Profile:
    """The profile as read, with the stored account id and avatar where the reading has none, and the notes of both."""
    profile = read
    if profile.id is None and stored is not None and stored.id is not None:
        profile = replace(profile, id=stored.id, handle=stored.handle, name=stored.name or profile.name)
    elif profile.id is None:
        profile = replace(profile, id=known_id)
    if profile.avatar is None and stored is not None:
        profile = replace(profile, avatar=stored.avatar)
    if stored is not None and stored.notes:
        profile = replace(profile, notes=tuple(dict.fromkeys((*stored.notes, *profile.notes))))
    return profile
