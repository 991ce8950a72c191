"""Archives as Mastodon writes them, built by the tests from the published serialisers: outbox, actor, picture."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from typing import Any

from x_archives import Members

HOST = "m.example"
ACTOR = f"https://{HOST}/users/ida"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
PICTURE = b"\x89PNG picture"
_CONTEXT = ["https://www.w3.org/ns/activitystreams", {"toot": "http://joinmastodon.org/ns#"}]


def note(number: int = 1, html: str = "<p>All is well here</p>", **fields: Any) -> dict[str, Any]:
    """An activity of outbox.json that creates a note; `fields` replace or add to the note."""
    address = f"{ACTOR}/statuses/{number}"
    to, cc = fields.pop("to", [PUBLIC]), fields.pop("cc", [f"{ACTOR}/followers"])
    published = fields.pop("published", "2023-01-02T10:00:00Z")
    return {
        "id": f"{address}/activity",
        "type": "Create",
        "actor": ACTOR,
        "published": published,
        "to": to,
        "cc": cc,
        "object": {
            "id": address,
            "type": "Note",
            "summary": None,
            "inReplyTo": None,
            "published": published,
            "attributedTo": ACTOR,
            "to": to,
            "cc": cc,
            "sensitive": False,
            "content": html,
            "contentMap": {"en": html},
            "attachment": [],
            "tag": [],
            **fields,
        },
    }


def boost(number: int, to: Sequence[str] = (PUBLIC,)) -> dict[str, Any]:
    """An activity of outbox.json that boosts somebody else's note."""
    return {
        "id": f"{ACTOR}/statuses/{number}/activity",
        "type": "Announce",
        "actor": ACTOR,
        "published": "2023-01-03T10:00:00Z",
        "to": list(to),
        "cc": [f"{ACTOR}/followers"],
        "object": "https://other.example/users/bob/statuses/9",
    }


def outbox(activities: Sequence[dict[str, Any]]) -> bytes:
    """The file outbox.json."""
    value = {
        "@context": _CONTEXT,
        "id": "outbox.json",
        "type": "OrderedCollection",
        "totalItems": len(activities),
        "orderedItems": list(activities),
    }
    return json.dumps(value, ensure_ascii=False).encode()


def actor(**fields: Any) -> bytes:
    """The file actor.json; `fields` replace or add."""
    value = {
        "@context": _CONTEXT,
        "id": ACTOR,
        "type": "Person",
        "preferredUsername": "ida",
        "name": "Ida :bird:",
        "summary": "<p>Birds, mostly.</p>",
        "icon": {"type": "Image", "mediaType": "image/png", "url": "avatar.png"},
        "outbox": "outbox.json",
        **fields,
    }
    return json.dumps(value, ensure_ascii=False).encode()


def mastodon(activities: Sequence[dict[str, Any]], **fields: Any) -> Members:
    """The members of an archive, pictures of posts first."""
    return {
        "media_attachments/files/1/original/a.png": b"\x89PNG" + b"0" * 100_000,
        "outbox.json": outbox(activities),
        "likes.json": b'{"@context": "https://www.w3.org/ns/activitystreams", "orderedItems": ["https://zanzibar"]}',
        "bookmarks.json": b'{"orderedItems": ["https://zanzibar"]}',
        "avatar.png": PICTURE,
        "actor.json": actor(**fields),
    }


def tar(members: Members, mode: str = "w:gz") -> bytes:
    """The members as a tar archive."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()
