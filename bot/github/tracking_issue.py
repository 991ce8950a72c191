"""The one issue that tells of failures that last: which entries, why, since which run. Text in, text out.

The issue is its own memory: the names it speaks of stand in it, in a form for machines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.io.bounded import Bounds, Unreadable, read_json
from bot.plan.outcome import Outcome
from bot.plan.steps import Step
from bot.render.markdown import code, cut, prose, table

LABEL = "fleet"
"""The label by which the issue is found; people who may label issues are trusted."""
TITLE = "Models that could not be made"
MOST = 40_000
"""Characters of the table; with what is remembered it stays below GitHub's 65,536."""
MOST_NAMES = 200
"""Names of each kind that are remembered: with more, something else than single entries is broken."""
_MARK = re.compile(r"<!-- mynah: failing (\[.*?\]) once (\[.*?\]) -->")
UNSEEN = "not looked at in the last run"


@dataclass(frozen=True, slots=True)
class Memory:
    """What the issue remembers: the names that fail for longer, and those that failed in the last run alone."""

    failing: tuple[str, ...] = ()
    once: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said now: why each entry fails that fails for longer, and which failed for the first time."""

    failing: Mapping[str, str]
    once: tuple[str, ...]


def judge(
    steps: Iterable[Step], outcomes: Iterable[Outcome], memory: Memory | None, *, partial: bool
) -> Verdict:
    """Which failures last.

    Those of entries that wait after an earlier failure, and of entries that the last run saw fail as well. Without
    an issue there is no memory, and the first failure counts. What was not looked at stays as it was: a step
    without an outcome, and in a run that was `partial` every entry that it left out.
    """
    planned = {step.name: step for step in steps}
    results = {outcome.name: outcome for outcome in outcomes}
    known = memory or Memory()
    failed = {name: one.reason for name, one in results.items() if one.result == "failed"}
    waiting = {name: step.reason for name, step in planned.items() if step.cause == "waiting"}
    before = {*known.failing, *known.once}
    lasting = waiting | {name: why for name, why in failed.items() if memory is None or name in before}

    def unseen(name: str) -> bool:
        if name in results:
            return results[name].result == "deferred"
        step = planned.get(name)
        return partial if step is None else step.action in ("train", "card", "remove")

    lasting |= {name: UNSEEN for name in known.failing if name not in lasting and unseen(name)}
    once = {*failed, *(name for name in known.once if unseen(name))} - lasting.keys()
    return Verdict(dict(sorted(lasting.items())), tuple(sorted(once)))


def memory_of(body: str) -> Memory:
    """What an issue of ours remembers; nothing where it was edited beyond reading."""
    found = _MARK.match(body)
    try:
        lists = [read_json(part, Bounds(1 << 20), "it") for part in found.groups()] if found else [[], []]
    except Unreadable:
        return Memory()
    failing, once = (
        tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
        for names in lists
    )
    return Memory(failing, once)


def body(verdict: Verdict, run: str | None, spent: str = "") -> str:
    """The text of the issue: what fails for longer, or that nothing does. `spent`: the last run's cost."""
    failures = verdict.failing
    if not failures:
        last = f" ([last run]({run}))" if run else ""
        return (
            _marked(verdict)
            + f"Nothing fails for longer than one run{last}. The bot opens this again when it does.\n"
        )
    rows = [(code(name), prose(reason)) for name, reason in failures.items()]
    last = f"[The last run]({run}) says more. " if run else ""
    last += f"In the last run {spent} " if spent else ""
    few = len(failures) == 1
    text = (
        f"{len(failures)} {'entry fails' if few else 'entries fail'}; the others are not held up by it.\n\n"
        f"{table(('model', 'why'), rows)}\n"
        f"{last}Each is tried again by itself, after a growing pause, or at once when its entry changes or the "
        "workflow `publish` is run with its name in `only`. The bot keeps this issue up to date, and closes it when "
        "nothing fails any more.\n"
    )
    return _marked(verdict) + cut(text, MOST, "More are in the summary of the last run.")


def _marked(verdict: Verdict) -> str:
    # No name may end the comment that it stands in.
    failing, once = (
        json.dumps(sorted(names)[:MOST_NAMES]).replace("<", "\\u003c").replace(">", "\\u003e")
        for names in (verdict.failing, verdict.once)
    )
    return f"<!-- mynah: failing {failing} once {once} -->\n"
