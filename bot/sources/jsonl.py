"""Source `jsonl`: one post per line as a JSON object with `id`, `text`, `created_at`.

Optional: `lang`, `is_repost`, `reply_to`, `reply_to_author`, `app`, `sensitive`. Other keys are ignored; gzip is
recognised by its content.
Where `is_repost` is not given, a text that begins `RT @` is one: see `retweets`.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

from bot.errors import SourceError
from bot.io.bounded import Bounds, Unreadable, read_json
from bot.sources.archives.kind import Choices
from bot.sources.archives.look import Look
from bot.sources.archives.refusals import refusal
from bot.sources.files import opened, shown
from bot.sources.posts import LONGEST_APP, Owner, Post, Profile, Timeline
from bot.sources.retweets import own_words

LONGEST_LINE = 1 << 20
"""Maximum of bytes in a line."""

LINE = Bounds(LONGEST_LINE, values=10_000, whole=False)

MOST_POSTS = 500_000
"""Maximum of posts in a file, so that it does not exhaust the memory."""

MOST_LINES = 2 * MOST_POSTS
"""Maximum of lines, with empty ones and repeated ids."""

MOST_BYTES = 512 << 20
"""Maximum of bytes of all lines, decompressed: a thousand per post."""

LONGEST_TEXT = 100_000
"""Maximum of characters in one post."""

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
                post = _post(line, choices.latest)
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


def _post(line: bytes, latest: datetime) -> Post:
    """Parses one line. Raises ValueError that says what is wrong, without the text."""
    record = _object(line)
    identifier = record.get("id")
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        identifier = str(identifier)
    if not isinstance(identifier, str) or not identifier.strip():
        raise ValueError("id is missing or no text")
    text = record.get("text")
    if not isinstance(text, str):
        raise ValueError("text is missing or no text")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"text has more than {LONGEST_TEXT:,} characters, and is no post")
    words = own_words(text) if record.get("is_repost") is None else text
    return Post(
        id=identifier.strip(),
        text=words or "",
        created_at=_moment(record.get("created_at"), latest),
        lang=_optional(record, "lang"),
        is_repost=_flag(record, "is_repost") or words is None,
        reply_to=_optional(record, "reply_to"),
        sensitive=_flag(record, "sensitive"),
        reply_to_author=_optional(record, "reply_to_author"),
        app=(_optional(record, "app") or "")[:LONGEST_APP] or None,
    )


def _object(line: bytes) -> dict[str, Any]:
    try:
        record = read_json(line, LINE, "it")
    except Unreadable as error:
        utf8 = ": save the file as UTF-8" if "UTF-8" in str(error) else ""
        raise ValueError(f"{str(error).removeprefix('it is ')}{utf8}") from None
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    return record


def _moment(value: object, latest: datetime) -> datetime:
    """The time of ISO 8601 (UTC without an offset) or seconds since 1970. ValueError if later than `latest`."""
    moment: datetime | None = None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            given = datetime.fromisoformat(value.strip())
            moment = given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    if moment is None:
        raise ValueError("created_at is no date in ISO 8601 and no number of seconds since 1970")
    if moment > latest:
        raise ValueError("created_at lies in the future, and later posts would never count as new")
    return moment


def _optional(record: dict[str, Any], key: str) -> str | None:
    value = record.get(key)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{key} is no text")


def _flag(record: dict[str, Any], key: str) -> bool:
    value = record.get(key, False)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise ValueError(f"{key} is neither true nor false")
