"""Files of X that are not the zip of today, built by the tests from the forms that are published of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from x_archives import Members

COLUMNS = (
    "tweet_id",
    "in_reply_to_status_id",
    "in_reply_to_user_id",
    "timestamp",
    "source",
    "text",
    "retweeted_status_id",
    "retweeted_status_user_id",
    "retweeted_status_timestamp",
    "expanded_urls",
)


def classic_tweet(identifier: int, text: str, day: str = "2014-05-01", **fields: Any) -> dict[str, Any]:
    """A record of `data/js/tweets/YYYY_MM.js`; `fields` replace or add."""
    return {
        "source": "web",
        "entities": {"user_mentions": [], "media": [], "hashtags": [], "urls": []},
        "geo": {},
        "id_str": str(identifier),
        "text": text,
        "id": identifier,
        "created_at": f"{day} 10:11:12 +0000",
        "user": {"name": "Ada 🦜", "screen_name": "Ada_Example", "id_str": "4242", "id": 4242},
        **fields,
    }


def classic(
    months: Mapping[str, Sequence[dict[str, Any]]], *, owner: bool = True, index: bool = True
) -> Members:
    """The members of an archive of 2012 to 2018; `months` maps `2014_05` to records."""
    made: Members = {"index.html": b"<!doctype html><title>Archive</title>", "README.txt": b"..."}
    for month, records in months.items():
        made[f"data/js/tweets/{month}.js"] = (
            f"Grailbird.data.tweets_{month} = \n{json.dumps(records)}".encode()
        )
    if index:
        listed = [
            {
                "file_name": f"data/js/tweets/{month}.js",
                "year": int(month[:4]),
                "var_name": f"tweets_{month}",
                "tweet_count": len(records),
                "month": int(month[5:]),
            }
            for month, records in months.items()
        ]
        made["data/js/tweet_index.js"] = b"var tweet_index =  " + json.dumps(listed).encode()
    if owner:
        details = {"screen_name": "Ada_Example", "full_name": "Ada 🦜", "id": "4242", "bio": "Birds"}
        made["data/js/user_details.js"] = b"var user_details =  " + json.dumps(details).encode()
    made["tweets.csv"] = table([record for records in months.values() for record in records])
    return made


def table(records: Sequence[Mapping[str, Any]]) -> bytes:
    """The `tweets.csv` of records such as `classic_tweet` makes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, quoting=csv.QUOTE_ALL, restval="")
    writer.writeheader()
    for record in records:
        writer.writerow(
            {
                "tweet_id": record["id_str"],
                "in_reply_to_status_id": record.get("in_reply_to_status_id_str", ""),
                "timestamp": record["created_at"],
                "source": record["source"],
                "text": record["text"],
                "retweeted_status_id": "77" if "retweeted_status" in record else "",
                "expanded_urls": "https://example.com/x" if "t.co/" in record["text"] else "",
            }
        )
    return text.getvalue().encode()


def community_archive(
    tweets: Sequence[Mapping[str, Any]],
    *,
    handle: str = "Ada_Example",
    account: str = "4242",
    accounts: int = 1,
    **lists: Any,
) -> bytes:
    """The JSON of the Community Archive; `lists` are further keys, `_` for `-`."""
    owner = {"username": handle, "accountId": account, "accountDisplayName": "Ada 🦜", "createdVia": "web"}
    value = {
        "upload-options": {"keepPrivate": False, "uploadLikes": True},
        "like": [{"like": {"tweetId": "5", "fullText": "canary of somebody else"}}],
        "note-tweet": [],
        "tweets": list(tweets),
        "account": [{"account": {**owner, "accountId": str(int(account) + n)}} for n in range(accounts)],
        "follower": [{"follower": {"accountId": "9"}}],
        **{key.replace("_", "-"): value for key, value in lists.items()},
    }
    return json.dumps(value, ensure_ascii=False).encode()


def unpack(folder: Path, contents: Members) -> Path:
    """Writes the members into a folder, as somebody who unpacked the archive has them."""
    for name, data in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
