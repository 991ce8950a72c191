"""Activities of ActivityPub, the protocol of Mastodon, as posts: of a `Create` its note, of an `Announce` a repost.

Shapes are those of the ActivityStreams vocabulary as Mastodon writes it into an archive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.io import digest
from bot.sources import handles
from bot.sources.fields import identifier, mapping, moment, text
from bot.sources.html_text import html_to_text
from bot.sources.posts import Post

_PUBLIC = frozenset(("https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public"))
_STATUS = re.compile(r"https?://([^/]+)/(?:ap/)?users/[^/]+/statuses/(\d{1,30})")
_ACTOR = re.compile(r"https?://([^/?#]+)/(?:users/|@|u/|profile/)?([^/?#]+)/?")


def author(activity: Mapping[str, Any]) -> str | None:
    """The address of the account that did it, or None."""
    return identifier(activity, "actor") or identifier(mapping(activity, "actor"), "id")


def handle(address: str, name: str = "") -> str | None:
    """The handle `user@host` of an account with that address; `name` is the one that it gives itself."""
    found = _ACTOR.fullmatch(address)
    host = address.partition("://")[2].partition("/")[0]
    return handles.if_valid(f"{name or (found[2] if found else '')}@{host}", "mastodon")


def parse(activity: Mapping[str, Any], account: str | None) -> Post | None:
    """One activity of the account as a post; None for one that is not public, or no post.

    A content warning is not part of the text: it marks the post as sensitive. Raises ValueError that says what is
    wrong.
    """
    kind = text(activity, "type")
    if kind not in ("Create", "Announce"):
        return None
    if None not in (account, by := author(activity)) and by != account:
        raise ValueError("is of another account")
    note = mapping(activity, "object")
    if not (_is_public(activity) or _is_public(note)):
        return None
    created = moment(activity, "published") or moment(note, "published")
    if created is None:
        raise ValueError("has no time in published")
    if kind == "Announce":
        return Post(_identifier(activity) or f"repost:{created.isoformat()}", "", created, is_repost=True)
    content, language = _content(note)
    return Post(
        id=_identifier(note) or _identifier(activity) or digest.short([created.isoformat(), content]),
        text=html_to_text(content),
        created_at=created,
        lang=language,
        reply_to=_reply_to(note, account),
        sensitive=note.get("sensitive") is True or bool(text(note, "summary")),
    )


def _content(note: Mapping[str, Any]) -> tuple[str, str | None]:
    """The HTML of a note, and its language where it names one. Raises ValueError without any."""
    by_language = {language: text(note["contentMap"], language) for language in mapping(note, "contentMap")}
    content = text(note, "content")
    if content is None:
        content = next((each for each in by_language.values() if each is not None), None)
    if content is None:
        raise ValueError("has no content")
    same = [language for language, each in by_language.items() if each == content]
    return content, same[0] if len(same) == 1 else None


def _is_public(value: Mapping[str, Any]) -> bool:
    """Whether it is addressed to everybody, or shown to everybody who comes by (unlisted)."""
    listed = (value.get(key) for key in ("to", "cc"))
    return any(_PUBLIC.intersection(_texts(each)) for each in listed)


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]


def _identifier(value: Mapping[str, Any]) -> str | None:
    """The id of a post: its number on a server of Mastodon, as the server's API has it, else its address."""
    address = (identifier(value, "id") or "").removesuffix("/activity")
    found = _STATUS.fullmatch(address)
    return found[2] if found else address or None


def _reply_to(note: Mapping[str, Any], account: str | None) -> str | None:
    """The id of the post that it replies to: a number on the account's own server, elsewhere an address."""
    address = identifier(note, "inReplyTo")
    found = _STATUS.fullmatch(address or "")
    own = found is not None and account is not None and account.partition("://")[2].startswith(f"{found[1]}/")
    return found[2] if found and own else address
