"""Posts as X's archive writes them: ids, escapes, entities, edits and long posts, oddities included.

Learnt from public parsers of such archives; what each field must look like is tested, not promised here.
"""

from __future__ import annotations

import hashlib
import html
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from personas import ACCOUNTS, POST_LENGTH, Draft

FIRST_POST = datetime(2024, 1, 2, 7, 30, tzinfo=UTC)
LAST_POST = datetime(2026, 9, 30, 21, 0, tzinfo=UTC)

_SNOWFLAKE_EPOCH_MS = 1_288_834_974_657  # X counts its ids from November 2010
_APPS = (
    '<a href="https://mobile.twitter.com" rel="nofollow">Twitter Web App</a>',
    '<a href="http://twitter.com/download/iphone" rel="nofollow">Twitter for iPhone</a>',
)
_NUMBERS = {account.handle: account.number for account in ACCOUNTS}
_NAMES = {account.handle: account.name for account in ACCOUNTS}

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Posts:
    """The records of an archive: tweets in the order written, and the long posts' whole texts."""

    tweets: list[Record]
    notes: list[Record]


def post_id(at: datetime, sequence: int = 0) -> str:
    """Return the id X would give a post of that instant: milliseconds, then a sequence number."""
    return str((int(at.timestamp() * 1000) - _SNOWFLAKE_EPOCH_MS) << 22 | sequence)


def short_link(url: str) -> str:
    """Return the t.co link that stands for a URL in a post's text; 23 characters, as X makes them."""
    digest = hashlib.sha256(url.encode()).hexdigest()
    return f"https://t.co/{digest[:10]}"


def written(text: str, photo: str | None = None) -> tuple[str, Record]:
    """Return a text as X stores it and its entities: t.co links, `&amp; &lt; &gt;`, indices as strings.

    Indices count the characters of the stored text, escapes included. `photo` is the id of one attached.
    """
    urls, media = [], []
    stored = ""
    for part in re.split(r"(https?://\S+)", text):
        if not part.startswith("http"):
            stored += html.escape(part, quote=False)
            continue
        indices = [str(len(stored)), str(len(stored) + 23)]
        shown = re.sub(r"https?://(www\.)?", "", part)
        shown = shown if len(shown) <= 27 else shown[:26] + "…"
        urls.append({"url": short_link(part), "expanded_url": part, "display_url": shown, "indices": indices})
        stored += short_link(part)
    if photo is not None:
        link = short_link(photo)
        media.append(
            {
                "expanded_url": f"https://twitter.com/i/status/{photo}/photo/1",
                "indices": [str(len(stored) + 1), str(len(stored) + 24)],
                "url": link,
                "media_url": f"http://pbs.twimg.com/media/{link[-10:]}.png",
                "media_url_https": f"https://pbs.twimg.com/media/{link[-10:]}.png",
                "id_str": photo,
                "id": photo,
                "type": "photo",
                "sizes": {"small": {"w": "400", "h": "400", "resize": "fit"}},
                "display_url": f"pic.twitter.com/{link[-10:]}",
            }
        )
        stored += f" {link}"
    mentions = [
        {
            "name": _NAMES.get(match[1], match[1]),
            "screen_name": match[1],
            "indices": [str(match.start()), str(match.end())],
            "id_str": _NUMBERS.get(match[1], "-1"),
            "id": _NUMBERS.get(match[1], "-1"),
        }
        for match in re.finditer(r"(?<![\w@/])@(\w{1,15})\b(?![.@-])", stored)
    ]
    hashtags = [
        {"text": match[1], "indices": [str(match.start()), str(match.end())]}
        for match in re.finditer(r"(?<![\w&/])#([A-Za-z]\w+)", stored)
    ]
    entities: Record = {"hashtags": hashtags, "symbols": [], "user_mentions": mentions, "urls": urls}
    if media:
        entities["media"] = media
    return stored, entities


