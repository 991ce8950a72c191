"""A review as Markdown: whole for a job's summary, short for the one comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot import review as room
from bot.markdown import code, cut, prose, table
from bot.paths import TEMPLATES
from bot.review import Review, Row
from bot.summaries import cost

MARK = "<!-- mynah: review -->"
"""What the one comment begins with, by which it is found again."""
ROWS = 40
"""Rows of a table in a comment: more are in the summary."""
MOST_COMMENT = 50_000
EVERYTHING = 20_000


def whole(review: Review) -> str:
    """Everything, for the job's summary."""
    return _rendered(review, EVERYTHING)


def comment(review: Review) -> str:
    """The comment: marked, and short enough to be posted."""
    note = "The rest is in the summary of the check."
    return f"{MARK}\n" + cut(_rendered(review, ROWS), MOST_COMMENT, note)


def sentence(review: Review) -> str:
    """The result on one line."""
    if review.faults:
        return f"{len(review.faults)} to mend before this can be merged"
    if not review.touches:
        return "this changes nothing about the models"
    if review.rows is None:
        return "no faults; what would happen is not known, since the Hub did not answer"
    told = room.counts(review.rows)
    after = ", ".join(f"{number} {what}" for what, number in told.items() if number)
    return f"no faults; after the merge: {after or 'nothing to do'}"


def _rendered(review: Review, most: int) -> str:
    from bot.card.environment import render_template

    shown = [row for row in review.rows or () if not (row.action == "blocked" and row.listed)]
    rows = sorted(shown, key=lambda row: (row.name not in review.added, row.action == "ok"))
    told = room.counts(rows)
    variables = {
        "touches": review.touches,
        "added": list(map(code, review.added[:most])),
        "changed": list(map(code, review.changed[:most])),
        "removed": list(map(code, review.removed[:most])),
        "more": max(0, max(map(len, (review.added, review.changed, review.removed))) - most),
        "faults": table(
            ("line", "what is wrong, and how to mend it"),
            [(code(f"{f.path}:{f.line}:{f.column}"), prose(f.message, 1000)) for f in review.faults[:most]],
        ),
        "fault_count": len(review.faults),
        "elsewhere": review.elsewhere,
        "loud": list(map(prose, review.loud)),
        "notes": list(map(prose, review.notes)),
        "known": review.rows is not None,
        "steps": table(("step", "model", "why", "cost"), _cells(rows[:most])),
        "left_out": max(0, len(rows) - most),
        "train": told["train"],
        "card": told["card"],
        "remove": told["remove"],
        "blocked": told["blocked"],
        "held": told["held"],
        "reads": sum(row.reads for row in rows if not row.held),
        "usd": sum(row.usd for row in rows if not row.held),
        "preview": not review.faults
        and bool(review.added or review.changed or any(row.action == "card" for row in rows)),
        "commit": code(review.head[:7]),
    }
    return re.sub(r"\n{3,}", "\n\n", render_template("pr_comment.md.j2", variables, TEMPLATES)).lstrip("\n")


def _cells(rows: Sequence[Row]) -> list[tuple[object, ...]]:
    return [
        (
            f"{row.action} (held)" if row.held else row.action,
            code(row.name),
            prose(row.reason),
            cost(row.reads, row.usd),
        )
        for row in rows
    ]
