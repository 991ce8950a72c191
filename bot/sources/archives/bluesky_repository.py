"""The repository of a Bluesky account (a CAR file): its posts, its reposts and its profile.

Everybody can download everybody's, so a repository proves nobody's consent, and what its profile asks is respected.
Its tree names every record, so that it shows by itself that nothing is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bot.errors import SourceError
from bot.sources import handles
from bot.sources.archives import car
from bot.sources.archives.collecting import Part, Record, collect
from bot.sources.archives.kind import Choices
from bot.sources.archives.look import Look
from bot.sources.bluesky_records import check_consent, labels_of, post_of
from bot.sources.fields import identifier, mapping, mappings, moment, text
from bot.sources.files import opened
from bot.sources.posts import Owner, Post, Profile, Timeline

TITLE = "the repository of a Bluesky account"
SOURCE = "archive"
NETWORK = "bluesky"
READS = ("the posts, and that something was reposted", "the name and the bio of the profile")
NEVER = ("likes, follows, blocks, lists and everything else",)
CHOICES = frozenset[str]()

ANYBODYS = (
    "the repository names no handle, and everybody can download it: nothing in it proves whose it is, or that its "
    "owner agreed"
)
"""The note on posts of a repository."""

_POST, _REPOST, _PROFILE = "app.bsky.feed.post", "app.bsky.feed.repost", "app.bsky.actor.profile"
_WANTED = tuple(f"{each}/" for each in (_POST, _REPOST, _PROFILE))


@dataclass(frozen=True, slots=True)
class _Node:
    """A node of the tree: the nodes below it, and the records by their keys."""

    below: tuple[bytes, ...]
    records: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class _Repository:
    """A repository: its account, the root of its tree, all nodes, and the records that may be wanted, not decoded."""

    where: str
    did: str
    root: bytes
    nodes: dict[bytes, _Node] = field(repr=False)
    data: dict[bytes, bytes] = field(repr=False)


def recognise(look: Look) -> str | None:
    """`a CAR file`; None for another file."""
    return "a CAR file" if look.form == "file" and car.is_car(look.head) else None


def owner(looks: Sequence[Look]) -> Owner:
    """The account's DID; a repository does not name its handle."""
    return Owner(account=_one_account([_did(look) for look in looks], looks))


def check(looks: Sequence[Look], choices: Choices) -> None:
    """Checks that they are repositories of one account, without reading records."""
    owner(looks)


def read(looks: Sequence[Look], handle: str, choices: Choices) -> Timeline:
    """All posts of the files together, each once. Raises Blocked where the profile asks not to be used."""
    repositories = [_repository(look) for look in looks]
    did = _one_account([each.did for each in repositories], looks)
    parts = [Part(each.where, partial(_records, each)) for each in repositories]
    profiles: list[Record] = []
    found = collect(parts, partial(_parse, did, profiles), choices.latest)
    about: Any = profiles[-1]["record"] if profiles else {}
    bio = text(about, "description") or ""
    labels = labels_of(mappings(mapping(about, "labels"), "values"), datetime.now(UTC))
    check_consent(handle or did, labels, bio)
    profile = Profile(
        handle=handle or did,
        name=text(about, "displayName") or handle or did,
        network="bluesky",
        id=did,
        bio=bio,
        labels=labels,
        notes=(ANYBODYS,),
    )
    return Timeline(profile, tuple(found.posts.values()), found.warnings, complete=found.whole)


def _one_account(found: Sequence[str], looks: Sequence[Look]) -> str:
    if len(known := set(found)) > 1:
        where = ", ".join(look.name for look in looks)
        raise SourceError(
            f"{where}: there are repositories of {len(known)} accounts here; give those of one at a time"
        )
    return found[0]


def _did(look: Look) -> str:
    """The account of a repository, of its root, which stands first in most."""
    with opened(look.file) as stream:
        read_blocks = car.blocks(stream, look.name)
        root = next(read_blocks)[0]
        for cid, data in read_blocks:
            if cid == root:
                return _commit(car.decode(data, look.name), look.name)[0]
    raise SourceError(f"{look.name}: its root is missing; download it again")


def _repository(look: Look) -> _Repository:
    commit: Any = None
    nodes: dict[bytes, _Node] = {}
    records: dict[bytes, bytes] = {}
    wanted = tuple(each.encode() for each in (_POST, _REPOST, _PROFILE))
    with opened(look.file) as stream:
        read_blocks = car.blocks(stream, look.name)
        root = next(read_blocks)[0]
        for cid, data in read_blocks:
            value = car.decode(data, look.name)
            if cid == root:
                commit = value
            elif (node := _node(value)) is not None:
                nodes[cid] = node
            elif any(each in data for each in wanted) and _is_wanted(value):
                records[cid] = data
    did, tree = _commit(commit, look.name)
    return _Repository(look.name, did, tree, nodes, records)


def _is_wanted(value: object) -> bool:
    return text(value, "$type") in (_POST, _REPOST, _PROFILE)


def _commit(value: object, where: str) -> tuple[str, bytes]:
    """The account and the root of the tree. Raises SourceError for another root, or a missing one."""
    did = identifier(value, "did") or ""
    tree = value.get("data") if isinstance(value, dict) else None
    if not handles.if_valid(did, "bluesky") or not did.startswith("did:") or not isinstance(tree, bytes):
        raise SourceError(f"{where}: its root is missing or names no account; download the repository again")
    return did, tree


def _node(value: object) -> _Node | None:
    """A node of the tree, whose keys are shortened by what they share with the one before; None for a record."""
    if not isinstance(value, dict) or "$type" in value or not isinstance(value.get("e"), list):
        return None
    below = [value.get("l")]
    records = []
    key = b""
    for entry in mappings(value, "e"):
        shared, rest, cid = entry.get("p"), entry.get("k"), entry.get("v")
        if not isinstance(shared, int) or not isinstance(rest, bytes) or not isinstance(cid, bytes):
            return None
        key = key[: max(shared, 0)] + rest
        below.append(entry.get("t"))
        name = key.decode(errors="replace")
        if name.startswith(_WANTED):
            records.append((name, cid))
    return _Node(tuple(each for each in below if isinstance(each, bytes)), tuple(records))


def _records(repository: _Repository) -> Iterator[Record]:
    """The wanted records that the tree names, with their keys. SourceError where a part of the tree is missing."""
    left, seen = [repository.root], set[bytes]()
    while left:
        cid = left.pop()
        if cid in seen:
            continue
        seen.add(cid)
        node = repository.nodes.get(cid)
        if node is None:
            raise SourceError(f"{repository.where}: a part of it is missing; download the repository again")
        left += node.below
        for key, record in node.records:
            data = repository.data.get(record)
            yield {"key": key, "record": None if data is None else car.decode(data, repository.where)}


def _parse(did: str, profiles: list[Record], record: Record) -> Post | None:
    """A record as a post; a profile is put into the list. Raises ValueError that says what is wrong with a record."""
    key, value = record["key"], record["record"]
    kind = key.partition("/")[0]
    if value is None:
        raise ValueError("is missing, or of another type than its key says")
    if kind == _PROFILE:
        profiles.append(record)
        return None
    created = moment(value, "createdAt")
    if created is None:
        raise ValueError("has no time in createdAt")
    uri = f"at://{did}/{key}"
    if kind == _REPOST:
        return Post(uri, "", created, is_repost=True)
    post = post_of(uri, value, created)
    if post is None:
        raise ValueError("has no text")
    return post
