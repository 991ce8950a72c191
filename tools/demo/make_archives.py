"""Makes the demo's archives: public-domain texts as zips in the format that X gives its users.

    python tools/demo/make_archives.py --devil devil.dict.dz --jargon jargon.dict.dz --kjv kjv.txt --out archives

The texts are in Debian's `dict-devil` and `dict-jargon` (usr/share/dictd) and in `bible-kjv` with
`bible-kjv-text` (what `bible -f gen1:1-rev22:21` prints). The same texts give the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
import random
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from avatars import avatar
from personas import (
    ACCOUNTS,
    DEVIL,
    JARGON,
    KING_JAMES,
    RICHARD,
    Account,
    Draft,
    add_retweets,
    devil_drafts,
    jargon_drafts,
    king_james_drafts,
    richard_drafts,
)
from texts import bierce, jargon, verses
from x_records import FIRST_POST, Posts, Record, iso, post_id, records, short_link, tweet

CANARY = "CANARY-7f3a: whoever prints this has opened a private file"
"""Stands in every private file of the archives: nothing the bot writes may ever hold it."""

GENERATED = datetime(2026, 10, 4, 12, 0, tzinfo=UTC)


def archive(account: Account, posts: Posts, parts: int, seed: int) -> dict[str, bytes]:
    """Return the members of an account's zip by name; tweets lie unsorted over so many parts."""
    tweets = random.Random(seed).sample(posts.tweets, len(posts.tweets))
    size = -(-len(tweets) // parts)
    picture = f"{account.number}-{account.emblem}.png"
    contents: dict[str, tuple[str, str, list[Record]]] = {
        "account": ("account.js", "account", [_account(account)]),
        "deletedTweets": ("deleted-tweets.js", "deleted_tweets", [_deleted(account)]),
        "directMessages": ("direct-messages.js", "direct_messages", [_message(account)]),
        "ipAudit": ("ip-audit.js", "ip_audit", [{"ipAudit": {"loginIp": "192.0.2.44", "note": CANARY}}]),
        "like": ("like.js", "like", []),
        "noteTweet": ("note-tweet.js", "note_tweet", posts.notes),
        "phoneNumber": ("phone-number.js", "phone_number", [{"device": {"phoneNumber": CANARY}}]),
        "profile": ("profile.js", "profile", [_profile(account)]),
    }
    members: dict[str, bytes] = {}
    types: dict[str, Record] = {}
    for kind, (file, name, items) in contents.items():
        members[f"data/{file}"] = _script(f"YTD.{name}.part0", items)
        types[kind] = {"files": [_listed(file, f"YTD.{name}.part0", len(items))]}
    types["tweets"] = {"mediaDirectory": "data/tweets_media", "files": []}
    types["profile"]["mediaDirectory"] = "data/profile_media"
    for part in range(parts):
        some = tweets[part * size : (part + 1) * size]
        file = f"tweets-part{part}.js" if part else "tweets.js"
        members[f"data/{file}"] = _script(f"YTD.tweets.part{part}", some)
        types["tweets"]["files"].append(_listed(file, f"YTD.tweets.part{part}", len(some)))
    members[f"data/profile_media/{picture}"] = avatar(account.emblem)
    members["Your archive.html"] = _page(account).encode()
    manifest = {
        "userInfo": {"accountId": account.number, "userName": account.handle, "displayName": account.name},
        "archiveInfo": {
            "sizeBytes": str(sum(map(len, members.values()))),
            "generationDate": iso(GENERATED),
            "isPartialArchive": False,
            "maxPartSizeBytes": "53687091200",
        },
        "dataTypes": dict(sorted(types.items())),
    }
    members["data/manifest.js"] = _script("__THAR_CONFIG", manifest)
    return members


def write_zip(path: Path, members: dict[str, bytes]) -> None:
    """Write the members in order of name, with one fixed date, so that equal input gives equal bytes."""
    with zipfile.ZipFile(path, "w") as out:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, GENERATED.timetuple()[:6])
            info.external_attr = 0o644 << 16
            info.create_system = 3
            stored = name.endswith(".png")
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            out.writestr(info, members[name], compresslevel=9)


def drafts_of(devil: str, jargon_file: str, bible: str) -> dict[str, list[Draft]]:
    """Return the four accounts' drafts by handle, the large three reposting one another."""
    return add_retweets(
        {
            DEVIL.handle: devil_drafts(bierce(devil)),
            JARGON.handle: jargon_drafts(jargon(jargon_file)),
            KING_JAMES.handle: king_james_drafts(verses(bible)),
            RICHARD.handle: richard_drafts(),
        }
    )


def _script(variable: str, value: list[Record] | Record) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=2, separators=(",", " : "))
    return f"window.{variable} = {text}".encode()


def _listed(file: str, variable: str, count: int) -> Record:
    return {"fileName": f"data/{file}", "globalName": variable, "count": str(count)}


def _account(account: Account) -> Record:
    return {
        "account": {
            "email": f"{account.handle}@example.org",
            "createdVia": "web",
            "username": account.handle,
            "accountId": account.number,
            "createdAt": account.created_at,
            "accountDisplayName": account.name,
        }
    }


def _profile(account: Account) -> Record:
    picture = f"https://pbs.twimg.com/profile_images/{post_id(FIRST_POST)}/{account.emblem}.png"
    about = {"bio": account.bio, "website": short_link(account.website), "location": account.location}
    return {"profile": {"description": about, "avatarMediaUrl": picture}}


def _deleted(account: Account) -> Record:
    at = FIRST_POST + timedelta(days=400)
    own = post_id(at, sequence=1)
    record = tweet(Draft(CANARY), CANARY, at, [own], own, random.Random(0))
    record["tweet"]["deleted_at"] = at.strftime("%a %b %d %H:%M:%S +0000 %Y")
    return record


def _message(account: Account) -> Record:
    message = {
        "senderId": account.number,
        "recipientId": "1100000000000000001",
        "text": CANARY,
        "id": post_id(FIRST_POST, sequence=2),
        "createdAt": iso(FIRST_POST),
        "reactions": [],
        "urls": [],
        "mediaUrls": [],
        "editHistory": [],
    }
    conversation = f"1100000000000000001-{account.number}"
    return {"dmConversation": {"conversationId": conversation, "messages": [{"messageCreate": message}]}}


def _page(account: Account) -> str:
    name = html.escape(account.name)
    return (
        f"<!doctype html><meta charset=utf-8><title>{name}</title><p>The archive of @{account.handle}.</p>\n"
    )


def main() -> None:
    """Read the source texts and write one zip an account."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--devil", type=Path, required=True)
    options.add_argument("--jargon", type=Path, required=True)
    options.add_argument("--kjv", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    chosen = options.parse_args()
    drafts = drafts_of(
        gzip.decompress(chosen.devil.read_bytes()).decode("latin-1"),
        gzip.decompress(chosen.jargon.read_bytes()).decode("utf-8"),
        chosen.kjv.read_text(encoding="utf-8"),
    )
    chosen.out.mkdir(parents=True, exist_ok=True)
    for seed, account in enumerate(ACCOUNTS):
        posts = records(drafts[account.handle], seed)
        path = chosen.out / f"{account.handle}.zip"
        write_zip(path, archive(account, posts, parts=2 if account is KING_JAMES else 1, seed=seed))
        print(
            f"{path.name}: {len(posts.tweets)} tweets, {len(posts.notes)} long, {path.stat().st_size} bytes"
        )


if __name__ == "__main__":
    main()
