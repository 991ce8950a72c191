"""Plans and outcomes as a person reads them: tables that fit an 80-column terminal, and JSON for machines."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any, Literal

from bot.corpus import MIN_CHARACTERS, Corpus, is_enough
from bot.steps import Plan

Result = Literal["done", "failed", "skipped", "deferred"]

COLOURS = {
    "train": "green",
    "card": "cyan",
    "remove": "magenta",
    "blocked": "red",
    "unlisted": "yellow",
    "ok": "dim",
    "done": "green",
    "failed": "red",
    "skipped": "yellow",
    "deferred": "yellow",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step. `commit` is what was published, `seconds` the wall time of the whole step."""

    name: str
    action: str
    result: Result
    reason: str
    commit: str | None = None
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The outcome as `apply --json` prints it."""
        return {
            "name": self.name,
            "action": self.action,
            "result": self.result,
            "reason": self.reason,
            "commit": self.commit,
            "seconds": round(self.seconds, 3),
        }


def print_plan(plan: Plan, stream: IO[str]) -> None:
    """The plan as a table, what will be done first; then the counts, the cost and the notes."""
    if plan.steps:
        rows = [(step.action, step.name, step.reason) for step in plan.steps]
        print_table(("step", "model", "why"), rows, stream)
    counts = ", ".join(f"{count} {action}" for action, count in plan.counts.items())
    print(f"Plan: {counts or 'nothing in the registry, nothing to do'}.", file=stream)
    reads = sum(step.estimate.reads for step in plan.steps)
    if reads:
        usd = sum(step.estimate.usd for step in plan.steps)
        print(f"Cost: up to {reads:,} posts read, {usd:.2f} USD.", file=stream)
    for note in plan.notes:
        print(f"Note: {note}.", file=stream)


def print_outcomes(outcomes: Sequence[Outcome], plan: Plan, stream: IO[str]) -> None:
    """What became of every step, failures first; nothing to do is said in a sentence."""
    order = {"failed": 0, "deferred": 1, "skipped": 2, "done": 3}
    ranked = sorted(outcomes, key=lambda outcome: order[outcome.result])
    if ranked:
        rows = [(o.result, o.name, o.reason) for o in ranked]
        print_table(("result", "model", "what happened"), rows, stream)
    idle = plan.counts.get("ok", 0)
    counts = [
        f"{sum(o.result == result for o in outcomes)} {result}"
        for result in ("done", "failed", "deferred", "skipped")
        if any(o.result == result for o in outcomes)
    ]
    if idle:
        counts.append(f"{idle} up to date")
    if not any(outcome.result in {"done", "failed", "deferred"} for outcome in outcomes):
        print(f"Nothing to do: {', '.join(counts) or 'the registry lists no models'}.", file=stream)
    else:
        print(f"Apply: {', '.join(counts)}.", file=stream)


def print_corpus(corpus: Corpus, tokens: int | None, stream: IO[str]) -> None:
    """The funnel of each account, a row a reason, and whether there is enough to train on."""
    reasons = dict.fromkeys(reason for account in corpus.accounts for reason in account.dropped)
    rows = [
        ["downloaded", *(f"{account.downloaded:,}" for account in corpus.accounts)],
        *(
            [
                reason.replace("_", " "),
                *(f"{account.dropped.get(reason, 0):,}" for account in corpus.accounts),
            ]
            for reason in reasons
        ),
        ["kept", *(f"{account.kept:,}" for account in corpus.accounts)],
    ]
    print_table(["posts", *(account.profile.handle for account in corpus.accounts)], rows, stream)
    languages = ", ".join(f"{code} {count:,}" for code, count in list(corpus.languages.items())[:6])
    counted = f", {tokens:,} tokens" if tokens is not None else ""
    print(f"{corpus.characters:,} characters{counted}; languages: {languages or 'not known'}.", file=stream)
    for warning in corpus.warnings:
        print(f"Warning: {warning}.", file=stream)
    if is_enough(corpus):
        print("Enough to train on.", file=stream)
    else:
        print(f"Not enough: at least {MIN_CHARACTERS:,} characters are needed.", file=stream)


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]], stream: IO[str]) -> None:
    """Rows under a head, the last column wrapped to the terminal's width; the first column coloured."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for title in head[:-1]:
        table.add_column(title, no_wrap=False, overflow="fold")
    table.add_column(head[-1], overflow="fold", ratio=1)
    for first, *rest in rows:
        table.add_row(Text(first, style=COLOURS.get(first, "")), *map(Text, rest))
    width = shutil.get_terminal_size((80, 24)).columns
    if stream.isatty():
        Console(file=stream, width=width).print(table)
        return
    text = io.StringIO()
    Console(file=text, width=max(80, width), color_system=None).print(table)
    stream.write("\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n")


def print_json(value: object, stream: IO[str]) -> None:
    """A JSON document, indented, in UTF-8."""
    print(json.dumps(value, indent=2, ensure_ascii=False), file=stream)
