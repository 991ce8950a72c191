"""Output for GitHub Actions: annotations, outputs of a step, the job's summary.

Every function takes values and the environment, and does nothing where the environment is no runner's.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bot.errors import Problem, UsageError

if TYPE_CHECKING:
    from bot.plan.outcome import Outcome
    from bot.plan.steps import Plan, Step

Level = Literal["error", "warning", "notice"]
MOST_ANNOTATIONS = 10
"""Annotations of one level that GitHub shows of a step; the rest it drops in silence."""
MOST_SUMMARY = 1 << 20
"""Bytes of one step's summary; a larger one is refused."""
DEFAULT_SHARDS = 4

_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_MESSAGE, ":": "%3A", ",": "%2C"}
_stop_token: str | None = None


def active(environment: Mapping[str, str]) -> bool:
    """Whether this process is a step of a workflow."""
    return environment.get("GITHUB_ACTIONS") == "true"


@contextmanager
def commands_disabled(environment: Mapping[str, str]) -> Iterator[None]:
    """A context in which the runner ignores commands in the output, except those that the functions below print."""
    global _stop_token
    if not active(environment) or _stop_token is not None:
        yield
        return
    import secrets

    _stop_token = secrets.token_hex(16)
    print(f"::stop-commands::{_stop_token}", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        token, _stop_token = _stop_token, None
        with suppress(OSError, ValueError):  # a closed stream: nobody reads it any more
            sys.stdout.flush()
            print(f"::{token}::", file=sys.stderr, flush=True)


def command(level: Level, message: str, properties: Mapping[str, object] | None = None) -> str:
    """The line that makes an annotation; whatever the values hold, it is one line and one command."""
    given = ",".join(f"{key}={_escaped(str(value), _PROPERTY)}" for key, value in (properties or {}).items())
    return f"::{level}{' ' if given else ''}{given}::{_escaped(message, _MESSAGE)}"


def annotate(level: Level, problems: Iterable[Problem | str], environment: Mapping[str, str]) -> None:
    """An annotation for each problem, on its line where it has one; of more than ten, the tenth sums up the rest."""
    if not active(environment):
        return
    items = list(problems)
    lines = [_annotation(level, one, environment) for one in items[:MOST_ANNOTATIONS]]
    if len(items) > MOST_ANNOTATIONS:
        rest = len(items) - MOST_ANNOTATIONS + 1
        lines[-1:] = [command(level, f"and {rest:,} more; the log and the summary have them all")]
    _emit(lines)


def mask(value: str, environment: Mapping[str, str]) -> None:
    """Has the runner show `***` in the job's log wherever the value would stand."""
    if active(environment) and value.strip():
        _emit([f"::add-mask::{_escaped(value, _MESSAGE)}"])


def fold(title: str | None, environment: Mapping[str, str]) -> None:
    """Begins a group of lines that the job's log folds under a title; None ends it."""
    if active(environment):
        _emit(["::endgroup::" if title is None else f"::group::{_escaped(title, _MESSAGE)}"])


def output(name: str, value: str, environment: Mapping[str, str]) -> None:
    """Sets an output of the step: one line, by the file that the runner names, never by a printed command."""
    path = environment.get("GITHUB_OUTPUT")
    if active(environment) and path:
        if "\n" in value or "\r" in value:
            raise ValueError(f"the output {name} has more than one line")
        _append(path, f"{name}={value}\n", "GITHUB_OUTPUT")


def summary(markdown: str, environment: Mapping[str, str]) -> None:
    """Appends to the job's summary, as much as the step may still say; what is too long is cut after a row."""
    from bot.render.markdown import cut

    path = environment.get("GITHUB_STEP_SUMMARY")
    if active(environment) and path:
        held = 0
        with suppress(OSError):
            held = Path(path).stat().st_size
        rest = "The rest is too long for this page; the log has it."
        try:
            _append(path, cut(markdown, MOST_SUMMARY - held - 1, rest), "GITHUB_STEP_SUMMARY")
        except UsageError as error:  # a page that is missing fails no run
            print(f"warning: {error}", file=sys.stderr)


def on_validate(
    problems: Sequence[Problem], warnings: Sequence[Problem], environment: Mapping[str, str]
) -> None:
    """What `bot validate` adds on Actions: an annotation on the line of each problem."""
    annotate("error", problems, environment)
    annotate("warning", warnings, environment)


def most_shards(asked: int | None, environment: Mapping[str, str]) -> int:
    """How many shards a plan is cut into: what was asked for, at most MAX_SHARDS of the environment (4)."""
    from bot.plan import shards

    text = environment.get("MAX_SHARDS") or str(DEFAULT_SHARDS)
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text) or int(text) > shards.MOST:
        raise UsageError(f"MAX_SHARDS is {text[:20]!r}: set the variable to a number from 1 to {shards.MOST}")
    return min(asked or int(text), int(text))


