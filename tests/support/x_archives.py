"""Archives as X writes them, built by the tests: a zip of JavaScript files with a manifest."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Members = dict[str, bytes]


def javascript(name: str, records: object) -> bytes:
    """The file as X writes it: an assignment, then JSON over many lines."""
    return f"window.YTD.{name}.part0 = {json.dumps(records, indent=2, ensure_ascii=False)}".encode()


def tweet(identifier: int | str = 1, text: str = "All is well here", **fields: Any) -> dict[str, Any]:
    """A record of tweets.js; `fields` replace or add, such as `entities`."""
    return {
        "tweet": {
            "edit_info": {"initial": {"editTweetIds": [str(identifier)], "editsRemaining": "5"}},
            "retweeted": False,
            "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []},
            "display_text_range": ["0", str(len(text))],
            "favorite_count": "3",
            "id_str": str(identifier),
            "id": str(identifier),
            "truncated": False,
            "retweet_count": "0",
            "created_at": "Wed Oct 10 20:19:24 +0000 2018",
            "favorited": False,
            "full_text": text,
            "lang": "en",
            **fields,
        }
    }


def long_post(text: str, created_at: str, urls: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """A record of note-tweet.js."""
    core = {"styletags": [], "urls": urls or [], "text": text, "mentions": [], "cashtags": [], "hashtags": []}
    return {
        "noteTweet": {"noteTweetId": "77", "updatedAt": created_at, "createdAt": created_at, "core": core}
    }


def link(text: str, url: str) -> dict[str, Any]:
    """An entity of a link, its indices as X counts them."""
    start = text.index(url)
    return {
        "url": url,
        "expanded_url": "https://example.com/x",
        "indices": [str(start), str(start + len(url))],
    }


def members(
    parts: Mapping[str, list[dict[str, Any]]] | list[dict[str, Any]],
    *,
    long_posts: list[dict[str, Any]] | None = None,
    handle: str = "Ada_Example",
    manifest: bool = True,
) -> Members:
    """The members of an archive; `parts` maps member names to records, or is the records of tweets.js."""
    files = {"data/tweets.js": parts} if isinstance(parts, list) else dict(parts)
    account = {
        "email": "canary@example.com",
        "createdVia": "web",
        "username": handle,
        "accountId": "4242",
        "accountDisplayName": "Ada 🦜",
    }
    about = {
        "description": {"bio": "Birds & bees", "website": "", "location": ""},
        "avatarMediaUrl": "https://pbs.twimg.com/profile_images/9/parrot.jpg",
    }
    made = {name: javascript("tweets", records) for name, records in files.items()}
    made["data/account.js"] = javascript("account", [{"account": account}])
    made["data/profile.js"] = javascript("profile", [{"profile": about}])
    made["data/profile_media/4242-parrot.jpg"] = b"\xff\xd8picture"
    made["data/profile_media/4242-header.jpg"] = b"\xff\xd8header"
    if long_posts is not None:
        made["data/note-tweet.js"] = javascript("note_tweet", long_posts)
    if manifest:
        types: dict[str, Any] = {
            "tweets": {
                "mediaDirectory": "data/tweets_media",
                "files": [
                    {"fileName": name, "globalName": "YTD.tweets.part0", "count": str(len(records))}
                    for name, records in files.items()
                ],
            },
            "account": {"files": [{"fileName": "data/account.js", "count": "1"}]},
        }
        if long_posts is not None:
            types["noteTweet"] = {
                "files": [{"fileName": "data/note-tweet.js", "count": str(len(long_posts))}]
            }
        config = {"userInfo": {"accountId": "4242", "userName": handle}, "dataTypes": types}
        made["data/manifest.js"] = f"window.__THAR_CONFIG = {json.dumps(config, indent=2)}".encode()
    return made


def pack(path: Path, contents: Mapping[str, bytes]) -> Path:
    """Writes the members into a compressed zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return path
