"""A table of posts in CSV that somebody made or exported: a person says which columns hold what.

Without a mapping the names are those of JSON Lines: `text`, `created_at` and `id`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from bot.errors import SourceError
from bot.sources.archives import dates, rows
from bot.sources.archives.collecting import Part, Record, collect
from bot.sources.archives.kind import Choices
from bot.sources.archives.look import Look
from bot.sources.archives.numbering import Numbering
from bot.sources.archives.refusals import refusal
from bot.sources.files import opened
from bot.sources.posts import Owner, Post, Profile, Timeline, undated
from bot.sources.retweets import own_words

TITLE = "a table"
SOURCE = "jsonl"
NETWORK = None
READS = ("the column with the text, and those with the date and the id where they are named",)
NEVER = ("the other columns",)
CHOICES = frozenset(("text_column", "date_column", "id_column", "date_format"))

NO_DATES = "the file gives no dates: nothing shows when these posts were written, and no post counts as new by its date"
"""The note on posts whose file has no dates."""

_ENDINGS = (".csv", ".tsv", ".tab")
_TEXTS = frozenset(("text", "body", "content", "message", "post", "posts", "full_text", "tweet", "caption"))
_MOST_NAMES = 12  # of columns in a sentence
_JSON = re.compile(rb"\s*[\[{]")


def recognise(look: Look) -> str | None:
    """`CSV`; None for another file. An ending counts only where the content is not that of another kind."""
    if look.form != "file" or _JSON.match(look.head):
        return None
    names = rows.columns(rows.first_line(look.head))
    if len(names) > 1 and not _TEXTS.isdisjoint(names):
        return "CSV"
    named = look.file.lower().endswith(_ENDINGS) and any(names) and b"\0" not in look.head
    return "CSV" if named and refusal(look, known_only=True) is None else None


def owner(looks: Sequence[Look]) -> Owner:
    """An empty owner: tables name none."""
    return Owner()


def check(looks: Sequence[Look], choices: Choices) -> None:
    """Checks that the columns are there, without reading rows."""
    for look in looks:
        _columns(look, choices)


def read(looks: Sequence[Look], handle: str, choices: Choices) -> Timeline:
    """The rows of all tables as posts. Those without an id get one that the same text has in every table."""
    parts: list[Part] = []
    has_dates = True
    for look in looks:
        text, date, identifier = _columns(look, choices)
        has_dates = has_dates and date is not None
        parts.append(Part(look.name, partial(_records, look, text, date, identifier)))
    found = collect(parts, _parser(choices.date_format), choices.latest)
    warnings = list(found.warnings)
    if found.left_out:
        warnings.append(f"rows left out, since they have no text: {found.left_out:,}")
    profile = Profile(handle, handle, "other", notes=() if has_dates else (NO_DATES,))
    return Timeline(profile, tuple(found.posts.values()), tuple(warnings))


def _columns(look: Look, choices: Choices) -> tuple[str, str | None, str | None]:
    """The columns of text, date and id. Raises SourceError that lists the columns where one is missing."""
    names = rows.columns(rows.first_line(look.head))
    listed = ", ".join(map(repr, names[:_MOST_NAMES])) + (", …" if len(names) > _MOST_NAMES else "")

    def column(chosen: str | None, usual: str, flag: str) -> str | None:
        name = (chosen or usual).strip().lower()
        if name in names:
            return name
        if chosen is None:
            return None
        raise SourceError(f"{look.name}: it has no column {chosen!r} ({flag}); its columns are {listed}")

    text = column(choices.text_column, "text", "--text-column")
    if text is None:
        raise SourceError(
            f"{look.name}: this is a table with the columns {listed}; say which holds the text of a post: bot import "
            "HANDLE FILE --text-column NAME, and --date-column NAME where there is one"
        )
    date = column(choices.date_column, "created_at", "--date-column")
    return text, date, column(choices.id_column, "id", "--id-column")


def _records(look: Look, text: str, date: str | None, identifier: str | None) -> Iterator[Record]:
    with opened(look.file) as stream:
        for row in rows.rows(stream, look.name):
            yield {
                "text": row[text],
                "date": row[date] if date else None,
                "id": row[identifier] if identifier else "",
            }


def _parser(form: str | None) -> Callable[[Record], Post | None]:
    numbering = Numbering()

    def parse(record: Record) -> Post | None:
        text, date = record["text"].strip(), record["date"]
        if not text:
            return None
        created = undated(numbering.place()) if date is None else dates.moment(date, form)
        if created is None:
            wrong = (
                f"not written as {form}"
                if form
                else f"{dates.FORMS}; say how it is written with --date-format"
            )
            raise ValueError(f"has a date that is {wrong}")
        words = own_words(text)
        return Post(
            record["id"].strip() or numbering.identifier(date or "", text),
            words or "",
            created,
            is_repost=words is None,
        )

    return parse
