"""Source `archive`: the zip that X gives its users, or its unpacked folder.

Opens the manifest, the account, the profile with its picture, the posts and the long posts, and nothing else:
deleted and circle tweets, direct messages, e-mail, phone and IP files are never opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from bot.errors import SourceError
from bot.sources import Cost, Cursor, Options, Source, fields
from bot.sources.archive import tweets, ytd
from bot.sources.archive.members import Members, open_members
from bot.sources.archive.tally import FEWER, MOST_POSTS, Tally
from bot.sources.posts import Owner, Post, Profile, Timeline, owner

LARGEST_AVATAR = 10 << 20
"""Maximum of bytes in the profile's picture."""

T = TypeVar("T")

_MANIFEST = "manifest.js"
_POSTS = re.compile(r"tweets?(?:-part\d+)?\.js")
_LONG_POSTS = re.compile(r"note-tweets?(?:-part\d+)?\.js")
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")
_NUMBER = re.compile(r"\d+")
_COUNT = re.compile(r"[0-9]{1,9}")
_HOW_TO = "give the zip that X offers under 'Download an archive of your data'"


def open_source(options: Options) -> Source:
    """Opens the archive at `options.file`, a path or fsspec URL."""
    return Archive(options.file or "")


def check_file(file: str) -> None:
    """Checks that `file` is an archive with all its parts, without reading posts. Raises SourceError."""
    with open_members(file) as members:
        _parts(members)


def owner_of(file: str) -> Owner:
    """The owner of an archive, from its manifest and its account only. Raises SourceError."""
    with open_members(file) as members:
        handle, account = _owner(members, _parts(members))
    return owner("x", handle, account) if handle else Owner(account=account)


@dataclass(frozen=True, slots=True)
class Archive:
    """One person's archive. Reading it costs nothing, and takes memory for the posts only."""

    file: str

    @property
    def cost(self) -> Cost:
        """Nothing."""
        return Cost()

    def read(
        self,
        handle: str,
        *,
        since: Cursor | None = None,
        until: Cursor | None = None,
        account: str | None = None,
    ) -> Timeline:
        """All posts of the archive, whatever `since` is; `profile.handle` is the one that the archive names.

        Raises SourceError that names file and member for anything missing, damaged or hostile.
        """
        with open_members(self.file) as members:
            parts = _parts(members)
            profile, warnings = _profile(members, parts, handle)
            tally = Tally()
            long_posts = tweets.LongPosts(
                long_post
                for member in parts.long_posts
                for long_post in _parsed(members, member, tweets.parse_long, tally)
            )
            posts, repeated = _posts(members, parts.posts, long_posts, tally)
        records = len(posts) + repeated + tally.odd_posts
        if parts.count is not None and parts.count != records:
            warnings.append(f"the archive announces {parts.count:,} posts and holds {records:,}")
        if repeated:
            warnings.append(
                f"{repeated:,} records repeat a post that was read already; each post counts once"
            )
        # A part given twice may stand for one that is missing, and a skipped record is one that was not read.
        whole = parts.count == len(posts) and not tally.warnings
        return Timeline(profile, tuple(posts.values()), (*warnings, *tally.warnings), complete=whole)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The members to read, and `count`, the number of posts that the manifest announces, or None."""

    folder: str
    posts: tuple[str, ...]
    long_posts: tuple[str, ...]
    count: int | None
    owner: dict[str, Any]


def _parts(members: Members) -> _Parts:
    folder = _folder(members)
    here = sorted(name.removeprefix(folder) for name in members.names if name.startswith(folder))
    posts = [name for name in here if _POSTS.fullmatch(name)]
    long_posts = [name for name in here if _LONG_POSTS.fullmatch(name)]
    count: int | None = None
    owner: dict[str, Any] = {}
    if _MANIFEST in here:
        with members.open(folder + _MANIFEST) as stream:
            manifest = _dict(ytd.value(stream, f"{members.file}: {folder}{_MANIFEST}"))
        owner, types = _dict(manifest.get("userInfo")), _dict(manifest.get("dataTypes"))
        files = _files(types.get("tweets")) or _files(types.get("tweet"))
        posts = [_part(members, folder, file, _POSTS) for file in files] or posts
        announced = [str(file.get("count")) for file in files]
        count = sum(map(int, announced)) if files and all(map(_COUNT.fullmatch, announced)) else None
        long_posts = [
            _part(members, folder, f, _LONG_POSTS) for f in _files(types.get("noteTweet"))
        ] or long_posts
    if not posts:
        raise SourceError(f"{members.file}: it holds no tweets.js, so it is no archive of X; {_HOW_TO}")
    in_order = sorted(dict.fromkeys(posts), key=lambda name: (len(name), name))
    return _Parts(
        folder, tuple(folder + n for n in in_order), tuple(folder + n for n in long_posts), count, owner
    )


def _folder(members: Members) -> str:
    """The folder of the archive's data, ending in a slash, or empty: mostly `data/`, sometimes nested deeper."""
    folders = {
        (name.count("/"), not name.endswith(_MANIFEST), name.rpartition("/")[0])
        for name in members.names
        if (last := name.rpartition("/")[2]) == _MANIFEST or _POSTS.fullmatch(last)
    }
    folder = min(folders)[2] if folders else ""
    return f"{folder}/" if folder else ""


