"""The statistics table of an older card, read although it may be none: a `|` in a name breaks a Markdown table.

What saves it: how many accounts there are is known, numbers stand at the end of their rows, and the names stand
a second time in the card's head, joined by another mark.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

ROWS = {
    "tweets downloaded": "downloaded",
    "retweets": "retweets",
    "short tweets": "short",
    "tweets kept": "kept",
}
"""A row's label, in lower case, and what it counts."""
SINGLE = "Quantity"
"""The only column's title on cards that were made for one account."""
MAX_MARKS = 12
"""How many `&` names may hold in all: each doubles the ways to cut."""
_LABEL = re.compile(r"\s*\|\s*(" + "|".join(ROWS) + r")\s*\|(.*)", re.IGNORECASE)
_HEAD = re.compile(r"\s*\|\s*Data\s*\|(.*)", re.IGNORECASE)
_RULE = re.compile(r"\s*\|(?:\s*:?-+:?\s*\|)+\s*\Z")
_NUMBER = re.compile(r"\d+|\d{1,3}(?:[,.' \u00a0\u2009\u202f_]\d{3})+", re.ASCII)
_PIPE = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Counts:
    """One column of the table."""

    downloaded: int
    retweets: int
    short: int
    kept: int

    def fault(self) -> str | None:
        """Why these numbers cannot all be true, or None."""
        if self.kept > self.downloaded:
            return f"{self.kept:,} kept are more than {self.downloaded:,} downloaded"
        total = self.retweets + self.short + self.kept
        if total != self.downloaded:
            return (
                f"{self.downloaded:,} downloaded are not {self.retweets:,} retweets + {self.short:,} short + "
                f"{self.kept:,} kept, which make {total:,}"
            )
        return None


@dataclass(frozen=True, slots=True)
class Table:
    """The table as text: what follows `Data` in its head (None: no head), and the cells of each row by its meaning."""

    head: str | None
    rows: dict[str, tuple[str, ...]]
    faults: tuple[str, ...] = ()


def find(section: str) -> Table | None:
    """The table in a section's text, or None when no row of it is there."""
    rows: dict[str, tuple[str, ...]] = {}
    faults: list[str] = []
    head: list[str] = []
    in_head = False
    for line in section.splitlines():
        if row := _LABEL.fullmatch(line):
            meaning = ROWS[row[1].lower()]
            if meaning in rows:
                faults.append(f"the row {row[1]!r} stands twice")
            rows[meaning] = tuple(_cells(row[2]))
            in_head = False
        elif _RULE.fullmatch(line):
            in_head = False
        elif found := _HEAD.fullmatch(line):
            head, in_head = [found[1]], True
        elif in_head and line.strip():
            head.append(line)  # a name with a line break
    if not rows:
        return None
    return Table(" ".join(head).strip() if head else None, rows, tuple(faults))


def counts(table: Table, accounts: int) -> tuple[list[Counts], list[str]]:
    """The columns, one an account, and sentences on what is not certain; then there are no columns."""
    faults = list(table.faults)
    numbers: dict[str, list[int]] = {}
    for label, meaning in ROWS.items():
        cells = table.rows.get(meaning)
        if cells is None:
            faults.append(f"the row {label!r} is missing")
            continue
        found = [_number(cell) for cell in cells if _NUMBER.fullmatch(cell)]
        if len(found) == accounts and all(_NUMBER.fullmatch(cell) for cell in cells[-accounts:]):
            numbers[meaning] = found
        else:
            faults.append(
                f"the row {label!r} holds {len(found)} number{'s' * (len(found) != 1)} for {accounts} "
                f"account{'s' * (accounts != 1)}: {' | '.join(cells)[:80] or 'nothing'}"
            )
    if faults:
        return [], faults
    return [Counts(**{key: row[at] for key, row in numbers.items()}) for at in range(accounts)], []


def column_names(head: str | None, joined: str | None, accounts: int) -> list[str] | None:
    """The accounts' display names in the columns' order, or None when they are ambiguous.

    `head` is the table's, `joined` the line of names in the card's head, with ` & ` between them. A name may
    hold either mark: only one way to cut the line makes the table's head again.
    """
    if accounts == 1:
        title = None if head is None else _text(head).strip()
        return [joined] if joined is not None else [title] if title and title != SINGLE else None
    if head is None:
        return None
    if joined is None:
        cells = [_text(cell) for cell in _PIPE.split(_inner(head))]
        return [cell.strip() for cell in cells] if len(cells) == accounts else None
    parts = f" {joined} ".split(" & ")
    if not accounts <= len(parts) <= accounts + MAX_MARKS:
        return None
    wanted = {_bare(html.unescape(_inner(head))), _bare(_text(head))}  # as written, or escaped by hand
    for cuts in combinations(range(1, len(parts)), accounts - 1):
        names = _grouped(parts, cuts)
        if _bare("|".join(names)) in wanted:  # another cut has its mark elsewhere, so no second one fits
            return [name.strip() for name in names]
    return None


def _grouped(parts: Sequence[str], cuts: Sequence[int]) -> list[str]:
    edges = (0, *cuts, len(parts))
    return [" & ".join(parts[first:last]) for first, last in pairwise(edges)]


def _inner(row: str) -> str:
    """A row without the mark at its end."""
    return row.strip().removesuffix("|")


def _text(cell: str) -> str:
    """What a reader sees of a row or cell."""
    return html.unescape(_inner(cell).replace("\\|", "|"))


def _bare(text: str) -> str:
    return "".join(text.split())


def _cells(row: str) -> list[str]:
    return [cell for cell in map(str.strip, _PIPE.split(row)) if cell]


def _number(cell: str) -> int:
    return int("".join(filter(str.isdigit, cell)))
