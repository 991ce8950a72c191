"""The values that every source yields: a profile and its posts.

A post's text is the text that its author wrote: links that the network added are cut, entities such as `&amp;`
are unescaped once, long posts are complete. Cleaning for training is the corpus's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

Network = Literal["x", "bluesky", "mastodon", "other"]

LONGEST_APP = 100
"""Characters of an app's name that are kept."""


_NO_DATES = datetime(1970, 1, 1, tzinfo=UTC)
_DATES = datetime(1971, 1, 1, tzinfo=UTC)  # no network is that old


def undated(place: int) -> datetime:
    """The `created_at` of a post whose file has no dates: its place in the file, as seconds of the year 1970."""
    return _NO_DATES + timedelta(seconds=place)


def is_dated(moment: datetime) -> bool:
    """Whether the time of a post is one, and no place that `undated` gives."""
    return not _NO_DATES <= moment < _DATES


@dataclass(frozen=True, slots=True)
class Post:
    """One post. `created_at` is aware and in UTC; `lang` is the source's own code, unmapped.

    `reply_to` is the id of the post that it answers, `reply_to_author` the id of that post's account in the form of
    `Profile.id`; either is known without the other. `app` is the name of the program that it was posted with.
    `superseded_by` names the newest version of an edited post: such a record is counted and never trained on.
    The text is left out of its repr, so that no log or traceback shows it.
    """

    id: str
    text: str = field(repr=False)
    created_at: datetime
    lang: str | None = None
    is_repost: bool = False
    reply_to: str | None = None
    sensitive: bool = False
    superseded_by: str | None = None
    reply_to_author: str | None = None
    app: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """An account as its network describes it. `id` is the network's stable id, never the handle.

    `avatar` holds the picture's bytes (untrusted, any format) or None; `name` is untrusted text.
    `languages` are those that the person set, in the network's codes; `labels` the labels that moderators or the
    person put on the account. `notes` are sentences on how the posts came here, which corpus and card repeat as long as
    they are stored. A source raises `Blocked` for accounts that ask not to be used.
    """

    handle: str
    name: str
    network: Network
    id: str | None = None
    bio: str = ""
    avatar: bytes | None = field(default=None, repr=False)
    languages: tuple[str, ...] = ()
    parody: bool = False
    protected: bool = False
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of posts according to a file, a network or the store; None for what is not known.

    `account` is the network's stable id, unique among all networks: see `owner`.
    """

    handle: str | None = None
    account: str | None = None

    def __bool__(self) -> bool:
        return self.handle is not None or self.account is not None


def owner(network: Network, handle: str, account: str | None) -> Owner:
    """The owner in the form of tombstones. A Mastodon id is unique on its server only, so the host is added."""
    host = handle.rpartition("@")[2]
    return Owner(handle.lower(), f"{account}@{host}" if account and network == "mastodon" else account)


@dataclass(slots=True)
class Ending:
    """Whether a reading reached the account's oldest post with nothing left out; set after the last post."""

    reached: bool = False

    def __bool__(self) -> bool:
        return self.reached


@dataclass(frozen=True, slots=True)
class Timeline:
    """A profile and its posts, each id once, in any order. `warnings` are sentences for the report; where posts
    are fetched while they are iterated over, they are complete after the last post.

    `not_fetched` names kinds of records that were not requested, by the funnel's names (`retweets`): their
    number is unknown, not 0. `complete`: these are all posts from the oldest to the newest, so a post missing
    among them was deleted by its author. `checked_at`: the time since which every post was seen at its source;
    None where that is not known.
    """

    profile: Profile
    posts: Iterable[Post]
    warnings: Sequence[str] = ()
    not_fetched: tuple[str, ...] = ()
    complete: bool | Ending = False
    checked_at: datetime | None = None
