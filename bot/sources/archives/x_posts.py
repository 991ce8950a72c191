"""The posts of an archive of X of any generation: records of its parts, parsed, long ones whole, each id once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from bot.errors import SourceError
from bot.sources import fields
from bot.sources.archives import tweets
from bot.sources.archives.kind import Choices
from bot.sources.archives.tally import FEWER, MOST_POSTS, Tally
from bot.sources.posts import Owner, Post, Profile, Timeline, owner

T = TypeVar("T")
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One file with records of an archive; `where` names it in messages. The records can be read again."""

    where: str
    records: Callable[[], Iterable[Record]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Whose:
    """The account as its archive describes it; empty text and None for what it does not say."""

    handle: str = ""
    account: str | None = None
    name: str = ""
    bio: str = ""
    avatar: bytes | None = field(default=None, repr=False)

    @property
    def owner(self) -> Owner:
        """The owner, in the form of tombstones."""
        return owner("x", self.handle, self.account) if self.handle else Owner(account=self.account)


@dataclass(frozen=True, slots=True)
class Contents:
    """The parts of an archive to read, and `count`, the number of posts that it announces, None where it does not.

    `evidence` is False where posts of the account are left out, so that a missing one need not be deleted.
    """

    where: str
    whose: Whose
    posts: Sequence[Part]
    long_posts: Sequence[Part] = ()
    count: int | None = None
    evidence: bool = True


def whose_of(found: Iterable[Whose], where: str) -> Whose:
    """The one account of several files that each may name it. Raises SourceError, without names, for two."""
    known = list(found)
    ids = {each.account for each in known if each.account}
    names = {each.handle.lower() for each in known if each.handle}
    if len(ids) > 1 or (not ids and len(names) > 1):
        raise SourceError(
            f"{where}: there are archives of {max(len(ids), len(names))} accounts here; give those of one at a time"
        )
    return Whose(
        handle=next((each.handle for each in known if each.handle), ""),
        account=next(iter(ids), None),
        name=next((each.name for each in known if each.name), ""),
        bio=next((each.bio for each in known if each.bio), ""),
        avatar=next((each.avatar for each in known if each.avatar), None),
    )


def whose(account: Record, info: Record) -> Whose:
    """The account of `account.js` and the manifest's `userInfo`: of the former only handle, name and id are read."""
    found = _text(account, "username") or _text(info, "userName")
    identifier = _text(account, "accountId") or _text(info, "accountId")
    return Whose(
        handle=found if tweets.HANDLE.fullmatch(found) else "",
        account=identifier if tweets.NUMBER.fullmatch(identifier) else None,
        name=_text(account, "accountDisplayName") or _text(info, "displayName"),
    )


def timeline(contents: Contents, handle: str, choices: Choices) -> Timeline:
    """All posts as the handle's. Raises SourceError for damaged parts, and for more than any account has."""
    tally = Tally()
    long_posts = tweets.LongPosts(
        long_post
        for part in contents.long_posts
        for long_post in _parsed(part, tweets.parse_long, tally, posts=False)
    )
    posts, repeated = _posts(contents, long_posts, tally, choices.latest)
    warnings = [*_whose_warnings(contents.whose, handle)]
    records = len(posts) + repeated + tally.odd_posts + tally.withheld
    if contents.count is not None and contents.count != records:
        warnings.append(f"the archive announces {contents.count:,} posts and holds {records:,}")
    if repeated:
        warnings.append(f"{repeated:,} records repeat a post that was read already; each post counts once")
    if tally.withheld:
        warnings.append(
            f"{tally.withheld:,} records are notices of X in the place of withheld posts, and no posts"
        )
    # A part given twice may stand for one that is missing, and a skipped record is one that was not read.
    whole = contents.count == len(posts) + tally.withheld and not tally.warnings and contents.evidence
    return Timeline(
        _profile(contents.whose, handle), tuple(posts.values()), (*warnings, *tally.warnings), complete=whole
    )


def _whose_warnings(known: Whose, handle: str) -> Iterator[str]:
    if not handle:
        return
    if not known.handle:
        yield f"the archive does not say whose it is; taken for @{handle}'s"
    elif (
        known.handle.lower() != handle.lower()
    ):  # whose it is is left out: a card shows this, and people leave
        yield f"the archive is another account's, not @{handle}'s"


def _profile(known: Whose, handle: str) -> Profile:
    found = known.handle or handle
    return Profile(found, known.name or found, "x", id=known.account, bio=known.bio, avatar=known.avatar)


def _posts(
    contents: Contents, long_posts: tweets.LongPosts, tally: Tally, latest: datetime
) -> tuple[dict[str, Post], int]:
    """Every post by its id, long ones whole, older versions of edited ones marked; and the number of repeats."""
    posts: dict[str, Post] = {}
    first_version: dict[str, str] = {}
    repeated = 0

    def parse(record: Record) -> tweets.Tweet:
        tweet = tweets.parse(record)
        author = tweets.identifier(fields.mapping(record, "user"), "id_str")
        if None not in (author, contents.whose.account) and author != contents.whose.account:
            raise ValueError("is of another account")
        if tweet.post.created_at > latest:
            raise ValueError(
                "has a created_at in the future, after which later posts would never count as new"
            )
        return tweet

    for part in contents.posts:
        for tweet in _parsed(part, parse, tally, posts=True):
            whole = long_posts.whole(tweet)
            repeated += tweet.post.id in posts
            posts[tweet.post.id] = post = replace(tweet.post, text=whole) if whole else tweet.post
            tally.add_text(post.text, part.where)
            if len(tweet.versions) > 1:
                first_version.update(dict.fromkeys(tweet.versions, tweet.versions[0]))
            if max(len(posts), len(first_version)) > MOST_POSTS:
                raise SourceError(f"{part.where}: more than {MOST_POSTS:,} posts; {FEWER}")
    _mark_older_versions(posts, first_version)
    return posts, repeated


def _mark_older_versions(posts: dict[str, Post], first_version: Mapping[str, str]) -> None:
    newest: dict[str, str] = {}
    for identifier, first in first_version.items():
        if identifier in posts:
            newest[first] = max(newest.get(first, identifier), identifier, key=int)
    for identifier, first in first_version.items():
        if identifier in posts and newest[first] != identifier:
            posts[identifier] = replace(posts[identifier], superseded_by=newest[first])


def _parsed(part: Part, parse: Callable[[Record], T], tally: Tally, *, posts: bool) -> Iterator[T]:
    """Yields each parsed record; those for which `parse` raises ValueError are counted in the tally."""
    odd, number, first = 0, 0, ""
    for number, record in enumerate(part.records(), start=1):
        tally.add_record(part.where)
        try:
            value = parse(record)
        except tweets.WithheldPost:
            tally.withheld += 1
            continue
        except ValueError as error:
            odd, first = odd + 1, first or f"record {number:,} {error}"
            continue
        yield value
    tally.close(part.where, number, odd, first, posts=posts)


def _text(values: Record, key: str) -> str:
    return fields.text(values, key) or ""