def edit_info(ids: Sequence[str], own: str, first_at: datetime) -> Record:
    """Return what X says of a post's versions: `initial` on the first, `edit` on each later one."""
    control = {
        "editTweetIds": list(ids),
        "editableUntil": iso(first_at + timedelta(hours=1)),
        "editsRemaining": str(6 - len(ids)),
        "isEditEligible": True,
    }
    if own == ids[0]:
        return {"initial": control}
    return {"edit": {"initialTweetId": ids[0], "editControlInitial": control}}


def tweet(
    draft: Draft, text: str, at: datetime, ids: Sequence[str], own: str, chance: random.Random
) -> Record:
    """Return one record of tweets.js. Every number and index is a string and `retweeted` never true."""
    if draft.retweet_of is not None:
        text = f"RT @{draft.retweet_of}: {text}"
    stored, entities = written(text, photo=own if draft.photo else None)
    record: Record = {
        "edit_info": edit_info(ids, own, at),
        "retweeted": False,
        "source": chance.choice(_APPS),
        "entities": entities,
        "display_text_range": ["0", str(len(stored))],
        "favorite_count": str(0 if draft.retweet_of else chance.randrange(40)),
        "id_str": own,
        "truncated": False,
        "retweet_count": str(chance.randrange(9)),
        "id": own,
        "created_at": at.strftime("%a %b %d %H:%M:%S +0000 %Y"),
        "favorited": False,
        "full_text": stored,
        "lang": draft.lang,
    }
    if entities["urls"] or draft.photo:
        record["possibly_sensitive"] = False
    if draft.photo:
        record["extended_entities"] = {"media": entities["media"]}
    if draft.reply_to is not None:
        replied = post_id(at - timedelta(hours=2))
        record |= {
            "in_reply_to_status_id_str": replied,
            "in_reply_to_status_id": replied,
            "in_reply_to_user_id": _NUMBERS[draft.reply_to],
            "in_reply_to_user_id_str": _NUMBERS[draft.reply_to],
            "in_reply_to_screen_name": draft.reply_to,
        }
    return {"tweet": record}


def note(text: str, at: datetime) -> Record:
    """Return one record of note-tweet.js: the whole text, and no id of the post it belongs to."""
    return {
        "noteTweet": {
            "noteTweetId": post_id(at, sequence=7),
            "updatedAt": iso(at),
            "lifecycle": {"value": "1", "name": "TweetNoteTweet", "originalName": "TWEET_NOTE_TWEET"},
            "createdAt": iso(at),
            "core": {
                "styletags": [],
                "urls": [],
                "text": text,
                "mentions": [],
                "cashtags": [],
                "hashtags": [],
            },
        }
    }


def records(drafts: Sequence[Draft], seed: int) -> Posts:
    """Spread the drafts in random order over the demo's years and write each as X would."""
    chance = random.Random(seed)
    order = chance.sample(list(drafts), len(drafts))
    seconds = int((LAST_POST - FIRST_POST).total_seconds())
    times = sorted(chance.sample(range(seconds), len(order)))
    tweets: list[Record] = []
    notes: list[Record] = []
    for draft, offset in zip(order, times, strict=True):
        at = FIRST_POST + timedelta(seconds=offset)
        text = draft.text
        if len(text) > POST_LENGTH:
            notes.append(note(text, at))
            text = text[: POST_LENGTH - 1].rstrip() + "…"
        ids = [post_id(at)]
        if draft.first_version is not None:
            ids.append(post_id(at + timedelta(minutes=9)))
            first = draft.first_version
            tweets.append(tweet(draft, first, at, ids, ids[0], chance))
            at += timedelta(minutes=9)
        tweets.append(tweet(draft, text, at, ids, ids[-1], chance))
    return Posts(tweets, notes)


def iso(at: datetime) -> str:
    """Return an instant as the archive's newer files write it, always UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
