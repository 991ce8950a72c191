"""The format of a file of posts: compressed lines of JSON, a profile and its posts.

Reposts and older versions of edited posts are stored without their text, which is never trained on.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.io import digest
from bot.sources.posts import Post, Profile
from bot.store import gaps
from bot.store.gaps import Gap, Span, age, mark, unread
from bot.store.sealed import VERSION, check_version

RETWEETS = "retweets"
"""The funnel's name of reposts, which a source may leave out."""

LATER = ("reply_to_author", "app")
"""Fields of a post that format 1 has not. A file without any is written in format 1, which older bots read."""

NEWEST = 2
"""The newest format of a file of posts."""

POSTS_NAME = re.compile(r"posts-([0-9a-f]{16})\.jsonl\.gz")
"""The name of a file of posts: it has a digest of its bytes, which reveals damage."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One reading, or several merged: the profile as of `read_at`, and posts by id.

    `gaps` were never read, `not_fetched` names kinds of posts that were left out, `sources` were read.
    """

    profile: Profile
    read_at: datetime
    posts: dict[str, Post]
    sources: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    not_fetched: tuple[str, ...] = ()

    def unread(self) -> list[Span]:
        """The spans of the timeline that were never read."""
        newest = max(self.posts.values(), key=age, default=None)
        return unread(self.gaps, mark(newest) if newest else None)


def pack(segment: Segment) -> bytes:
    """The bytes of a segment's file: equal segments give equal bytes."""
    profile = segment.profile
    header = {
        "version": NEWEST
        if any(getattr(p, key) for p in segment.posts.values() for key in LATER)
        else VERSION,
        "read_at": segment.read_at.isoformat(),
        "sources": segment.sources,
        "gaps": gaps.to_json(segment.gaps),
        "not_fetched": segment.not_fetched,
        "handle": profile.handle,
        "name": profile.name,
        "network": profile.network,
        "id": profile.id,
        "bio": profile.bio,
        "avatar": base64.b64encode(profile.avatar).decode() if profile.avatar is not None else None,
        "languages": profile.languages,
        "parody": profile.parody,
        "protected": profile.protected,
        "labels": profile.labels,
        **({"notes": profile.notes} if profile.notes else {}),
    }
    lines = [header, *map(_line, sorted(segment.posts.values(), key=age))]
    return gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode(), 6, mtime=0)


def posts_name(data: bytes) -> str:
    """The name for a file of these bytes."""
    return f"posts-{digest.short(data)}.jsonl.gz"


def unpack_named(name: str, data: bytes) -> Segment | None:
    """The segment in a file of the store; None for a damaged file.

    NewerFormat for one that only a newer bot can read.
    """
    try:
        return unpack(data, name) if posts_name(data) == name else None
    except ValueError:
        return None


def unpack(data: bytes, name: str = "a file of posts") -> Segment:
    """The segment in a file's bytes. Raises ValueError for a damaged file, without any of its contents."""
    try:
        header, *lines = map(json.loads, gzip.decompress(data).splitlines())
        check_version(header.get("version", VERSION), name, NEWEST)
        profile = Profile(
            handle=header["handle"],
            name=header["name"],
            network=header["network"],
            id=header["id"],
            bio=header["bio"],
            avatar=base64.b64decode(header["avatar"]) if header["avatar"] is not None else None,
            languages=tuple(header.get("languages", ())),
            parody=header.get("parody", False),
            protected=header.get("protected", False),
            labels=tuple(header.get("labels", ())),
            notes=tuple(header.get("notes", ())),
        )
        return Segment(
            profile,
            datetime.fromisoformat(header["read_at"]),
            {line["id"]: _post(line) for line in lines},
            tuple(header.get("sources", ())),
            gaps.from_json(header.get("gaps", ())),
            tuple(header.get("not_fetched", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, EOFError, OSError, zlib.error):
        raise ValueError("damaged") from None


def kept(post: Post) -> Post:
    """The post as it is stored: without a text that is never trained on."""
    if post.text and (post.is_repost or post.superseded_by):
        return Post(post.id, "", post.created_at, is_repost=post.is_repost, superseded_by=post.superseded_by)
    return post


def joined(segments: Iterable[Segment]) -> Segment | None:
    """The segments of one account merged, later readings over earlier ones; None without any.

    A span that one of them has read was read, so a gap remains only where both have one.
    """
    whole: Segment | None = None
    for segment in sorted(segments, key=lambda one: one.read_at):
        if whole is None:
            whole = segment
            continue
        whole = replace(
            segment,
            posts=merged(whole.posts, segment.posts),
            sources=tuple(sorted({*whole.sources, *segment.sources})),
            gaps=gaps.gaps(gaps.common(whole.unread(), segment.unread())),
        )
    return whole


def merged(before: Mapping[str, Post], read: Mapping[str, Post]) -> dict[str, Post]:
    """Each post once: the later reading wins, but an edit is never undone."""
    posts = dict(before)
    for key, post in read.items():
        old = posts.get(key)
        posts[key] = old if old and old.superseded_by and not post.superseded_by else post
    return posts


def deleted(
    before: Mapping[str, Post],
    read: Mapping[str, Post],
    not_fetched: Sequence[str] = (),
    *,
    to_both_ends: bool = False,
) -> frozenset[str]:
    """Ids of stored posts that are missing in a complete reading, between its oldest and its newest post.

    With `to_both_ends` it began at the account's newest post and ended at its oldest, so all others are missing.
    Kinds of posts that were not fetched are not missing, and neither is an older version of a post in the reading.
    """
    return frozenset(
        key
        for key, post in covered_by(before, read, to_both_ends=to_both_ends).items()
        if key not in read
        and not (post.is_repost and RETWEETS in not_fetched)
        and post.superseded_by not in read
    )


def covered_by(
    before: Mapping[str, Post], read: Mapping[str, Post], *, to_both_ends: bool = False
) -> Mapping[str, Post]:
    """The stored posts in a reading's span, from its oldest to its newest post; with `to_both_ends` all of them."""
    if to_both_ends or not read:
        return before if to_both_ends else {}
    oldest = min(post.created_at for post in read.values())
    newest = max(post.created_at for post in read.values())
    return {key: post for key, post in before.items() if oldest <= post.created_at <= newest}


def _line(post: Post) -> dict[str, Any]:
    line: dict[str, Any] = {"id": post.id, "text": post.text, "created_at": post.created_at.isoformat()}
    for key in ("lang", "is_repost", "reply_to", "sensitive", "superseded_by", *LATER):
        if value := getattr(post, key):
            line[key] = value
    return line


def _post(line: dict[str, Any]) -> Post:
    return Post(**{**line, "created_at": datetime.fromisoformat(line["created_at"])})
