"""What the store writes: a compressed file of lines with a profile and its posts.

Of a repost and of an older version of an edited post only the fact is kept: their text is never trained on.
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
"""The funnel's word for reposts, which a source may leave out."""

POSTS_NAME = re.compile(r"posts-([0-9a-f]{16})\.jsonl\.gz")
"""A posts' file is named by a digest of its bytes, so that a damaged one is seen."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One reading, or several merged: the profile as of `read_at`, and posts by id.

    `gaps` were never read, `not_fetched` names kinds of posts that were left out, `sources` what was read.
    """

    profile: Profile
    read_at: datetime
    posts: dict[str, Post]
    sources: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    not_fetched: tuple[str, ...] = ()

    def unread(self) -> list[Span]:
        """What was never read of the timeline."""
        newest = max(self.posts.values(), key=age, default=None)
        return unread(self.gaps, mark(newest) if newest else None)


def pack(segment: Segment) -> bytes:
    """The file of a segment: equal segments give equal bytes."""
    profile = segment.profile
    header = {
        "version": VERSION,
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
    }
    lines = [header, *map(_line, sorted(segment.posts.values(), key=age))]
    return gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode(), 6, mtime=0)


def posts_name(data: bytes) -> str:
    """The name for a file of these bytes."""
    return f"posts-{digest.short(data)}.jsonl.gz"


def unpack_named(name: str, data: bytes) -> Segment | None:
    """Reads a file of the store; None for one whose bytes are not those it was written with.

    NewerFormat for one that only a newer bot can read.
    """
    try:
        return unpack(data, name) if posts_name(data) == name else None
    except ValueError:
        return None


def unpack(data: bytes, name: str = "a file of posts") -> Segment:
    """Reads the file of a segment. Raises ValueError for a damaged one, saying nothing of its contents."""
    try:
        header, *lines = map(json.loads, gzip.decompress(data).splitlines())
        check_version(header.get("version", VERSION), name)
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
    """The post as the store holds it, without a text that is never trained on."""
    if post.text and (post.is_repost or post.superseded_by):
        return Post(post.id, "", post.created_at, is_repost=post.is_repost, superseded_by=post.superseded_by)
    return post


def joined(segments: Iterable[Segment]) -> Segment | None:
    """Several files of one account as one, later readings over earlier ones; None without any.

    What either of them has read was read, so a gap is only where both have one.
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
    """Ids of posts that a complete reading, from its oldest to its newest post, no longer shows.

    With `to_both_ends` it began at the account's newest post and ended at its oldest, so nothing lies beyond them.

    What it never asked for is not deleted, and neither is an older version of a post that it shows.
    """
    if not read and not to_both_ends:
        return frozenset()
    times = [post.created_at for post in read.values()]
    oldest, newest = min(times, default=None), max(times, default=None)
    return frozenset(
        key
        for key, post in before.items()
        if key not in read
        and (to_both_ends or (oldest and newest and oldest <= post.created_at <= newest))
        and not (post.is_repost and RETWEETS in not_fetched)
        and post.superseded_by not in read
    )


def _line(post: Post) -> dict[str, Any]:
    line: dict[str, Any] = {"id": post.id, "text": post.text, "created_at": post.created_at.isoformat()}
    for key in ("lang", "is_repost", "reply_to", "sensitive", "superseded_by"):
        if value := getattr(post, key):
            line[key] = value
    return line


def _post(line: dict[str, Any]) -> Post:
    return Post(**{**line, "created_at": datetime.fromisoformat(line["created_at"])})