def within_time(
    plan: Plan, asked: int | None, limit: float, environment: Mapping[str, str]
) -> tuple[Plan, int | None]:
    """The plan with notes on what does not fit into `limit` minutes, and the number of shards that keeps within it.

    More than `asked` (without: one) only where a machine would run longer, and never more than `most_shards`. None
    where none were asked for and one is enough.
    """
    from dataclasses import replace

    from bot.plan import time_limit

    most = most_shards(None, environment)
    parts = time_limit.parts_within(plan.steps, min(asked or 1, most), most, limit)
    notes = tuple(time_limit.notes(plan.steps, parts, limit))
    return replace(plan, notes=(*plan.notes, *notes)), parts if parts > 1 or asked is not None else None


def redact_plan(plan: Plan, environment: Mapping[str, str]) -> Plan:
    """The plan for a workflow, whose pages are public: without finished removals; names of the others are masked."""
    if not active(environment):
        return plan
    from bot.github import redaction

    kept = redaction.without_finished_removals(plan)
    for name in redaction.names(kept):
        mask(name, environment)
    return kept


def redact_for_display(
    plan: Plan, outcomes: Sequence[Outcome], environment: Mapping[str, str]
) -> tuple[Plan, list[Outcome]]:
    """Plan and outcomes for printing; in a workflow, whose pages are public, without the names of removed people."""
    if not active(environment):
        return plan, list(outcomes)
    from bot.github import redaction

    return redaction.redact(plan, outcomes)


def on_plan(plan: Plan, environment: Mapping[str, str], *, shards_asked: int | None = None) -> None:
    """What `bot plan` adds on Actions: the outputs `shards`, `count` and `digest`, annotations, the summary.

    `shards` is a JSON list for a matrix, empty when `count` steps need nothing done (count is 0).
    """
    import json

    if not active(environment):
        return
    from bot.github import summaries
    from bot.plan import shards

    parts = shards.assign(plan.steps, most_shards(shards_asked, environment))
    output("shards", json.dumps(shards.names(parts)), environment)
    output("count", str(sum(map(shards.needed, plan.steps))), environment)
    output("digest", plan.digest(), environment)
    annotate("error", _faults(plan.steps), environment)
    by_kind: dict[bool, list[str]] = {True: [], False: []}
    for step in plan.steps:
        if step.cause == "posts":
            by_kind[step.kind == "skipped-before"].append(f"{step.name}: {step.reason}")
    annotate("warning", [*plan.warnings, *by_kind[False]], environment)
    annotate("notice", by_kind[True], environment)  # tried, with too little text, say: nobody has to act
    summary(summaries.of_plan(redact_for_display(plan, (), environment)[0], parts=len(parts)), environment)


def on_apply(plan: Plan, outcomes: Sequence[Outcome], environment: Mapping[str, str]) -> None:
    """What `bot apply` adds on Actions: annotations for failures and removals that were not made, the summary."""
    if not active(environment):
        return
    from bot.github import summaries

    plan, outcomes = redact_for_display(plan, outcomes, environment)
    annotate("error", [f"{o.name}: {o.reason}" for o in outcomes if o.result == "failed"], environment)
    left = [
        f"{o.name}: not removed: {o.reason}"
        for o in outcomes
        if o.action == "remove" and o.result == "skipped"
    ]
    annotate("warning", left, environment)
    summary(summaries.of_outcomes(plan, outcomes), environment)


def _faults(steps: Iterable[Step]) -> list[Problem | str]:
    """What blocks entries, at its place in a file where one is known, each place once."""
    found: dict[Problem | str, None] = {}
    for step in steps:
        if step.action == "blocked" and step.cause == "fault":
            found |= dict.fromkeys(step.problems or [f"{step.name}: {step.reason}"])
    return list(found)


def _annotation(level: Level, problem: Problem | str, environment: Mapping[str, str]) -> str:
    if isinstance(problem, str):
        return command(level, problem)
    path = Path(problem.path)
    if workspace := environment.get("GITHUB_WORKSPACE"):
        with suppress(ValueError):
            path = Path(os.path.abspath(path)).relative_to(workspace)  # noqa: PTH100 - links stay as they are
    return command(level, problem.message, {"file": path, "line": problem.line, "col": problem.column})


def _emit(lines: Sequence[str]) -> None:
    """Prints workflow commands, also where `commands_disabled` is in force."""
    if _stop_token is not None:
        lines = [f"::{_stop_token}::", *lines, f"::stop-commands::{_stop_token}"] if lines else ()
    if lines:
        sys.stdout.flush()
        print("\n".join(lines), file=sys.stderr, flush=True)


def _escaped(text: str, marks: Mapping[str, str]) -> str:
    return "".join(marks.get(character, character) for character in text)


def _append(path: str, text: str, name: str) -> None:
    try:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            f"the runner's file of {name} cannot be written: {error.strerror}; run the job again"
        ) from None
