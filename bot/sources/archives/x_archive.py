"""An archive of X as it is made since 2018: zips, the unpacked folder, or files of it such as `tweets.js`.

Opens the manifest, the account, the profile with its picture, the posts and the long posts, and nothing else:
deleted and circle tweets, direct messages, e-mail, phone and IP files are never opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice

from bot.errors import SourceError
from bot.sources.archives import x_posts
from bot.sources.archives.kind import Choices
from bot.sources.archives.look import Look
from bot.sources.archives.x_files import Announced, Root, announced, as_object, open_roots, text
from bot.sources.archives.x_posts import Contents, Whose
from bot.sources.posts import Owner, Timeline

TITLE = "an archive of X"
SOURCE = "archive"
NETWORK = "x"
READS = (
    "the handle, the name and the id of the account",
    "the profile with its picture",
    "the posts, long ones whole",
    "posts in communities, where they are asked for (--communities)",
)
NEVER = (
    "deleted posts and posts to a circle",
    "direct messages",
    "e-mail addresses, telephone numbers and IP addresses",
    "likes, followers, advertisements and everything else",
)
CHOICES = frozenset(("communities",))

LARGEST_AVATAR = 10 << 20
"""Maximum of bytes in the profile's picture."""

_POSTS = re.compile(r"tweets?(?:-part\d+)?\.js")
_LONG_POSTS = re.compile(r"note-tweets?(?:-part\d+)?\.js")
_COMMUNITIES = re.compile(r"community-tweets?(?:-part\d+)?\.js")
_OTHERS = re.compile(r"manifest\.js|account\.js|profile\.js")
_MARKERS = re.compile("|".join(each.pattern for each in (_POSTS, _LONG_POSTS, _COMMUNITIES, _OTHERS)))
_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*window\.(?:YTD\.(\w{1,60})\.part(\d{1,6})|(__THAR_CONFIG))\s*=")
_RECORDS = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{\s*\"tweet\"\s*:\s*\{")
_HOW_TO = "give the zip that X offers under 'Download an archive of your data', or its tweets.js"


def recognise(look: Look) -> str | None:
    """`since 2020` and so on; None for a file that holds nothing of such an archive."""
    if look.form == "file":
        name = _bare_name(look)
        return "single files of it" if name is not None and _MARKERS.fullmatch(name) else None
    names = look.last_names
    if look.form not in ("zip", "folder") or not any(map(_MARKERS.fullmatch, names)):
        return None
    return "of 2018 to 2020" if "tweet.js" in names and "tweets.js" not in names else "of 2020 or later"


def owner(looks: Sequence[Look]) -> Owner:
    """The owner, from manifests and accounts alone."""
    with ExitStack() as stack:
        return _whose(_open(stack, looks), looks).owner


def check(looks: Sequence[Look], choices: Choices) -> None:
    """Checks that all parts that the manifests name are there, without reading posts."""
    with ExitStack() as stack:
        roots = _open(stack, looks)
        _whose(roots, looks)
        _posts(roots, looks, choices)


def announced_posts(looks: Sequence[Look]) -> int | None:
    """The number of posts that the manifests announce, retweets included; None where they announce none."""
    with ExitStack() as stack:
        return _posts(_open(stack, looks), looks, Choices()).count


def read(looks: Sequence[Look], handle: str, choices: Choices) -> Timeline:
    """All posts of the files together, each once."""
    with ExitStack() as stack:
        roots = _open(stack, looks)
        posts = _posts(roots, looks, choices)
        known = _whose(roots, looks, whole=True)
        left_out = not choices.communities and any(_holds_communities(root) for root in roots)
        contents = Contents(
            _where(looks),
            known,
            [part.part() for part in posts.parts],
            [part.part() for part in announced(roots, ("noteTweet",), _LONG_POSTS).parts],
            posts.count,
            evidence=not (choices.communities or left_out),
        )
        return x_posts.timeline(contents, handle, choices)


def _open(stack: ExitStack, looks: Sequence[Look]) -> list[Root]:
    return open_roots(
        stack, [(look, _bare_name(look) if look.form == "file" else None) for look in looks], _MARKERS
    )


def _bare_name(look: Look) -> str | None:
    """The name that a single file has in an archive, by its content; None where it is of no archive."""
    if found := _HEAD.match(look.head):
        if found[3]:
            return "manifest.js"
        kind, part = found[1].decode("ascii", "replace").lower().replace("_", "-"), int(found[2])
        return f"{kind}-part{part}.js" if part else f"{kind}.js"
    return "tweets.js" if _RECORDS.match(look.head) else None


def _where(looks: Sequence[Look]) -> str:
    return ", ".join(look.name for look in looks)


def _posts(roots: Sequence[Root], looks: Sequence[Look], choices: Choices) -> Announced:
    posts = announced(roots, ("tweets", "tweet"), _POSTS)
    if choices.communities:
        more = announced(roots, ("communityTweet",), _COMMUNITIES)
        counts = [posts.count, more.count] if more.parts else [posts.count]
        total = sum(count or 0 for count in counts) if None not in counts else None
        posts = Announced((*posts.parts, *more.parts), total)
    if not posts.parts:
        raise SourceError(f"{_where(looks)}: there is no tweets.js here, so no posts of X; {_HOW_TO}")
    return posts


def _holds_communities(root: Root) -> bool:
    """Whether the archive announces posts in communities, or has their file and does not say how many."""
    files = root.files(("communityTweet",))
    return (
        any(str(file.get("count")) != "0" for file in files) if files else bool(root.matching(_COMMUNITIES))
    )


def _whose(roots: Sequence[Root], looks: Sequence[Look], *, whole: bool = False) -> Whose:
    """The account that the files name; the `whole` of it has the bio and the picture."""
    return x_posts.whose_of((each for root in roots for each in _of_root(root, whole)), _where(looks))


def _of_root(root: Root, whole: bool) -> Iterator[Whose]:
    """The account of a folder, as `account.js` or else the manifest names it, and a second one of `account.js`."""
    accounts = list(islice(root.records("account.js", "account"), 2)) or [{}]
    found = [x_posts.whose(account, as_object(root.manifest.get("userInfo"))) for account in accounts]
    if whole:
        about = root.first("profile.js", "profile")
        bio = text(as_object(about.get("description")), "bio")
        found[0] = replace(found[0], bio=bio, avatar=_avatar(root, text(about, "avatarMediaUrl")))
    yield from found


def _avatar(root: Root, url: str) -> bytes | None:
    """The picture that the profile names; X stores it as `<account id>-<last part of its URL>`."""
    last = url.rpartition("/")[2].lower()
    media = f"{root.folder}profile_media/"
    names = [n for n in root.members.names if last and n.startswith(media) and n.endswith(last)]
    for name in sorted(names):
        if name.removeprefix(media).endswith(f"-{last}") or name == media + last:
            with root.members.open(name) as stream:
                data = stream.read(LARGEST_AVATAR + 1)
            return data if len(data) <= LARGEST_AVATAR else None
    return None
