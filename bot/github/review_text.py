"""A review as Markdown: whole for a job's summary, short for the one comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import cast

from markupsafe import Markup

from bot.github.review import Review, Row, Voice, counts
from bot.github.summaries import cost
from bot.io.paths import TEMPLATES
from bot.render.markdown import code, cut, link, prose, table
from bot.sources import SOURCES, network_of
from bot.sources.handles import Source, if_valid, profile_url

MARK = "<!-- mynah: review -->"
"""What the one comment begins with, by which it is found again."""
ROWS = 40
"""Rows of a table in a comment: more are in the summary."""
MOST_COMMENT = 50_000
OWN_WORD = Markup(" (its own word)")
"""Stands behind what a pull request's own code may have invented."""
EVERYTHING = 20_000


UNREAD = "Its check left no review that can be read, so what would happen to the models is not known."
NEWER = (
    "Its check ran a newer version of the bot than the main branch, which cannot read that review: what would happen "
    "stands in the summary of the check."
)
"""Why a comment shows no review."""


def whole(review: Review) -> str:
    """Everything, for the job's summary."""
    return _rendered(review, EVERYTHING)


def comment(review: Review, cautions: Sequence[str] = (), preview: str | None = None) -> str:
    """The comment: marked, and short enough to be posted. `preview` is the address of the page of its cards.

    `cautions` are known without the review. Where there are any, its own code may have made the rest, and it says so.
    """
    note = "The rest is in the summary of the check."
    return f"{MARK}\n" + cut(_rendered(review, ROWS, cautions, preview), MOST_COMMENT, note)


def without_review(head: str, cautions: Sequence[str], why: str = UNREAD) -> str:
    """The comment on a pull request whose check left no review that can be read, of the commit `head`, and `why`."""
    said = "".join(f"> [!CAUTION]\n> {prose(sentence, 1000)}\n\n" for sentence in cautions)
    return f"{MARK}\n### No review\n\n{said}{why}\n\n<sub>Of commit {code(head[:7])}.</sub>\n"


def too_many(listed: int) -> str:
    """The caution on a pull request of which not every file was looked at."""
    return (
        f"It changes more than the {listed:,} files that were looked at: whether others run with the fleet's tokens "
        "is not known."
    )


def sentence(review: Review) -> str:
    """The result on one line."""
    if review.faults:
        return f"{len(review.faults)} to fix before this can be merged"
    if not review.touches:
        return "this changes nothing about the models"
    if review.rows is None:
        return "no faults; what would happen is not known, since the Hub did not answer"
    numbers = counts(review.rows)
    after = ", ".join(f"{number} {what}" for what, number in numbers.items() if number)
    upgrade = f"; {review.upgrade.sentences[0]}".removesuffix(".") if review.upgrade is not None else ""
    return f"no faults; after the merge: {after or 'nothing to do'}{upgrade}"


def _rendered(review: Review, most: int, cautions: Sequence[str] = (), preview: str | None = None) -> str:
    from bot.render.environment import render_template

    shown = [row for row in review.rows or () if not (row.action == "blocked" and row.listed)]
    rows = sorted(shown, key=lambda row: (row.name not in review.added, row.action == "ok"))
    numbers = counts(rows)
    variables = {
        "touches": review.touches,
        "added": list(map(code, review.added[:most])),
        "people": list(_people(review, most)),
        "changed": list(map(code, review.changed[:most])),
        "removed": list(map(code, review.removed[:most])),
        "more": max(0, max(map(len, (review.added, review.changed, review.removed))) - most),
        "faults": table(
            ("line", "what is wrong, and how to fix it"),
            [(code(f"{f.path}:{f.line}:{f.column}"), prose(f.message, 1000)) for f in review.faults[:most]],
        ),
        "fault_count": len(review.faults),
        "elsewhere": review.elsewhere,
        "cautions": [prose(sentence, 1000) for sentence in cautions],
        "upgrade": list(map(prose, review.upgrade.sentences)) if review.upgrade is not None else [],
        "loud": [prose(sentence) for sentence in review.loud if sentence not in cautions],
        "notes": list(map(prose, review.notes)),
        "known": review.rows is not None,
        "steps": table(
            ("step", "model", "why", "cost" + OWN_WORD if cautions else "cost"), _cells(rows[:most])
        ),
        "own_word": OWN_WORD if cautions else "",
        "left_out": max(0, len(rows) - most),
        "train": numbers["train"],
        "card": numbers["card"],
        "remove": numbers["remove"],
        "blocked": numbers["blocked"],
        "held": numbers["held"],
        "reads": sum(row.reads for row in rows if not row.held),
        "usd": sum(row.usd for row in rows if not row.held),
        "time": prose(review.time) if review.time else "",
        "preview": not review.faults
        and bool(review.added or review.changed or any(row.action == "card" for row in rows)),
        "preview_link": link("See how the cards would look", preview) if preview else "",
        "commit": code(review.head[:7]),
    }
    return re.sub(r"\n{3,}", "\n\n", render_template("pr_comment.md.j2", variables, TEMPLATES)).lstrip("\n")


def _people(review: Review, most: int) -> Iterator[Markup]:
    """A line for each model that is added or changed: whose accounts it imitates, and who agreed where."""
    models: dict[str, list[Voice]] = {}
    for voice in review.voices:
        models.setdefault(voice.model, []).append(voice)
    for name, voices in list(models.items())[:most]:
        accounts = Markup(" and ").join(map(_account, voices))
        together = (
            f", ONE model (a cyborg) of these {len(voices)} accounts together" if len(voices) > 1 else ""
        )
        yield Markup("{}: {} ({}){}; consent: {}").format(
            code(name), accounts, prose(voices[0].source), together, _agreed(voices[0].consent)
        )


def _account(voice: Voice) -> Markup:
    """A handle as a link to its page, where it is a handle of that network."""
    valid = voice.source in SOURCES and if_valid(voice.handle, cast("Source", voice.source)) == voice.handle
    page = profile_url(voice.handle, network_of(voice.source)) if valid else None
    return link(voice.handle, page) if page else code(voice.handle)


def _agreed(consent: str | None) -> Markup:
    if consent is None:
        return Markup("none is recorded")
    return Markup("the owner's own word (self)") if consent == "self" else code(consent)


def _cells(rows: Sequence[Row]) -> list[tuple[object, ...]]:
    return [
        (
            "held" if row.held else row.action,
            code(row.name),
            prose(f"{row.action}: {row.reason}" if row.held else row.reason),
            cost(row.reads, row.usd, row.minutes),
        )
        for row in rows
    ]