def _part(members: Members, folder: str, file: dict[str, Any], allowed: re.Pattern[str]) -> str:
    """The member that the manifest names. Raises SourceError for one that does not hold posts, or is missing."""
    named = file.get("fileName")
    name = named.removeprefix("data/") if isinstance(named, str) else ""
    if not allowed.fullmatch(name):
        raise SourceError(
            f"{members.file}: {folder}{_MANIFEST}: it names {str(named)[:100]!r} as posts; not read"
        )
    if folder + name not in members.names:
        raise SourceError(
            f"{members.file}: {folder}{name}: the manifest names this part, but it is missing; "
            "download the archive again, all its files if X split it"
        )
    return name


def _posts(
    members: Members, parts: tuple[str, ...], long_posts: tweets.LongPosts, tally: Tally
) -> tuple[dict[str, Post], int]:
    """Every post by its id, long ones whole, older versions of edited ones marked; and the number of repeats."""
    posts: dict[str, Post] = {}
    first_version: dict[str, str] = {}
    repeated = 0
    for member in parts:
        for tweet in _parsed(members, member, tweets.parse, tally):
            whole = long_posts.whole(tweet)
            repeated += tweet.post.id in posts
            posts[tweet.post.id] = post = replace(tweet.post, text=whole) if whole else tweet.post
            tally.add_text(post.text, f"{members.file}: {member}")
            if len(tweet.versions) > 1:
                first_version.update(dict.fromkeys(tweet.versions, tweet.versions[0]))
            if max(len(posts), len(first_version)) > MOST_POSTS:
                raise SourceError(f"{members.file}: {member}: more than {MOST_POSTS:,} posts; {FEWER}")
    newest: dict[str, str] = {}
    for identifier, first in first_version.items():
        if identifier in posts:
            newest[first] = max(newest.get(first, identifier), identifier, key=int)
    for identifier, first in first_version.items():
        if identifier in posts and newest[first] != identifier:
            posts[identifier] = replace(posts[identifier], superseded_by=newest[first])
    return posts, repeated


def _parsed(members: Members, member: str, parse: Callable[[dict[str, Any]], T], tally: Tally) -> Iterator[T]:
    """Yields each parsed record; those for which `parse` raises ValueError are counted in the tally."""
    where = f"{members.file}: {member}"
    odd, number, first = 0, 0, ""
    with members.open(member) as stream:
        for number, record in enumerate(ytd.records(stream, where), start=1):
            tally.add_record(where)
            try:
                value = parse(record)
            except ValueError as error:
                odd, first = odd + 1, first or f"record {number:,} {error}"
                continue
            yield value
    tally.close(where, parse, number, odd, first)


def _profile(members: Members, parts: _Parts, handle: str) -> tuple[Profile, list[str]]:
    """The profile of the archive's owner, and warnings. Of the account's file only handle, name and id are read."""
    account = _account(members, parts)
    about = _first(members, f"{parts.folder}profile.js", "profile")
    found, identifier = _owner(members, parts)
    warnings = []
    if not found:
        found = handle
        warnings.append(f"the archive does not say whose it is; taken for @{handle}'s")
    elif found.lower() != handle.lower():  # whose it is is left out: a card shows this, and people leave
        warnings.append(f"the archive is another account's, not @{handle}'s")
    profile = Profile(
        handle=found,
        name=_text(account, "accountDisplayName") or _text(parts.owner, "displayName") or found,
        network="x",
        id=identifier,
        bio=_text(_dict(about.get("description")), "bio"),
        avatar=_avatar(members, parts.folder, _text(about, "avatarMediaUrl")),
    )
    return profile, warnings


def _account(members: Members, parts: _Parts) -> dict[str, Any]:
    return _first(members, f"{parts.folder}account.js", "account")


def _owner(members: Members, parts: _Parts) -> tuple[str, str | None]:
    """The account's handle (empty where none is named) and id."""
    account = _account(members, parts)
    found = _text(account, "username") or _text(parts.owner, "userName")
    identifier = _text(account, "accountId") or _text(parts.owner, "accountId")
    return (
        found if _HANDLE.fullmatch(found) else "",
        identifier if _NUMBER.fullmatch(identifier) else None,
    )


def _avatar(members: Members, folder: str, url: str) -> bytes | None:
    """The picture that the profile names; X stores it as `<account id>-<last part of its URL>`."""
    last = url.rpartition("/")[2]
    media = f"{folder}profile_media/"
    names = [n for n in members.names if last and n.startswith(media) and n.endswith(last)]
    for name in sorted(names):
        if name.removeprefix(media).endswith(f"-{last}") or name == media + last:
            with members.open(name) as stream:
                data = stream.read(LARGEST_AVATAR + 1)
            return data if len(data) <= LARGEST_AVATAR else None
    return None


def _first(members: Members, member: str, wrapper: str) -> dict[str, Any]:
    if member not in members.names:
        return {}
    with members.open(member) as stream:
        for record in ytd.records(stream, f"{members.file}: {member}"):
            return _dict(record.get(wrapper, record))
    return {}


def _files(data_type: object) -> list[dict[str, Any]]:
    files = _dict(data_type).get("files")
    return [file for file in files if isinstance(file, dict)] if isinstance(files, list) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(values: dict[str, Any], key: str) -> str:
    return fields.text(values, key) or ""
