"""What Bluesky's API and an account's repository have in common: the record of a post, labels, and consent.

Shapes are those of the lexicons app.bsky.feed.post, app.bsky.richtext.facet and com.atproto.label.defs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from bot.errors import Blocked
from bot.sources import scripts
from bot.sources.fields import identifier, mapping, mappings, moment, text
from bot.sources.links import shows_address
from bot.sources.opt_out import opt_out_tag
from bot.sources.posts import Post

_SENSITIVE = frozenset(("sexual", "nudity", "porn", "graphic-media", "gore", "!warn", "!hide"))
_HIDDEN = frozenset(("!hide", "!takedown", "!suspend"))
_AUTHOR = re.compile(r"at://(did:[a-z]+:[\w.:%-]{1,200})/")
_MOST_LANGUAGES = 10  # of one post; the app allows three
_MOST_FACETS = 500  # of one post; real ones have fewer


def post_of(
    uri: str, record: Mapping[str, Any], created: datetime, labels: Iterable[Mapping[str, Any]] = ()
) -> Post | None:
    """The record of a post; None for one without a text. `labels` are those that others gave it."""
    raw = text(record, "text")
    if raw is None:
        return None
    written = _cut(raw, mappings(record, "facets"))
    listed = record.get("langs")
    languages = (
        [code for code in listed[:_MOST_LANGUAGES] if isinstance(code, str)]
        if isinstance(listed, list)
        else []
    )
    parent = identifier(mapping(mapping(record, "reply"), "parent"), "uri")
    labels = [*labels, *mappings(mapping(record, "labels"), "values")]
    return Post(
        id=uri,
        text=written,
        created_at=created,
        lang=scripts.first_possible(written, languages),
        reply_to=parent,
        reply_to_author=_author(parent),
        sensitive=any(text(label, "val") in _SENSITIVE and not label.get("neg") for label in labels),
    )


def check_consent(handle: str, labels: Iterable[str], bio: str) -> None:
    """Raises Blocked for an account that is hidden or asks not to be used."""
    if "!no-unauthenticated" in labels:
        raise Blocked(
            f"{handle} asks apps to show it to nobody who is not signed in (the label !no-unauthenticated), so it "
            "is not used; its owner can change that in Bluesky's settings, under logged-out visibility"
        )
    if hidden := sorted(_HIDDEN.intersection(labels)):
        raise Blocked(f"{handle} is hidden by the network's moderators (the label {hidden[0]})")
    if tag := opt_out_tag([bio]):
        raise Blocked(f"{handle} asks in its bio not to be used ({tag}), so it is not")


def labels_of(labels: list[dict[str, Any]], now: datetime) -> tuple[str, ...]:
    """The values of labels that are neither withdrawn nor expired."""
    held = [
        value
        for label in labels
        if (value := identifier(label, "val"))
        and not label.get("neg")
        and not ((expires := moment(label, "exp")) and expires <= now)
    ]
    return tuple(dict.fromkeys(held))


def _author(uri: str | None) -> str | None:
    """The account in a post's address, `at://did:plc:…/app.bsky.feed.post/…`."""
    found = _AUTHOR.match(uri or "")
    return found[1] if found else None


def _cut(raw: str, facets: list[dict[str, Any]]) -> str:
    """The text without links. Facets count bytes of UTF-8 and often cover a shortened address.

    A link on words other than an address stays: `my page` is part of the sentence.
    """
    data = raw.encode()
    links = []
    for facet in facets[:_MOST_FACETS]:
        uri = next((u for f in mappings(facet, "features") if (u := text(f, "uri")) and _is_link(f)), None)
        start, end = (mapping(facet, "index").get(key) for key in ("byteStart", "byteEnd"))
        if uri and isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(data):
            links.append((start, end, uri))
    kept, last = b"", 0
    for start, end, uri in sorted(links, key=lambda link: (link[0], -link[1])):
        if start >= last and shows_address(data[start:end].decode(errors="replace"), uri):
            kept, last = kept + data[last:start], end
    return (kept + data[last:]).decode(errors="ignore").strip()


def _is_link(feature: dict[str, Any]) -> bool:
    return (text(feature, "$type") or "").endswith("#link")
