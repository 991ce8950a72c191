"""The one issue on entries that fail or wait: which, why, and a box to tick for another try. Text in, text out.

The issue is its own memory: the names that it lists stand in it, in a form for machines. A run is red for others only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.io.bounded import Bounds, Unreadable, read_json
from bot.plan.outcome import Outcome
from bot.plan.steps import Step
from bot.render.markdown import code, cut, prose

LABEL = "fleet"
"""The label by which the issue is found; people who may label issues are trusted."""
TITLE = "Models that could not be made"
MOST = 40_000
"""Bytes of the list; with what is remembered it stays below GitHub's 65,536."""
MOST_NAMES = 200
"""Names that are remembered: with more, something else than single entries is broken."""
UNSEEN = "not looked at in the last run"
_BOUNDS = Bounds(1 << 20, depth=8)
_MARK = re.compile(r"<!-- mynah: (\{.*?\}) -->")
_MARK_BEFORE_0_2 = re.compile(r"<!-- mynah: failing (\[.*?\]) once (\[.*?\]) -->")
_TICKED = re.compile(r'^- \[[xX]\] .*<!-- try (".*?") -->\s*$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Memory:
    """What the issue remembers: the names that it lists, whether there were more of them, and whether a guard held.

    Where there were more, no name counts as new: the rest is not known.
    """

    known: tuple[str, ...] = ()
    more: bool = False
    held: bool = False

    def knows(self, name: str) -> bool:
        """Whether the entry failed or waited before."""
        return self.more or name in self.known


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong now: why each entry fails or waits, how many steps a guard holds, and what of it is new.

    `new` are names of entries, `new_hold` says that a guard holds steps that it did not hold before. `removals` are
    failed removals by their alias: each is new every time, since a person waits for it. `tried` were tried in this run.
    """

    failing: Mapping[str, str]
    held: int = 0
    removals: Mapping[str, str] | None = None
    new: tuple[str, ...] = ()
    new_hold: bool = False
    tried: frozenset[str] = frozenset()

    @property
    def is_new(self) -> bool:
        """Whether anything is wrong that the issue did not say before: then the run is red."""
        return bool(self.new or self.new_hold or self.removals)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.failing or self.held or self.removals)


def judge(
    steps: Iterable[Step], outcomes: Iterable[Outcome], memory: Memory | None, *, partial: bool
) -> Verdict:
    """The verdict on a run, by what the issue remembers; without an issue everything is new.

    What was not looked at stays as it was: a step that was due and has no outcome, and in a run that was `partial`
    every entry that it left out.
    """
    planned = {step.name: step for step in steps}
    results = {outcome.name: outcome for outcome in outcomes}
    before = memory or Memory()
    wrong = {name: one for name, one in results.items() if one.result in ("failed", "deferred")}
    removals = {name: one.reason for name, one in wrong.items() if one.action == "remove"}
    failing = {name: step.reason for name, step in planned.items() if step.cause == "waiting"}
    failing |= {name: one.reason for name, one in wrong.items() if name not in removals}
    new = tuple(sorted(name for name in failing if not before.knows(name)))

    def unseen(name: str) -> bool:
        step = planned.get(name)
        return name not in results and (
            partial if step is None else step.action in ("train", "card") and not step.held
        )

    failing |= {name: UNSEEN for name in before.known if name not in failing and unseen(name)}
    tried = frozenset(
        name for name in results if name in planned and planned[name].action in ("train", "card")
    )
    held = sum(step.held for step in planned.values())
    return Verdict(
        dict(sorted(failing.items())),
        held,
        dict(sorted(removals.items())),
        new,
        held > 0 and not before.held,
        tried,
    )


def memory_of(body: str) -> Memory:
    """What an issue of ours remembers; nothing where it was edited beyond reading."""
    try:
        if found := _MARK_BEFORE_0_2.match(body):
            lists = [read_json(part, _BOUNDS, "it") for part in found.groups()]
            return Memory(tuple(name for names in lists for name in _texts(names)))
        value = read_json(found[1], _BOUNDS, "it") if (found := _MARK.match(body)) else {}
    except Unreadable:
        return Memory()
    return Memory(_texts(value.get("known")), value.get("more") is True, value.get("held") is True)


def ticked(body: str) -> tuple[str, ...]:
    """The listed entries whose box is ticked, each once. Anybody who may edit the text may have written it."""
    known = set(memory_of(body).known)
    found: dict[str, None] = {}
    for text in _TICKED.findall(body):
        try:
            name = read_json(text, _BOUNDS, "it")
        except Unreadable:
            continue
        if isinstance(name, str) and name in known:
            found[name] = None
    return tuple(found)


def body(verdict: Verdict, run: str | None, spent: str = "", ticks: Collection[str] = ()) -> str:
    """The text of the issue. `spent`: the last run's cost. `ticks`: boxes ticked, carried over to the next run."""
    last = f"[The last run]({run}) says more. " if run else ""
    if verdict.is_empty:
        ended = f" ([last run]({run}))" if run else ""
        return (
            f"{_mark(verdict)}Nothing fails or waits{ended}. The bot opens this again when something does.\n"
        )
    listed = "".join(f"{line}\n" for line in _lines(verdict, ticks))
    count = len(verdict.failing)
    fails = "entry fails or waits" if count == 1 else "entries fail or wait"
    head = f"{count:,} {fails}; the others are not held up by it.\n\n" if count else ""
    cost = f"In the last run {spent} " if spent else ""
    boxes = (
        "**Tick a box to have an entry tried again by the next run**, without the rest of its pause; to have that "
        "run at once, start the workflow `publish`. Only ticks of people who may write to this repository count. "
        "Without one, an entry is tried again by itself after a growing pause, or when it changes.\n\n"
        if verdict.failing
        else ""
    )
    end = "The bot keeps this issue up to date, and closes it when nothing fails or waits any more.\n"
    rest = "More are in the summary of the last run."
    text = f"{_removals(verdict)}{_hold(verdict)}{head}{cut(listed, MOST, rest)}\n{boxes}{last}{cost}{end}"
    return _mark(verdict) + text


def _lines(verdict: Verdict, ticks: Collection[str]) -> Iterator[str]:
    for name, reason in verdict.failing.items():
        box = "x" if name in ticks and name not in verdict.tried else " "
        yield f"- [{box}] {code(name)}: {prose(reason)} <!-- try {_json(name)} -->"


def _removals(verdict: Verdict) -> str:
    removals = verdict.removals or {}
    rows = "".join(f"- {prose(name)}: {prose(reason)}\n" for name, reason in removals.items())
    return f"> [!CAUTION]\n> **Somebody asked to be removed, and still is not.**\n\n{rows}\n" if rows else ""


def _hold(verdict: Verdict) -> str:
    if not verdict.held:
        return ""
    steps = "1 step is" if verdict.held == 1 else f"{verdict.held:,} steps are"
    return (
        f"**{steps} held back by a guard**: the last plan says why. If that is meant, run the workflow `publish` with "
        "`max-change` set to `100%`.\n\n"
    )


def _mark(verdict: Verdict) -> str:
    names = sorted(verdict.failing)
    value = {"known": names[:MOST_NAMES], "more": len(names) > MOST_NAMES, "held": verdict.held > 0}
    return f"<!-- mynah: {_json(value)} -->\n"


def _json(value: object) -> str:
    """JSON that cannot end the comment of HTML that it stands in."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e")


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
