"""One reading of a timeline of X: what each page is asked for, and what the pages say of edited posts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.errors import SourceError
from bot.sources import fields
from bot.sources.paging import Page
from bot.sources.posts import Post
from bot.sources.x import answers
from bot.sources.x.posts import Record, record

MOST_POSTS = 3_200
"""Posts that X shows of a timeline, at most."""

PAGE = 100
"""Posts that one request may ask for, at most."""

_LONGEST_CURSOR = 1_000


class Pages:
    """The pages of one reading. `page` sends for one: parameters, and how many posts at most, to a payload."""

    def __init__(
        self,
        page: Callable[[Mapping[str, str], int], dict[str, Any]],
        warnings: list[str],
        since: int | None,
        until: int | None,
    ) -> None:
        self._page = page
        self._warnings = warnings
        self._since = since
        self._marks = {"since_id": str(since)} if since else {}
        if until:
            self._marks["until_id"] = str(until)
        self._left = MOST_POSTS
        self._newer: dict[str, str] = {}
        self._seen: set[str] = set()

    def fetch(self, cursor: str | None) -> Page:
        """The page at a cursor. Raises SourceError when an answer makes no sense, else what `page` raises."""
        turned = {"pagination_token": cursor} if cursor else {}
        payload = self._page({**self._marks, **turned}, min(PAGE, self._left))
        sent = records(payload)
        read, reason = _understood(sent)
        if sent and not read:
            raise SourceError(
                f"none of the {len(sent)} posts on a page of X can be read: each {reason}; "
                "look for a newer version of the bot"
            )
        self._left -= len(sent)
        following = fields.mapping(payload, "meta").get("next_token")
        if following is not None and not (
            isinstance(following, str) and 0 < len(following) <= _LONGEST_CURSOR
        ):
            raise SourceError("a page of X names no next page that can be asked for; run again later")
        ids = {one.post.id for one in read}
        if ids and ids <= self._seen:  # further pages would be paid for, too
            self._warnings.append(
                f"X's pages repeat themselves: reading ended after {len(ids | self._seen):,} posts"
            )
            following = None
        self._seen |= ids
        return Page(
            self._with_edits(read),
            following if self._left > 0 else None,
            damaged=len(sent) - len(read),
            private=len(answers.serious(payload)),
            known=bool(ids) and all(int(one) <= (self._since or 0) for one in ids),
        )

    def _with_edits(self, read: list[Record]) -> tuple[Post, ...]:
        """The posts of a page; those that were edited since name the newest version.

        X shows only that one. An older version that an earlier reading stored is told of without its text.
        """
        for one in read:
            newest = max((*one.versions, one.post.id), key=int)
            self._newer.update({version: newest for version in one.versions if version != newest})
        posts = [
            replace(one.post, superseded_by=newer) if (newer := self._newer.get(one.post.id)) else one.post
            for one in read
        ]
        shown = {post.id for post in posts}
        for one in read:
            posts += [
                Post(version, "", one.post.created_at, superseded_by=self._newer[version])
                for version in one.versions
                if version in self._newer and version not in shown and int(version) <= (self._since or 0)
            ]
        return tuple(posts)


def records(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a page holds, each an object, if a damaged one. Raises SourceError when it holds no posts at all."""
    data = payload.get("data")
    if data is not None and not isinstance(data, list):
        raise SourceError("X answered with something else than posts; look for a newer version of the bot")
    return [one if isinstance(one, dict) else {} for one in data or []]


def _understood(sent: list[dict[str, Any]]) -> tuple[list[Record], str]:
    """What can be read, and why the last one of the others cannot."""
    read, reason = [], ""
    for one in sent:
        try:
            read.append(record(one))
        except ValueError as error:
            reason = str(error)
    return read, reason
