"""Pages of one timeline of X: the query of each page, its posts, and the newest versions of edited posts."""

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
"""Maximum of posts that X shows of a timeline."""

PAGE = 100
"""Maximum of posts that one request may ask for."""

_LONGEST_CURSOR = 1_000


class Pages:
    """The pages of one reading. `page` fetches a payload: query parameters and a maximum of posts in."""

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
        self._bounds = {"since_id": str(since)} if since else {}
        if until:
            self._bounds["until_id"] = str(until)
        self._left = MOST_POSTS
        self._newer: dict[str, str] = {}
        self._seen: set[str] = set()

    def fetch(self, cursor: str | None) -> Page:
        """The page at a cursor. Raises SourceError when an answer makes no sense, else what `page` raises."""
        turned = {"pagination_token": cursor} if cursor else {}
        payload = self._page({**self._bounds, **turned}, min(PAGE, self._left))
        sent = records(payload)
        read, reason = _parsed(sent)
        if sent and not read:
            raise SourceError(
                f"none of the {len(sent)} posts on a page of X can be read: each {reason}; "
                "look for a newer version of the bot"
            )
        self._left -= len(sent)
        next_cursor = fields.mapping(payload, "meta").get("next_token")
        if next_cursor is not None and not (
            isinstance(next_cursor, str) and 0 < len(next_cursor) <= _LONGEST_CURSOR
        ):
            raise SourceError("a page of X names no next page that can be asked for; run again later")
        ids = {one.post.id for one in read}
        if ids and ids <= self._seen:  # further pages would be paid for, too
            self._warnings.append(
                f"X's pages repeat themselves: reading ended after {len(ids | self._seen):,} posts"
            )
            next_cursor = None
        self._seen |= ids
        return Page(
            self._with_edits(read),
            next_cursor if self._left > 0 else None,
            damaged=len(sent) - len(read),
            private=len(answers.serious(payload)),
            reached_known=bool(ids) and all(int(one) <= (self._since or 0) for one in ids),
        )

    def _with_edits(self, read: list[Record]) -> tuple[Post, ...]:
        """The posts of a page; older versions of an edited post name the newest one.

        X shows the newest only. An older version that an earlier reading stored is returned without its text.
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
    """The records of a page; a damaged one is an empty object. Raises SourceError when there is no list of posts."""
    data = payload.get("data")
    if data is not None and not isinstance(data, list):
        raise SourceError("X answered with something else than posts; look for a newer version of the bot")
    return [one if isinstance(one, dict) else {} for one in data or []]


def _parsed(sent: list[dict[str, Any]]) -> tuple[list[Record], str]:
    """The posts that can be parsed, and why the last of the others cannot."""
    read, reason = [], ""
    for one in sent:
        try:
            read.append(record(one))
        except ValueError as error:
            reason = str(error)
    return read, reason
