"""Source `jsonl`: one post per line as a JSON object with `id`, `text`, `created_at`.

Optional: `lang`, `is_repost`, `reply_to`, `reply_to_author`, `app`, `sensitive`. Other keys are ignored; gzip is
recognised by its content.
Where `is_repost` is not given, a text that begins `RT @` is one: see `retweets`.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, cast

from bot.errors import SourceError
from bot.io.bounded import Bounds, Unreadable, read_json
from bot.sources.archives import keys
from bot.sources.archives.kind import Choices
from bot.sources.archives.look import Look
from bot.sources.archives.refusals import refusal
from bot.sources.files import opened, shown
from bot.sources.posts import Owner, Post, Profile, Timeline

LONGEST_LINE = 1 << 20
"""Maximum of bytes in a line."""

LINE = Bounds(LONGEST_LINE, values=10_000, whole=False)

MOST_POSTS = 500_000
"""Maximum of posts in a file, so that it does not exhaust the memory."""

MOST_LINES = 2 * MOST_POSTS
"""Maximum of lines, with empty ones and repeated ids."""

MOST_BYTES = 512 << 20
"""Maximum of bytes of all lines, decompressed: a thousand per post."""

_FORM = '{"id": "1", "text": "…", "created_at": "2024-05-01T12:00:00Z"}'
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"


TITLE = "JSON Lines"
SOURCE = "jsonl"
NETWORK = None
READS = ("of each line id, text, created_at, lang, is_repost, reply_to, reply_to_author, app and sensitive",)
NEVER = ("other keys of a line",)
CHOICES = frozenset[str]()


def recognise(look: Look) -> str | None:
    """In which form the lines are; None for another file. An ending counts only where the first line is of no kind."""
    if look.form not in ("file", "gzip"):
        return None
    first = look.head.removeprefix(_BOM).strip().partition(b"\n")[0]
    packed = "compressed" if look.form == "gzip" else "one post a line"
    if first.startswith(b"{"):
        try:
            return packed if "text" in _object(first) else None
        except ValueError:
            pass
    ending = look.file.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson"))
    return packed if ending and refusal(look, known_only=True) is None else None


def owner(looks: Sequence[Look]) -> Owner:
    """An empty owner, without opening the files: lines name none."""
    return Owner()


def check(looks: Sequence[Look], choices: Choices) -> None:
    """Reads every line. Raises SourceError for the first that is not a post."""
    read(looks, "", choices)


def read(looks: Sequence[Look], handle: str, choices: Choices) -> Timeline:
    """All posts of the files; of lines with the same id the last one counts.

    Raises SourceError that names file and line.
    """
    posts: dict[str, Post] = {}
    repeated = 0
    for look in looks:
        for number, line in _lines(look.file):
            try:
                post = keys.post_of(_object(line), choices.latest)
            except ValueError as error:
                raise SourceError(
                    f"{shown(look.file)}:{number}: {error}; write one post a line, such as {_FORM}"
                ) from None
            repeated += post.id in posts
            posts[post.id] = post
            if len(posts) > MOST_POSTS:
                raise SourceError(
                    f"{shown(look.file)}: more than {MOST_POSTS:,} posts; split it, or keep the newest alone"
                )
    warnings = (f"{repeated:,} lines repeat an id; the last of each was taken",) if repeated else ()
    return Timeline(Profile(handle=handle, name=handle, network="other"), tuple(posts.values()), warnings)


def _lines(file: str) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers from 1."""
    with opened(file) as stream:
        packed = stream.read(2) == _GZIP
        stream.seek(0)
        lines = cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if packed else stream
        number = read = 0
        try:
            while line := lines.readline(LONGEST_LINE + 1):
                number += 1
                read += len(line)
                if number > MOST_LINES or read > MOST_BYTES:
                    raise SourceError(
                        f"{shown(file)}:{number}: more than {MOST_LINES:,} lines or {MOST_BYTES:,} bytes; split it, or "
                        "keep the newest posts alone"
                    )
                if len(line) > LONGEST_LINE:
                    raise SourceError(f"{shown(file)}:{number}: longer than {LONGEST_LINE:,} bytes: no post")
                if number == 1:
                    line = line.removeprefix(_BOM)
                if line := line.strip():
                    yield number, line
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise SourceError(
                f"{shown(file)}: damaged or cut short after line {number}; make it again"
            ) from None


def _object(line: bytes) -> dict[str, Any]:
    try:
        record = read_json(line, LINE, "it")
    except Unreadable as error:
        utf8 = ": save the file as UTF-8" if "UTF-8" in str(error) else ""
        raise ValueError(f"{str(error).removeprefix('it is ')}{utf8}") from None
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    return record
