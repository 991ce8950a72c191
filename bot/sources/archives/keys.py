"""The keys of a post that somebody wrote as a JSON object: `id`, `text`, `created_at` and the optional ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.sources.posts import LONGEST_APP, Post
from bot.sources.retweets import own_words

LONGEST_TEXT = 100_000
"""Maximum of characters in one post."""


def post_of(record: Mapping[str, Any], latest: datetime) -> Post:
    """Parses the object of one post. Raises ValueError that says what is wrong, without the text."""
    identifier = record.get("id")
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        identifier = str(identifier)
    if not isinstance(identifier, str) or not identifier.strip():
        raise ValueError("id is missing or no text")
    text = record.get("text")
    if not isinstance(text, str):
        raise ValueError("text is missing or no text")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"text has more than {LONGEST_TEXT:,} characters, and is no post")
    words = own_words(text) if record.get("is_repost") is None else text
    return Post(
        id=identifier.strip(),
        text=words or "",
        created_at=_moment(record.get("created_at"), latest),
        lang=_optional(record, "lang"),
        is_repost=_flag(record, "is_repost") or words is None,
        reply_to=_optional(record, "reply_to"),
        sensitive=_flag(record, "sensitive"),
        reply_to_author=_optional(record, "reply_to_author"),
        app=(_optional(record, "app") or "")[:LONGEST_APP] or None,
    )


def _moment(value: object, latest: datetime) -> datetime:
    """The time of ISO 8601 (UTC without an offset) or seconds since 1970. ValueError if later than `latest`."""
    moment: datetime | None = None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            given = datetime.fromisoformat(value.strip())
            moment = given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    if moment is None:
        raise ValueError("created_at is no date in ISO 8601 and no number of seconds since 1970")
    if moment > latest:
        raise ValueError("created_at lies in the future, and later posts would never count as new")
    return moment


def _optional(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{key} is no text")


def _flag(record: Mapping[str, Any], key: str) -> bool:
    value = record.get(key, False)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise ValueError(f"{key} is neither true nor false")
