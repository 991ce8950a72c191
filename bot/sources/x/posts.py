"""Parses accounts and posts of X's API, in the vocabulary of tweets and in that of posts.

Since August 2026 X says post instead of tweet (its OpenAPI 2.167, before that 2.166). An unknown field name is a
400 for the whole request, which is not billed; responses in either vocabulary are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.sources import fields
from bot.sources.archives import tweets
from bot.sources.posts import Post
from bot.sources.retweets import own_words

LONGEST_NAME, LONGEST_BIO = 200, 2_000
"""Characters; X's own are shorter."""

_PICTURE = re.compile(r"https://pbs\.twimg\.com/profile_images/[\w%-]+/[\w%-]+(?:\.[a-z]{3,4})?")
_SIZE = re.compile(r"_(?:normal|bigger|mini)(?=\.|$)")
_REPOSTED = ("retweeted", "reposted")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names of the fields to request; only fields that are used.

    `expansions` are further objects that X sends, and bills, like posts: `reads_per_post` is the maximum of
    reads that one post may cost.
    """

    parameter: str
    of_posts: str
    expansions: str = ""
    reads_per_post: int = 1

    def for_look_up(self) -> dict[str, str]:
        """The query parameters of a look-up: `withheld` alone, since versions are a default field."""
        return {**self.for_posts(), self.parameter: "withheld"}

    def for_posts(self) -> dict[str, str]:
        """The query parameters of a page of posts."""
        expanded = {"expansions": self.expansions} if self.expansions else {}
        return {self.parameter: self.of_posts, **expanded}


POSTS = Vocabulary("post.fields", "created_at,entities,lang,note_post,possibly_sensitive,source")
"""As specification 2.167 says. There `referenced_posts` is an expansion: X would send, and bill, every post that
is reposted, quoted or answered, by people who did not consent, and `in_reply_to_user_id` would bring their profile. A
repost is recognised by its text, `RT @`, and a reply by the mention that it begins with."""

POSTS_WITH_VERSIONS = replace(POSTS, expansions="edit_history_post_ids", reads_per_post=6)
"""The same where X omits the versions of a post, which it documents as a default field. An edited post brings its
older versions, at most five, and they are billed; other posts bring nothing more."""

TWEETS = Vocabulary(
    "tweet.fields",
    "created_at,edit_history_tweet_ids,entities,in_reply_to_user_id,lang,note_tweet,possibly_sensitive,"
    "referenced_tweets,source",
)
"""As specification 2.166 says, where all of it is a field and free."""

PROFILE = "description,parody,profile_image_url,protected"
"""What is read of a profile; every specification allows it."""

PROFILE_WITH_NEWEST = f"{PROFILE},most_recent_tweet_id"
"""The same with the newest post's id, which saves a request where nothing is new, in 2.166. In 2.167 it is an
expansion that costs the read of a post, where a page without posts costs none: it is never asked for as such."""


@dataclass(frozen=True, slots=True)
class User:
    """An account of X. `newest` is the id of its newest post, where known; `picture` a URL of X."""

    id: str
    handle: str
    name: str
    bio: str = field(repr=False)
    picture: str | None
    protected: bool
    parody: bool
    newest: int | None


@dataclass(frozen=True, slots=True)
class Record:
    """A post, and the ids of all its versions if it was edited."""

    post: Post = field(repr=False)
    versions: tuple[str, ...]


def user(data: Mapping[str, Any]) -> User:
    """Parses an account. Raises ValueError that says what is missing."""
    identifier, handle = tweets.identifier(data, "id"), fields.identifier(data, "username")
    if identifier is None or handle is None:
        raise ValueError("it has no id that is a number, or no username")
    newest = tweets.identifier(data, "most_recent_tweet_id") or tweets.identifier(data, "most_recent_post_id")
    return User(
        id=identifier,
        handle=handle,
        name=tweets.unescape(fields.text(data, "name") or handle)[:LONGEST_NAME],
        bio=tweets.unescape(fields.text(data, "description") or "")[:LONGEST_BIO],
        picture=picture(fields.text(data, "profile_image_url") or ""),
        protected=data.get("protected") is True,
        parody=data.get("parody") is True,
        newest=int(newest) if newest else None,
    )


def picture(url: str) -> str | None:
    """The address of the large version of a profile's picture; None for any address that is not X's own."""
    return _SIZE.sub("_400x400", url) if _PICTURE.fullmatch(url) else None


def has_versions(data: Mapping[str, Any]) -> bool:
    """Whether a post lists its versions: X documents that every post does, itself included."""
    return bool(data.get("edit_history_post_ids") or data.get("edit_history_tweet_ids"))


def record(data: Mapping[str, Any]) -> Record:
    """Parses a post. Raises ValueError that says what is missing, without its text."""
    identifier = tweets.identifier(data, "id")
    if identifier is None:
        raise ValueError("has no id that is a number")
    raw = fields.text(data, "text")
    note = fields.mapping(data, "note_post") or fields.mapping(data, "note_tweet")
    whole = fields.text(note, "text")
    if raw is None and whole is None:
        raise ValueError("has no text")
    created_at = fields.moment(data, "created_at")
    if created_at is None:
        raise ValueError("has no created_at that is a date")
    text = tweets.cut(whole, _links(note)) if whole else tweets.cut(raw or "", _links(data))
    references = _references(data)
    words = own_words(tweets.unescape(text).strip())
    post = Post(
        id=identifier,
        text=words or "",
        created_at=created_at,
        lang=fields.identifier(data, "lang"),
        is_repost=words is None or any(kind in _REPOSTED for kind in references),
        reply_to=references.get("replied_to"),
        sensitive=data.get("possibly_sensitive") is True,
        reply_to_author=tweets.identifier(data, "in_reply_to_user_id"),
        app=tweets.app_name(data.get("source")),
    )
    return Record(post, versions(data))


def _references(data: Mapping[str, Any]) -> dict[str, str | None]:
    """What a post refers to: kind of reference to id, None where the id is damaged."""
    listed = tweets.objects(data.get("referenced_posts")) or tweets.objects(data.get("referenced_tweets"))
    return {fields.text(one, "type") or "": tweets.identifier(one, "id") for one in listed}


def _links(data: Mapping[str, Any]) -> Iterable[tuple[int, int, str]]:
    listed = tweets.objects(fields.mapping(data, "entities").get("urls"))
    return {  # several pictures stand under one link
        (tweets.index(one.get("start")), tweets.index(one.get("end")), url)
        for one in listed
        if (url := fields.text(one, "url"))
    }


def versions(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of all versions that a post lists."""
    listed = data.get("edit_history_post_ids") or data.get("edit_history_tweet_ids")
    ids = [{"id": one} for one in listed[:20]] if isinstance(listed, list) else []
    return tuple(dict.fromkeys(found for one in ids if (found := tweets.identifier(one, "id"))))
