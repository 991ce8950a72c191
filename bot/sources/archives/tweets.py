"""Parses records of an X archive: links that X added are cut, entities unescaped once, long posts whole."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from bot.sources.posts import LONGEST_APP, Post
from bot.sources.retweets import own_words

_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
NUMBER = re.compile(r"[0-9]{1,20}")
"""The shape of a handle and of an account's id."""

_ID = re.compile(r"[0-9]{1,20}")
_SHORT_LINK = re.compile(r"https?://t\.co/\w+")
LONGEST_TEXT = 100_000
"""Maximum of characters in one post; X allows 25,000."""

_TAG = re.compile(r"<[^<>]*>")
_LONGEST_LINK = 1_000
_MENTIONS = re.compile(r"\s*(?:@\w{1,15}\s+)+")
_WITHHELD = re.compile(
    r"(?:This (?:Tweet|Post) from @\w{1,15}|@\w{1,15}['’]s (?:account|Tweet|Post)) "
    r"(?:has been withheld|is temporarily unavailable)"
    r"\b[^\n]{0,200}?Learn more\.?",
)

_MOST_VERSIONS = 10  # X allows five edits
_MOST_IN_A_SECOND = 20  # long posts; more would take too long to compare
_MOST_LINKS = 500  # of one post; more would take too long to cut
_SAME_BEGINNING = 60  # characters that a cut post and its whole have in common


@dataclass(frozen=True, slots=True)
class Tweet:
    """A post and the ids of its versions in this record, the oldest first; none if it was never edited.

    `beginning` is the part that a long post shares with its whole text; `mentions` are those before it.
    """

    post: Post = field(repr=False)
    versions: tuple[str, ...]
    beginning: str = field(repr=False)
    mentions: str = field(default="", repr=False)


class WithheldPost(ValueError):
    """A record with a notice of X in the place of a post that is withheld: no post at all."""


@dataclass(frozen=True, slots=True)
class LongPost:
    """The whole text of a post of more than 280 characters, and its beginning as its tweet has it.

    Of a reply the tweet has the mentions in front and the whole text mostly has not: `has_mentions`.
    """

    created_at: datetime
    beginning: str = field(repr=False)
    text: str = field(repr=False)
    has_mentions: bool = False


def parse(record: Mapping[str, Any]) -> Tweet:
    """Parses a record of `tweets.js`, wrapped in `tweet` or not. Raises ValueError that says what is missing."""
    tweet = record.get("tweet", record)
    if not isinstance(tweet, dict):
        raise ValueError("is not an object")
    raw = tweet.get("full_text", tweet.get("text"))
    if not isinstance(raw, str):
        raise ValueError("has no full_text")
    if len(raw) > LONGEST_TEXT:
        raise ValueError(f"has a full_text of more than {LONGEST_TEXT:,} characters")
    number = identifier(tweet, "id_str") or identifier(tweet, "id")
    if number is None:
        raise ValueError("has no id_str that is a number")
    if _WITHHELD.fullmatch(raw.strip()):
        raise WithheldPost("is withheld")
    lang = tweet.get("lang")
    words = own_words(unescape(cut(raw, _links(tweet))).strip())
    post = Post(
        id=number,
        text=words or "",
        created_at=moment(tweet.get("created_at")),
        lang=lang if isinstance(lang, str) else None,
        # `retweeted` is false on every one of today's archives; those until 2018 hold the post that was retweeted
        is_repost=words is None or isinstance(tweet.get("retweeted_status"), dict),
        reply_to=identifier(tweet, "in_reply_to_status_id_str") or identifier(tweet, "in_reply_to_status_id"),
        sensitive=tweet.get("possibly_sensitive") in (True, "true"),
        reply_to_author=identifier(tweet, "in_reply_to_user_id_str")
        or identifier(tweet, "in_reply_to_user_id"),
        app=app_name(tweet.get("source")),
    )
    return Tweet(post, _versions(tweet), *_beginning(unescape(raw)))


def app_name(source: object) -> str | None:
    """The name of the program that a post was sent with, of the link that X writes; None where there is none."""
    return _words_of(source[:_LONGEST_LINK]) if isinstance(source, str) else None


@lru_cache(maxsize=1_000)
def _words_of(link: str) -> str | None:
    return " ".join(html.unescape(_TAG.sub("", link)).split())[:LONGEST_APP] or None


def cut(text: str, links: Iterable[tuple[int, int, str]]) -> str:
    """The escaped text without links (start, end, URL as it stands in the text).

    Indices count code points of that text. Some old clients counted differently: where an index does not point
    at its link, the link is searched for instead.
    """
    elsewhere = set()
    for start, end, url in sorted(links, reverse=True):
        if 0 <= start < end and text[start:end] == url:
            text = text[:start] + text[end:]
        elif url.startswith(("https://t.co/", "http://t.co/")):
            elsewhere.add(url)
    return (
        _SHORT_LINK.sub(lambda found: "" if found[0] in elsewhere else found[0], text) if elsewhere else text
    )


