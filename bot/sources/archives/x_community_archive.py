"""The JSON of the Community Archive: an archive of X that its owner published, in one object of lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.sources.archives import x_posts, ytd
from bot.sources.archives.kind import Choices
from bot.sources.archives.look import Look
from bot.sources.archives.x_posts import Contents, Part
from bot.sources.files import opened
from bot.sources.posts import Owner, Timeline

TITLE = "a file of the Community Archive"
SOURCE = "archive"
NETWORK = "x"
READS = (
    "the handle, the name and the id of the account",
    "the posts, long ones whole",
    "posts in communities, where they are asked for (--communities)",
)
NEVER = ("likes, followers and everything else",)
CHOICES = frozenset(("communities",))

_KEYS = rb"account|profile|tweets|community-tweet|note-tweet|like|follower|following|upload-options"
_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*\"(?:" + _KEYS + rb")\"\s*:\s*[\[{]")


def recognise(look: Look) -> str | None:
    """In which form it is; None where it is none."""
    return "its JSON" if look.form == "file" and _HEAD.match(look.head) else None


def owner(looks: Sequence[Look]) -> Owner:
    """The owner, of the list `account` alone."""
    return _contents(looks, Choices()).whose.owner


def check(looks: Sequence[Look], choices: Choices) -> None:
    """Checks that it is JSON of this form up to its accounts, and of one account."""
    _contents(looks, choices)


def read(looks: Sequence[Look], handle: str, choices: Choices) -> Timeline:
    """All posts of the files together, each once."""
    return x_posts.timeline(_contents(looks, choices), handle, choices)


def _contents(looks: Sequence[Look], choices: Choices) -> Contents:
    where = ", ".join(look.name for look in looks)
    accounts = [
        x_posts.whose(_unwrapped(record, "account"), {})
        for look in looks
        for record in _records(look, "account")
    ]
    keys = ("tweets", "community-tweet") if choices.communities else ("tweets",)
    return Contents(
        where,
        x_posts.whose_of(accounts, where),
        [_part(look, key) for look in looks for key in keys],
        [_part(look, "note-tweet") for look in looks],
    )


def _part(look: Look, key: str) -> Part:
    return Part(f"{look.name}: {key}", lambda: _records(look, key))


def _records(look: Look, key: str) -> Iterator[dict[str, Any]]:
    began = False
    with opened(look.file) as stream:
        for found, record in ytd.sections(stream, look.name):
            if found == key:
                began = True
                yield record
            elif began and key == "account":
                return  # the owner is known without the rest of the file


def _unwrapped(record: dict[str, Any], key: str) -> dict[str, Any]:
    value = record.get(key, record)
    return value if isinstance(value, dict) else {}
