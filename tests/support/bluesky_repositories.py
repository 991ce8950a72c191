"""Repositories of Bluesky accounts as a server exports them, built by the tests from the published specification."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import libipld
from social_payloads import DID, at

_CID = b"\x01\x71\x12\x20"


def post(number: int = 1, words: str = "All is well here", **fields: Any) -> dict[str, Any]:
    """The record of a post; `fields` replace or add."""
    return {
        "$type": "app.bsky.feed.post",
        "createdAt": at(number),
        "langs": ["en"],
        "text": words,
        **fields,
    }


def repost(number: int) -> dict[str, Any]:
    """The record of a repost."""
    subject = {"uri": "at://did:plc:bobbobbobbobbobbobbobbob/app.bsky.feed.post/3k1"}
    return {"$type": "app.bsky.feed.repost", "createdAt": at(number), "subject": subject}


def profile(**fields: Any) -> dict[str, Any]:
    """The record of a profile; `fields` replace or add."""
    return {
        "$type": "app.bsky.actor.profile",
        "displayName": "Carol",
        "description": "Birds, mostly.",
        **fields,
    }


def key(number: int, kind: str = "post") -> str:
    """The key of the record of that number."""
    return f"app.bsky.feed.{kind}/3k{number:011d}"


def repository(records: Mapping[str, dict[str, Any] | bytes], did: str = DID) -> bytes:
    """A CAR file: the commit, a tree of two levels, and the records; bytes are those of a block as they are."""
    links = {name: block(record) for name, record in sorted(records.items())}
    names = list(links)
    half = len(names) // 2
    right = block(_node({name: links[name][0] for name in names[half:]}, None))
    left_entries = {name: links[name][0] for name in names[:half]}
    if left_entries:
        root = _node(left_entries, None)
        root["e"][-1]["t"] = right[0]
    else:
        root = {"l": right[0], "e": []}
    tree = block(root)
    commit = block(
        {"did": did, "version": 3, "data": tree[0], "rev": "3k", "prev": None, "sig": b"\x00" * 64}
    )
    return file_of_blocks(commit[0], commit, tree, right, *links.values())


def file_of_blocks(root: bytes, *blocks: tuple[bytes, bytes]) -> bytes:
    """A CAR file of a root and blocks, each an identifier with its data."""
    header = libipld.encode_dag_cbor({"version": 1, "roots": [root]})
    return section(header) + b"".join(section(cid + data) for cid, data in blocks)


def block(value: object) -> tuple[bytes, bytes]:
    """The identifier and the data of a block; bytes are the data as they are."""
    data = value if isinstance(value, bytes) else libipld.encode_dag_cbor(value)
    return _CID + hashlib.sha256(data).digest(), data


def section(data: bytes) -> bytes:
    """The data behind its length."""
    length, begin = len(data), b""
    while length > 0x7F:
        begin += bytes([length & 0x7F | 0x80])
        length >>= 7
    return begin + bytes([length]) + data


def _node(entries: Mapping[str, bytes], below: bytes | None) -> dict[str, Any]:
    listed: list[dict[str, Any]] = []
    before = ""
    for name, cid in entries.items():
        shared = next(
            (at for at, (a, b) in enumerate(zip(name, before, strict=False)) if a != b),
            min(len(name), len(before)),
        )
        listed.append({"p": shared, "k": name[shared:].encode(), "v": cid, "t": None})
        before = name
    return {"l": below, "e": listed}
