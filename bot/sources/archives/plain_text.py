"""A plain text of somebody's own: a post is a line, or a paragraph between empty lines, as the person says."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from functools import partial

from bot.errors import SourceError
from bot.sources.archives.collecting import Part, Record, collect
from bot.sources.archives.kind import Choices, PostPer
from bot.sources.archives.look import Look
from bot.sources.archives.numbering import Numbering
from bot.sources.archives.refusals import refusal
from bot.sources.archives.table import NO_DATES
from bot.sources.files import opened
from bot.sources.posts import Owner, Post, Profile, Timeline, undated

TITLE = "a plain text"
SOURCE = "jsonl"
NETWORK = None
READS = ("each line or paragraph as a post",)
NEVER = ("nothing in it is left out",)
CHOICES = frozenset(("post_per",))

LONGEST_LINE = 1 << 20
"""Maximum of bytes in a line."""

LONGEST_TEXT = 100_000
"""Maximum of characters in one post."""

MOST_LINES = 5_000
"""Maximum of lines in a paragraph."""

_JSON = re.compile(r"\s*[\[{]")
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f]")


def recognise(look: Look) -> str | None:
    """`text`; None for another file, such as one that is not UTF-8."""
    if look.form != "file" or refusal(look, known_only=True):
        return None
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(look.head)
    except UnicodeDecodeError:
        return None
    return "UTF-8" if text.strip() and not _JSON.match(text) and not _NO_TEXT.search(text) else None


def owner(looks: Sequence[Look]) -> Owner:
    """An empty owner: a text names none."""
    return Owner()


def check(looks: Sequence[Look], choices: Choices) -> None:
    """Checks that it is said what a post is."""
    _post_per(looks, choices)


def read(looks: Sequence[Look], handle: str, choices: Choices) -> Timeline:
    """The lines or paragraphs of all texts, in their order."""
    per, numbering = _post_per(looks, choices), Numbering()

    def parse(record: Record) -> Post:
        text = record["text"]
        if len(text) > LONGEST_TEXT:
            raise ValueError(f"has more than {LONGEST_TEXT:,} characters, and is no post")
        return Post(numbering.identifier(text), text, undated(numbering.place()))

    found = collect([Part(look.name, partial(_records, look, per)) for look in looks], parse, choices.latest)
    profile = Profile(handle, handle, "other", notes=(NO_DATES,))
    return Timeline(profile, tuple(found.posts.values()), found.warnings)


def _post_per(looks: Sequence[Look], choices: Choices) -> PostPer:
    if choices.post_per is None:
        raise SourceError(
            f"{', '.join(look.name for look in looks)}: this is a plain text; say what a post is in it: bot import "
            "HANDLE FILE --post-per line, or --post-per paragraph where empty lines lie between posts"
        )
    return choices.post_per


def _records(look: Look, per: PostPer) -> Iterator[Record]:
    """The texts of the posts, without white space around them. Raises SourceError that names the line."""
    lines: list[str] = []
    for line in _lines(look):
        if line.strip() and per == "paragraph":
            lines.append(line.rstrip())
            if len(lines) > MOST_LINES:
                raise SourceError(
                    f"{look.name}: a paragraph has more than {MOST_LINES:,} lines, and is no post"
                )
        elif line.strip():
            yield {"text": line.strip()}
        elif lines:
            yield {"text": "\n".join(lines).strip()}
            lines = []
    if lines:
        yield {"text": "\n".join(lines).strip()}


def _lines(look: Look) -> Iterator[str]:
    number = 0
    with opened(look.file) as stream:
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise SourceError(
                    f"{look.name}:{number}: longer than {LONGEST_LINE:,} bytes: no text with a post on each line"
                )
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise SourceError(f"{look.name}:{number}: not UTF-8; save the file as UTF-8") from None
