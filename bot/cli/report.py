"""Plans and outcomes as a person reads them: tables that fit an 80-column terminal, and JSON for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from bot.plan import training_time
from bot.plan.outcome import Outcome
from bot.plan.steps import Plan, Step

if TYPE_CHECKING:
    from bot.cli.json_outputs import ApplyOutput
    from bot.corpus import Corpus
    from bot.registry.selection import Selection
    from bot.sources import Cost

WIDTH = 80
"""Width in columns, assumed where output is not a terminal."""

BOLD, RESET = "\x1b[1m", "\x1b[0m"
_GREEN, _RED, _YELLOW, _CYAN, _MAGENTA, _DIM = (f"\x1b[{code}m" for code in (32, 31, 33, 36, 35, 2))
COLOURS = {
    "train": _GREEN,
    "card": _CYAN,
    "remove": _MAGENTA,
    "held": _YELLOW,
    "blocked": _RED,
    "unlisted": _YELLOW,
    "ok": _DIM,
    "published": _DIM,
    "stale": _GREEN,
    "changed": _GREEN,
    "to come": _GREEN,
    "waiting": _YELLOW,
    "to be removed": _MAGENTA,
    "done": _GREEN,
    "failed": _RED,
    "skipped": _YELLOW,
    "deferred": _YELLOW,
    "missing": _RED,
    "warning": _YELLOW,
}
"""The colour of an action or a result, where a terminal shows colours."""


def print_plan(plan: Plan, stream: IO[str], *, everything: bool = False) -> None:
    """Prints the plan as a table, then the counts, the cost, the time and the notes.

    Steps that need nothing are counted, and listed only with `everything`.
    """
    reads = sum(step.estimate.reads for step in plan.steps)
    listed = [step for step in plan.steps if everything or step.status != "ok"]
    if listed:
        timed = any(step.estimate.minutes is not None for step in listed)
        costs = (*(("reads", "USD") if reads else ()), *(("min",) if timed else ()))
        rows = [_row(step, paid=bool(reads), timed=timed) for step in listed]
        print_table(("step", "model", *costs, "why"), rows, stream)
    hidden = " (listed with --all)" if len(listed) < len(plan.steps) else ""
    print(f"Plan: {counted(plan) or 'no steps'}{hidden}.", file=stream)
    if reads:
        usd = sum(step.estimate.usd for step in plan.steps)
        print(f"Cost: about {reads:,} posts and profiles read, {usd:.2f} USD.", file=stream)
    if time := training_time.total(plan.steps):
        print(f"Training time: {time}.", file=stream)
    for note in plan.notes:
        print(f"Note: {note.text}.", file=stream)


def counted(plan: Plan) -> str:
    """`2 train, 30 held, 1 ok`: how many steps there are of each kind; empty without steps."""
    return ", ".join(f"{count:,} {status}" for status, count in plan.statuses.items())


def _row(step: Step, *, paid: bool, timed: bool) -> tuple[str, ...]:
    cost = (f"{step.estimate.reads:,}", f"{step.estimate.usd:.2f}") if step.estimate.reads else ("-", "-")
    minutes = f"{step.estimate.minutes:.0f}" if step.estimate.minutes is not None else "-"
    return (
        step.status,
        step.name,
        *(cost if paid else ()),
        *((minutes,) if timed else ()),
        step.explanation,
    )


def outcomes_json(outcomes: Sequence[Outcome], spent: Cost) -> ApplyOutput:
    """Returns what `apply --json` prints: every outcome, and what reading cost."""
    return {
        "outcomes": [outcome.to_json() for outcome in outcomes],
        "spent": {"reads": spent.reads, "usd": round(spent.usd, 4)},
    }


def print_outcomes(
    outcomes: Sequence[Outcome], plan: Plan, stream: IO[str], spent: Cost | None = None
) -> None:
    """Prints every outcome, failures first, the counts, and what reading cost."""
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
    if all(outcome.action == "blocked" and outcome.result == "skipped" for outcome in outcomes):
        print(f"Nothing to do: {', '.join(counts) or 'no models'}.", file=stream)
    else:
        print(f"Apply: {', '.join(counts)}.", file=stream)
    if spent is not None and spent.reads:
        print(f"Spent: {spent.reads:,} posts and profiles read, {spent.usd:.2f} USD.", file=stream)
    removals = sum(outcome.action == "remove" and outcome.result == "skipped" for outcome in outcomes)
    if removals:
        models = "model" if removals == 1 else "models"
        print(
            f"NOT REMOVED: {removals} published {models} of people who asked to be removed; "
            f"do it with --allow-removals {removals}.",
            file=stream,
        )


def print_corpus(
    corpus: Corpus,
    tokens: int | None,
    stream: IO[str],
    changes: Sequence[Mapping[str, Any]] = (),
    selection: Selection | None = None,
) -> None:
    """Prints the funnel of each account, a row a reason, and whether there is enough to train on.

    `changes`: for each account what each choice would change (`bot.corpus.choices`); those of `selection`, else the
    defaults, are marked as in use.
    """
    from bot.corpus import MIN_CHARACTERS, is_enough
    from bot.corpus.balance import repeat_words

    reasons = dict.fromkeys(reason for account in corpus.accounts for reason in account.dropped)
    rows = [
        ["downloaded", *(f"{account.downloaded:,}" for account in corpus.accounts)],
        *(
            [
                reason.replace("_", " "),
                *(_counted(account.drop_counts().get(reason, 0)) for account in corpus.accounts),
            ]
            for reason in reasons
        ),
        ["kept", *(f"{account.kept:,}" for account in corpus.accounts)],
    ]
    print_table(["posts", *(account.profile.handle for account in corpus.accounts)], rows, stream)
    languages = ", ".join(f"{code} {count:,}" for code, count in list(corpus.languages.items())[:6])
    counted = f", {tokens:,} tokens" if tokens is not None else ""
    print(f"{corpus.characters:,} characters{counted}; languages: {languages or 'not known'}.", file=stream)
    if changes:
        _print_choices(corpus, changes, selection, stream)
    if repeated := repeat_words(corpus.counts):
        print(f"Repeated in each epoch, to balance the voices: {', '.join(repeated)}.", file=stream)
    for warning in corpus.warnings:
        print(f"Warning: {warning}.", file=stream)
    if is_enough(corpus):
        print("Enough to train on.", file=stream)
    else:
        print(f"Not enough: at least {MIN_CHARACTERS:,} characters are needed.", file=stream)


def _print_choices(
    corpus: Corpus, changes: Sequence[Mapping[str, Any]], selection: Selection | None, stream: IO[str]
) -> None:
    """Prints what each choice would change, then the apps and the years that could be left out."""
    from bot.corpus import DEFAULT
    from bot.corpus.choices import WORDS

    mark, given = ("in use", selection) if selection else ("default", DEFAULT)
    rows = []
    for choice, words in WORDS.items():
        counts = [each[choice] for each in changes]
        key, value = choice.split(": ")
        used = f" ({mark})" if getattr(given, key) == value else ""
        if any(counts):
            rows.append((f"{choice}{used}", *(f"{count:,}" for count in counts), words))
    if rows:
        handles = [account.profile.handle for account in corpus.accounts]
        print_table(("choice", *handles, "posts that"), rows, stream)
    for what, key, most in (("Apps", "apps", 6), ("Years", "years", 30)):
        total: Counter[str] = Counter()
        for each in changes:
            total.update(each[key])
        listed = total.most_common(most) if key == "apps" else sorted(total.items())[-most:]
        if listed:
            more = f" and {len(total) - len(listed):,} more" if len(total) > len(listed) else ""
            print(f"{what}: {', '.join(f'{name} {count:,}' for name, count in listed)}{more}.", file=stream)


def _counted(count: int | None) -> str:
    return f"{count:,}" if count is not None else "not fetched"


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]], stream: IO[str]) -> None:
    """Prints rows under a head, wrapped to the screen: no word is broken, since paths and names are copied.

    On a terminal the head is bold and the first column coloured.
    """
    import shutil  # both slow to start, and JSON needs neither
    import textwrap

    table = [tuple(head), *map(tuple, rows)]
    width = shutil.get_terminal_size((80, 24)).columns if stream.isatty() else WIDTH
    columns = [_space([row[at] for row in table], width // 3) for at in range(len(head) - 1)]
    columns.append(max(20, width - sum(columns) - 2 * len(columns)))
    for number, row in enumerate(table):
        cells = [
            textwrap.wrap(" ".join(text.split()), space, break_on_hyphens=False, break_long_words=False)
            or [""]
            for text, space in zip(row, columns, strict=True)
        ]
        for at in range(max(map(len, cells))):
            parts = [
                (lines[at] if at < len(lines) else "").ljust(space)
                for lines, space in zip(cells, columns, strict=True)
            ]
            line = "  ".join(parts).rstrip()
            if stream.isatty():
                style = BOLD if number == 0 else COLOURS.get(row[0], "")
                part = line if number == 0 else parts[0]
                line = f"{style}{part}{RESET}{line.removeprefix(part)}"
            print(line, file=stream)


def _space(cells: Sequence[str], most: int) -> int:
    """A column's width: that of its longest cell up to `most`, and never less than its longest word."""
    word = max((len(word) for cell in cells for word in cell.split()), default=0)
    return max(word, min(max(map(len, cells)), most))


def print_json(value: object, stream: IO[str]) -> None:
    """Prints a JSON document, indented."""
    print(json.dumps(value, indent=2, ensure_ascii=False), file=stream)
