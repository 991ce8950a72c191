"""What every source yields: a profile and its posts, as plain values.

A post's text is what its author meant a reader to see: links that the network added are cut, entities such
as `&amp;` are unescaped exactly once, long posts are whole. Cleaning for training is the corpus's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Network = Literal["x", "bluesky", "mastodon", "other"]


@dataclass(frozen=True, slots=True)
class Post:
    """One post. `created_at` is aware and in UTC; `lang` is the source's own code, unmapped.

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


@dataclass(frozen=True, slots=True)
class Profile:
    """Who an account is, as its network tells it. `id` is the network's stable id, never the handle.

    `avatar` holds the picture's bytes as found (untrusted, any format) or None; `name` is untrusted text.
    `languages` are those the person set, in the network's codes; `labels` what moderators or the person put
    on the account, in the network's words. A source refuses accounts that ask not to be used, by `Blocked`.
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


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose posts a file, a network or the store says they are; None for what it does not say.

    `account` is the network's stable id, unique among all networks: see `owner`.
    """

    handle: str | None = None
    account: str | None = None

    def __bool__(self) -> bool:
        return self.handle is not None or self.account is not None


def owner(network: Network, handle: str, account: str | None) -> Owner:
    """The owner as tombstones know one. A Mastodon id counts on its server alone, so the host is added to it."""
    host = handle.rpartition("@")[2]
    return Owner(handle.lower(), f"{account}@{host}" if account and network == "mastodon" else account)


@dataclass(slots=True)
class Ending:
    """Whether a reading reached the account's own end, with nothing left out: not before all posts are through."""

    reached: bool = False

    def __bool__(self) -> bool:
        return self.reached


@dataclass(frozen=True, slots=True)
class Timeline:
    """A profile and its posts, each id once, in no promised order. `warnings` are sentences for the report;
    where posts are fetched while they are iterated over, they are complete once the posts are through.

    `not_fetched` names kinds of records that were never asked for, by the funnel's words (`retweets`): their
    number is not known, which is another thing than 0. `complete` says that the source showed these to be all
    the posts from the oldest to the newest: what is missing among them was deleted by its author. `checked_at`:
    since then every post was seen at its source; None where that is not known.
    """

    profile: Profile
    posts: Iterable[Post]
    warnings: Sequence[str] = ()
    not_fetched: tuple[str, ...] = ()
    complete: bool | Ending = False
    checked_at: datetime | None = None
