"""An archive of Mastodon: the zip or tar.gz, its folder, or `outbox.json` with or without `actor.json`.

Opens these two and the profile's picture; only posts that everybody can see are read of the outbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any

from bot.errors import SourceError
from bot.sources.archives import activities, ytd
from bot.sources.archives.collecting import Part, collect
from bot.sources.archives.kind import Choices
from bot.sources.archives.look import Look
from bot.sources.archives.members import Members, named, open_members, single, where
from bot.sources.archives.tar import open_tar
from bot.sources.fields import identifier, mapping, text
from bot.sources.html_text import html_to_text
from bot.sources.posts import Owner, Profile, Timeline

TITLE = "an archive of Mastodon"
SOURCE = "archive"
NETWORK = "mastodon"
READS = (
    "the name, the bio and the picture of the profile, of actor.json",
    "public and unlisted posts, of outbox.json; that something was boosted",
)
NEVER = (
    "posts to followers and direct messages",
    "likes, bookmarks, lists and everything else",
)
CHOICES = frozenset[str]()

LARGEST_AVATAR = 10 << 20
"""Maximum of bytes in the profile's picture."""

NAMELESS = "the archive does not say whose it is: nothing proves whose these posts are"
"""The note on an outbox whose posts name no account."""

_OUTBOX, _ACTOR = "outbox.json", "actor.json"
_WANTED = re.compile(r"(?:^|/)(?:outbox\.json|actor\.json|avatar\.\w{1,5})$")
_OTHERS = re.compile(r"^(?:[^/]+/)?(?:media_attachments/files/|outbox\.json$)")
_ACTIVITY = re.compile(rb'"orderedItems"\s*:\s*\[\s*(?:\{|\]|$)')


@dataclass(frozen=True, slots=True)
class _Account:
    """The account as its archive describes it; `address` is its id in ActivityPub, empty where it is not named."""

    address: str = ""
    handle: str = ""
    name: str = ""
    bio: str = ""
    avatar: bytes | None = field(default=None, repr=False)
    labels: tuple[str, ...] = ()


def recognise(look: Look) -> str | None:
    """In which form the archive is; None where it is none."""
    if look.form == "file":
        if b"activitystreams" not in look.head:
            return None
        return "single files of it" if _is_outbox(look.head) or _is_actor(look.head) else None
    if look.form == "tar":
        return "the tar.gz" if any(map(_OTHERS.search, look.members)) else None
    return f"the {look.form}" if look.form in ("zip", "folder") and _OUTBOX in look.last_names else None


def owner(looks: Sequence[Look]) -> Owner:
    """The owner, of `actor.json`, else of the first post that names one."""
    with ExitStack() as stack:
        account = _account(_open(stack, looks), looks)
        return Owner(account.handle or None)


def check(looks: Sequence[Look], choices: Choices) -> None:
    """Checks that there is an outbox, and that all files are of one account, without reading all posts."""
    with ExitStack() as stack:
        archives = _open(stack, looks)
        _outboxes(archives, looks)
        _account(archives, looks)


def read(looks: Sequence[Look], handle: str, choices: Choices) -> Timeline:
    """All public posts of the files together, each once."""
    with ExitStack() as stack:
        archives = _open(stack, looks)
        parts = _outboxes(archives, looks)
        account = _account(archives, looks, picture=True)
        found = collect(
            parts, lambda record: activities.parse(record, account.address or None), choices.latest
        )
    warnings = list(found.warnings)
    if handle and account.handle and account.handle != handle.lower():
        warnings.insert(0, f"the archive is another account's, not {handle}'s")
    if found.left_out:
        warnings.append(f"records left out, since they are not public or no posts: {found.left_out:,}")
    known = account.handle or handle
    notes = () if account.handle or not handle else (NAMELESS,)
    profile = Profile(
        handle=known,
        name=account.name or known.partition("@")[0],
        network="mastodon",
        bio=account.bio,
        avatar=account.avatar,
        labels=account.labels,
        notes=notes,
    )
    return Timeline(profile, tuple(found.posts.values()), tuple(warnings))


def _is_outbox(head: bytes) -> bool:
    return _ACTIVITY.search(head) is not None


def _is_actor(head: bytes) -> bool:
    return b'"preferredUsername"' in head and b'"orderedItems"' not in head


def _open(stack: ExitStack, looks: Sequence[Look]) -> list[Members]:
    return [stack.enter_context(_opened(look)) for look in looks]


def _opened(look: Look) -> AbstractContextManager[Members]:
    match look.form:
        case "file":
            return single(look.file, _OUTBOX if _is_outbox(look.head) else _ACTOR)
        case "tar":
            return open_tar(look.file, _WANTED)
        case _:
            return open_members(look.file)


def _outboxes(archives: Sequence[Members], looks: Sequence[Look]) -> list[Part]:
    parts = [_part(members, name) for members, name in named(archives, _OUTBOX)]
    if not parts:
        raise SourceError(
            f"{_where(looks)}: there is no outbox.json here, so no posts of Mastodon; give the whole archive that "
            "your server makes under Preferences, Import and export, Data export"
        )
    return parts


def _part(members: Members, name: str) -> Part:
    place = where(members, name)

    def records() -> Iterator[dict[str, Any]]:
        with members.open(name) as stream:
            for _, record in ytd.sections(stream, place, ("orderedItems",)):
                yield record

    return Part(place, records)


def _account(archives: Sequence[Members], looks: Sequence[Look], *, picture: bool = False) -> _Account:
    """The one account of all files. Raises SourceError, without names, for two."""
    found = [_of_actor(members, name, picture) for members, name in named(archives, _ACTOR)]
    found += [_of_posts(_part(members, name)) for members, name in named(archives, _OUTBOX)]
    known = {each.address: each for each in reversed(found) if each.address}
    if len(known) > 1:
        raise SourceError(
            f"{_where(looks)}: there are archives of {len(known)} accounts here; give those of one at a time"
        )
    return next(iter(known.values()), _Account())


def _of_posts(part: Part) -> _Account:
    address = next(filter(None, map(activities.author, part.records())), "")
    return _Account(address, activities.handle(address) or "")


def _of_actor(members: Members, name: str, picture: bool) -> _Account:
    with members.open(name) as stream:
        value = ytd.value(stream, where(members, name))
    address = identifier(value, "id") or ""
    try:
        bio = html_to_text(text(value, "summary") or "")
    except ValueError:
        bio = ""
    return _Account(
        address=address,
        handle=activities.handle(address, text(value, "preferredUsername") or "") or "",
        name=text(value, "name") or "",
        bio=bio,
        avatar=_avatar(members, name, value) if picture else None,
        labels=("bot",) if text(value, "type") == "Service" else (),
    )


def _avatar(members: Members, actor: str, value: object) -> bytes | None:
    """The picture that the profile names, which lies beside it."""
    file = (text(mapping(value, "icon"), "url") or "").lower()
    name = actor.removesuffix(_ACTOR) + file
    if not file or name not in members.names:
        return None
    with members.open(name) as stream:
        data = stream.read(LARGEST_AVATAR + 1)
    return data if len(data) <= LARGEST_AVATAR else None


def _where(looks: Sequence[Look]) -> str:
    return ", ".join(look.name for look in looks)