def unescape(text: str) -> str:
    """The text with X's escaping undone once: `&amp;lt;` was typed as `&lt;` and becomes that."""
    if "&" not in text:
        return text
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def moment(value: object) -> datetime:
    """The time (UTC) of X's `Wed Oct 10 20:19:24 +0000 2018`, or of ISO 8601. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("has no created_at")
    try:
        _, month, day, time, offset, year = value.split(" ")
        if offset == "+0000":  # by hand: strptime would take half of the total time
            hour, minute, second = time.split(":")
            return datetime(
                int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC
            )
        return datetime.strptime(value, "%a %b %d %H:%M:%S %z %Y").astimezone(UTC)
    except (ValueError, KeyError, OverflowError):  # the last: before the year 1 in UTC
        pass
    try:
        parsed = datetime.fromisoformat(value.replace(" +", "+"))  # 2014-05-01 10:11:12 +0000 until 2018
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError("has no created_at that is a date") from None


def parse_long(record: Mapping[str, Any]) -> LongPost:
    """Parses a record of `note-tweet.js`. Raises ValueError that says what is missing."""
    note = record.get("noteTweet", record)
    core = note.get("core") if isinstance(note, dict) else None
    raw = core.get("text") if isinstance(core, dict) else None
    if not isinstance(core, dict) or not isinstance(raw, str):
        raise ValueError("has no core.text")
    if len(raw) > LONGEST_TEXT:
        raise ValueError(f"has a core.text of more than {LONGEST_TEXT:,} characters")
    text = _SHORT_LINK.sub("", unescape(cut(raw, _note_links(core)))).strip()
    beginning, mentions = _beginning(unescape(raw))
    return LongPost(moment(note.get("createdAt")), beginning, text, bool(mentions))


class LongPosts:
    """Finds the whole text of a truncated post by time and beginning, since long posts have no tweet id."""

    def __init__(self, long_posts: Iterable[LongPost]) -> None:
        self._by_second: dict[int, list[LongPost]] = defaultdict(list)
        for long_post in long_posts:
            beside = self._by_second[int(long_post.created_at.timestamp())]
            if len(beside) < _MOST_IN_A_SECOND:
                beside.append(long_post)

    def whole(self, tweet: Tweet) -> str | None:
        """The whole text, or None for a post that was not truncated."""
        if not self._by_second:
            return None
        second = int(tweet.post.created_at.timestamp())
        for near in (second, second - 1, second + 1):
            for long_post in self._by_second.get(near, ()):
                apart = abs((long_post.created_at - tweet.post.created_at).total_seconds())
                if apart <= 1 and long_post.beginning == tweet.beginning:
                    return long_post.text if long_post.has_mentions else tweet.mentions + long_post.text
        return None


def _beginning(text: str) -> tuple[str, str]:
    """The beginning by which a post and its whole text are compared, and the mentions in front of it."""
    text = _SHORT_LINK.sub("", text)
    found = _MENTIONS.match(text)
    mentions = found[0] if found else ""
    return text[len(mentions) :].lstrip()[:_SAME_BEGINNING], mentions.lstrip()


def identifier(tweet: Mapping[str, Any], key: str) -> str | None:
    """The id under that key as text, or None."""
    value = tweet.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _links(tweet: Mapping[str, Any]) -> Iterable[tuple[int, int, str]]:
    found = set()  # extended_entities name several pictures under one link
    for holder, key in (("entities", "urls"), ("entities", "media"), ("extended_entities", "media")):
        entities = tweet.get(holder)
        for entity in objects(entities.get(key) if isinstance(entities, dict) else None):
            indices, url = entity.get("indices"), entity.get("url")
            if isinstance(indices, list) and len(indices) == 2 and isinstance(url, str) and url:
                found.add((index(indices[0]), index(indices[1]), url))
    return found


def _note_links(core: Mapping[str, Any]) -> Iterable[tuple[int, int, str]]:
    return [
        (index(entity.get("fromIndex")), index(entity.get("toIndex")), url)
        for entity in objects(core.get("urls"))
        if isinstance(url := entity.get("shortUrl"), str) and url
    ]


def _versions(tweet: Mapping[str, Any]) -> tuple[str, ...]:
    info = tweet.get("edit_info")
    if not isinstance(info, dict):
        return ()
    edit = info.get("edit")
    if isinstance(edit, dict):
        first, initial = [edit.get("initialTweetId"), tweet.get("id_str")], edit.get("editControlInitial")
    else:
        first, initial = [], info.get("initial")
    ids = initial.get("editTweetIds") if isinstance(initial, dict) else None
    listed = [*first, *(ids if isinstance(ids, list) else [])]
    known = dict.fromkeys(i for i in listed[:_MOST_VERSIONS] if isinstance(i, str) and _ID.fullmatch(i))
    return tuple(known)


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list of links or references, up to the maximum of a post."""
    return [item for item in value[:_MOST_LINKS] if isinstance(item, dict)] if isinstance(value, list) else []


def index(value: object) -> int:
    """A position in a text, from 0; -1 for a value that is no number."""
    if isinstance(value, int):
        return value
    return (
        int(value)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10
        else -1
    )
