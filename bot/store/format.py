"""What the store writes: a compressed file of lines with a profile and its posts, and the facts beside it.

Of a repost and of an older version of an edited post only the fact is kept: their text is never trained on.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from bot.posts import Network, Post, Profile
from bot.sources import Mark

RECENT = 500
"""Of so many posts the facts hold the time, so that new ones are counted without opening the posts."""


POSTS_NAME = re.compile(r"posts-([0-9a-f]{16})\.jsonl\.gz")
"""A posts' file is named by a digest of its bytes, so that a damaged one is seen."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One reading, or several merged: the profile as of `read_at`, and posts by id."""

    profile: Profile
    read_at: datetime
    posts: dict[str, Post]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a plan needs to know of a stored account. `newest` is the mark for the next reading.

    `own` of the `total` posts are neither reposts nor superseded; `recent` holds the newest of these as
    seconds since 1970; `files` names the posts' files that these facts were taken from.
    """

    handle: str
    network: Network
    id: str | None
    name: str
    total: int
    own: int
    newest: Mark | None
    oldest: datetime | None
    read_at: datetime
    sources: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    recent: tuple[int, ...] = ()

    def newer_than(self, moment: datetime) -> int:
        """How many own posts are newer, to the second. More than `RECENT` are not told apart."""
        return sum(second > int(moment.timestamp()) for second in self.recent)


def pack(segment: Segment) -> bytes:
    """The file of a segment: equal segments give equal bytes."""
    profile = segment.profile
    header = {
        "version": 1,
        "read_at": segment.read_at.isoformat(),
        "handle": profile.handle,
        "name": profile.name,
        "network": profile.network,
        "id": profile.id,
        "bio": profile.bio,
        "avatar": base64.b64encode(profile.avatar).decode() if profile.avatar is not None else None,
    }
    lines = [header, *map(_line, sorted(segment.posts.values(), key=_age))]
    return gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode(), 6, mtime=0)


def posts_name(data: bytes) -> str:
    """The name for a file of these bytes."""
    return f"posts-{hashlib.sha256(data).hexdigest()[:16]}.jsonl.gz"


def unpack_named(name: str, data: bytes) -> Segment | None:
    """Reads a file of the store; None for one whose bytes are not those it was written with."""
    try:
        return unpack(data) if posts_name(data) == name else None
    except ValueError:
        return None


def unpack(data: bytes) -> Segment:
    """Reads the file of a segment. Raises ValueError for a damaged one, saying nothing of its contents."""
    try:
        header, *lines = map(json.loads, gzip.decompress(data).splitlines())
        profile = Profile(
            handle=header["handle"],
            name=header["name"],
            network=header["network"],
            id=header["id"],
            bio=header["bio"],
            avatar=base64.b64decode(header["avatar"]) if header["avatar"] is not None else None,
        )
        posts = {line["id"]: _post(line) for line in lines}
        return Segment(profile, datetime.fromisoformat(header["read_at"]), posts)
    except (ValueError, KeyError, TypeError, EOFError, OSError, zlib.error):
        raise ValueError("damaged") from None


def kept(post: Post) -> Post:
    """The post as the store holds it, without a text that is never trained on."""
    if post.text and (post.is_repost or post.superseded_by):
        return Post(post.id, "", post.created_at, is_repost=post.is_repost, superseded_by=post.superseded_by)
    return post


def joined(segments: Iterable[Segment]) -> Segment | None:
    """Several files of one account as one, later readings over earlier ones; None without any."""
    whole: Segment | None = None
    for segment in sorted(segments, key=lambda one: one.read_at):
        posts = merged(whole.posts if whole else {}, segment.posts)
        whole = Segment(segment.profile, segment.read_at, posts)
    return whole


def merged(before: Mapping[str, Post], read: Mapping[str, Post]) -> dict[str, Post]:
    """Each post once: the later reading wins, but an edit is never undone."""
    posts = dict(before)
    for key, post in read.items():
        old = posts.get(key)
        posts[key] = old if old and old.superseded_by and not post.superseded_by else post
    return posts


def deleted(before: Mapping[str, Post], read: Mapping[str, Post]) -> frozenset[str]:
    """Ids of posts that a complete reading, from its oldest to its newest post, no longer shows."""
    if not read:
        return frozenset()
    oldest = min(post.created_at for post in read.values())
    newest = max(post.created_at for post in read.values())
    return frozenset(
        key for key, post in before.items() if key not in read and oldest <= post.created_at <= newest
    )


def facts(
    segment: Segment, *, handle: str, read_at: datetime, sources: Iterable[str], files: Iterable[str]
) -> Facts:
    """The facts of a segment that holds all there is of an account."""
    posts = sorted(segment.posts.values(), key=_age)
    own = [post for post in posts if not post.is_repost and not post.superseded_by]
    return Facts(
        handle=handle,
        network=segment.profile.network,
        id=segment.profile.id,
        name=segment.profile.name,
        total=len(posts),
        own=len(own),
        newest=Mark(posts[-1].id, posts[-1].created_at) if posts else None,
        oldest=posts[0].created_at if posts else None,
        read_at=read_at,
        sources=tuple(sorted(set(sources))),
        files=tuple(files),
        recent=tuple(int(post.created_at.timestamp()) for post in reversed(own[-RECENT:])),
    )


def facts_to_json(facts: Facts) -> bytes:
    """The small file beside the posts."""
    newest = facts.newest
    value = {
        "version": 1,
        "handle": facts.handle,
        "network": facts.network,
        "id": facts.id,
        "name": facts.name,
        "total": facts.total,
        "own": facts.own,
        "newest": [newest.id, newest.created_at.isoformat()] if newest else None,
        "oldest": facts.oldest.isoformat() if facts.oldest else None,
        "read_at": facts.read_at.isoformat(),
        "sources": facts.sources,
        "files": facts.files,
        "recent": facts.recent,
    }
    return json.dumps(value, separators=(",", ":")).encode()


def facts_from_json(data: bytes | None) -> Facts | None:
    """Reads the small file; None where it is missing or damaged, since it can be made anew."""
    try:
        value = json.loads(data or b"")
        newest = value["newest"]
        return Facts(
            handle=value["handle"],
            network=cast("Network", value["network"]),
            id=value["id"],
            name=value["name"],
            total=value["total"],
            own=value["own"],
            newest=Mark(newest[0], datetime.fromisoformat(newest[1])) if newest else None,
            oldest=datetime.fromisoformat(value["oldest"]) if value["oldest"] else None,
            read_at=datetime.fromisoformat(value["read_at"]),
            sources=tuple(value["sources"]),
            files=tuple(value["files"]),
            recent=tuple(value["recent"]),
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _age(post: Post) -> tuple[datetime, int, str]:
    return post.created_at, len(post.id), post.id


def _line(post: Post) -> dict[str, Any]:
    line: dict[str, Any] = {"id": post.id, "text": post.text, "created_at": post.created_at.isoformat()}
    for key in ("lang", "is_repost", "reply_to", "sensitive", "superseded_by"):
        if value := getattr(post, key):
            line[key] = value
    return line


def _post(line: dict[str, Any]) -> Post:
    return Post(**{**line, "created_at": datetime.fromisoformat(line["created_at"])})
