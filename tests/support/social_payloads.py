"""What Bluesky and Mastodon answer, shaped by their published schemas, about people who do not exist.

Bluesky: app.bsky.actor.defs#profileViewDetailed, app.bsky.feed.defs#feedViewPost, app.bsky.feed.post and
app.bsky.richtext.facet. Mastodon: the entities Account and Status of its documentation.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

START = datetime(2024, 5, 1, 12, tzinfo=UTC)
DID = "did:plc:carolcarolcarolcarolcaro"
OTHER_DID = "did:plc:bobbobbobbobbobbobbobbob"
CID = "bafyreihc7uxxh3v4h5m2uvmqzkwnyzlfqvh4k7ylqzw2zqsmcmqybydz3i"


def at(number: int) -> str:
    """The time of the post of that number: one an hour, as both networks write it."""
    return (START + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def bluesky_profile(handle: str = "carol.example.social", did: str = DID, **changes: Any) -> Json:
    return {
        "did": did,
        "handle": handle,
        "displayName": "Carol",
        "avatar": f"https://cdn.bsky.app/img/avatar/plain/{did}/{CID}@jpeg",
        "associated": {"lists": 0, "feedgens": 0, "starterPacks": 0, "labeler": False},
        "labels": [],
        "createdAt": at(-1000),
        "description": "Birds, mostly.",
        "indexedAt": at(-900),
        "followersCount": 3,
        "followsCount": 4,
        "postsCount": 5,
        **changes,
    }


def label(value: str, did: str = DID, **changes: Any) -> Json:
    uri = f"at://{did}/app.bsky.actor.profile/self"
    return {"src": did, "uri": uri, "cid": CID, "val": value, "cts": at(0), **changes}


def uri(number: int, did: str = DID, kind: str = "post") -> str:
    return f"at://{did}/app.bsky.feed.{kind}/3k{number:011d}"


def bluesky_item(
    number: int, words: str = "", *, did: str = DID, record: Json | None = None, **changes: Any
) -> Json:
    """A post as a feed shows it; `record` changes what its author wrote, `changes` the view of it."""
    written = {
        "$type": "app.bsky.feed.post",
        "createdAt": at(number),
        "langs": ["en"],
        "text": words or f"The bird number {number} sings in the morning.",
        **(record or {}),
    }
    post = {
        "uri": uri(number, did),
        "cid": CID,
        "author": {"did": did, "handle": "carol.example.social", "displayName": "Carol", "labels": []},
        "record": {key: value for key, value in written.items() if value is not ...},
        "replyCount": 0,
        "repostCount": 0,
        "likeCount": 0,
        "quoteCount": 0,
        "indexedAt": at(number),
        "labels": [],
        **changes,
    }
    return {"post": {key: value for key, value in post.items() if value is not ...}}


def bluesky_repost(number: int, item: Json, **changes: Any) -> Json:
    reason = {
        "$type": "app.bsky.feed.defs#reasonRepost",
        "by": {"did": DID, "handle": "carol.example.social"},
        "uri": uri(number, kind="repost"),
        "cid": CID,
        "indexedAt": at(number),
        **changes,
    }
    return {**item, "reason": {key: value for key, value in reason.items() if value is not ...}}


def pinned(item: Json) -> Json:
    return {**item, "reason": {"$type": "app.bsky.feed.defs#reasonPin"}}


def facet(words: str, part: str, **feature: Any) -> Json:
    """An annotation of the first `part` of `words`, counted in bytes of UTF-8."""
    start = words.encode().index(part.encode())
    return {
        "$type": "app.bsky.richtext.facet",
        "index": {"byteStart": start, "byteEnd": start + len(part.encode())},
        "features": [feature],
    }


def link_facet(words: str, part: str, target: str) -> Json:
    return facet(words, part, **{"$type": "app.bsky.richtext.facet#link", "uri": target})


def mastodon_account(user: str = "carol", number: str = "23634", **changes: Any) -> Json:
    account = {
        "id": number,
        "username": user,
        "acct": user,
        "display_name": "Carol :bird:",
        "locked": False,
        "bot": False,
        "discoverable": None,
        "indexable": True,
        "group": False,
        "created_at": "2017-02-08T00:00:00.000Z",
        "note": "<p>Birds, mostly.</p>",
        "url": f"https://example.social/@{user}",
        "uri": f"https://example.social/users/{user}",
        "avatar": f"https://files.example.social/accounts/avatars/{number}/original/a.png",
        "avatar_static": f"https://files.example.social/accounts/avatars/{number}/original/a.png",
        "header": "https://example.social/headers/original/missing.png",
        "header_static": "https://example.social/headers/original/missing.png",
        "followers_count": 3,
        "following_count": 4,
        "statuses_count": 5,
        "last_status_at": "2024-05-02",
        "hide_collections": None,
        "noindex": False,
        "roles": [],
        "emojis": [],
        "fields": [{"name": "Pronouns", "value": "she/her", "verified_at": None}],
        **changes,
    }
    return {key: value for key, value in account.items() if value is not ...}


def mastodon_id(number: int) -> str:
    """A snowflake: milliseconds since 1970, then sixteen bits of anything."""
    moment = START + timedelta(hours=number)
    return str((int(moment.timestamp() * 1000) << 16) + 7)


def mastodon_status(number: int, content: str | None = "", **changes: Any) -> Json:
    key = mastodon_id(number)
    status = {
        "id": key,
        "created_at": at(number),
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"https://example.social/users/carol/statuses/{key}",
        "url": f"https://example.social/@carol/{key}",
        "replies_count": 0,
        "reblogs_count": 0,
        "favourites_count": 0,
        "quotes_count": 0,
        "edited_at": None,
        "content": f"<p>The bird number {number} sings in the morning.</p>" if content == "" else content,
        "reblog": None,
        "quote": None,
        "application": {"name": "Web", "website": None},
        "account": mastodon_account(),
        "media_attachments": [],
        "mentions": [],
        "tags": [],
        "emojis": [],
        "card": None,
        "poll": None,
        **changes,
    }
    return {name: value for name, value in status.items() if value is not ...}


def boost(number: int, status: Json) -> Json:
    return mastodon_status(number, reblog=status, content=status["content"])
