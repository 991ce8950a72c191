"""A JSON array of posts, each an object with the keys of JSON Lines: `id`, `text`, `created_at` and so on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from bot.io.bounded import DECODER
from bot.sources.archives import keys, ytd
from bot.sources.archives.collecting import Part, Record, collect
from bot.sources.archives.kind import Choices
from bot.sources.archives.look import Look
from bot.sources.files import opened
from bot.sources.posts import Owner, Profile, Timeline

TITLE = "a JSON array of posts"
SOURCE = "jsonl"
NETWORK = None
READS = (
    "of each object id, text, created_at, lang, is_repost, reply_to, reply_to_author, app and sensitive",
)
NEVER = ("other keys of an object",)
CHOICES = frozenset[str]()

_BEGIN = re.compile(r"\ufeff?\s*\[\s*(?=\{)")


def recognise(look: Look) -> str | None:
    """`one object a post`; None for another file, and for an array of which the first object is no post."""
    text = look.head.decode("utf-8", "ignore")
    begin = _BEGIN.match(text)
    if look.form != "file" or begin is None:
        return None
    try:
        first, _ = DECODER.raw_decode(text, begin.end())
    except (ValueError, RecursionError):
        return None
    known = isinstance(first, dict) and isinstance(first.get("text"), str) and "created_at" in first
    return "one object a post" if known else None


def owner(looks: Sequence[Look]) -> Owner:
    """An empty owner: such objects name none."""
    return Owner()


def check(looks: Sequence[Look], choices: Choices) -> None:
    """Reads every object. Raises SourceError where most are no posts."""
    read(looks, "", choices)


def read(looks: Sequence[Look], handle: str, choices: Choices) -> Timeline:
    """All posts of the files; of objects with the same id the last one counts."""
    found = collect(
        [Part(look.name, partial(_records, look)) for look in looks],
        lambda record: keys.post_of(record, choices.latest),
        choices.latest,
    )
    return Timeline(Profile(handle, handle, "other"), tuple(found.posts.values()), found.warnings)


def _records(look: Look) -> Iterator[Record]:
    with opened(look.file) as stream:
        yield from ytd.records(stream, look.name)
