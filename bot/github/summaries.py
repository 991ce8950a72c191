"""Plans and outcomes as Markdown for GitHub's pages: what a contributor or maintainer reads there."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bot.hub.endpoint import displayed
from bot.io.paths import TEMPLATES
from bot.plan import shards, training_time
from bot.plan.steps import Plan, Step
from bot.render import escape
from bot.render.markdown import LONGEST, code, link, prose, table

if TYPE_CHECKING:
    from bot.plan.outcome import Outcome

LOST = "not reached"
ORDER = ("failed", LOST, "deferred", "skipped", "done")
"""How outcomes are listed: what somebody must look at first."""


def of_plan(plan: Plan, *, parts: int) -> str:
    """The plan, what will be done first; what needs nothing is counted. `parts`: how many machines will share it."""
    listed = [step for step in plan.steps if step.status != "ok"]
    return _rendered(
        title="Plan",
        sentences=[counted(plan), *_cost(plan.steps), *_shared(parts)],
        notes=[note.text for note in plan.notes],
        table=table(("step", "model", "why", "cost"), [plan_row(step) for step in listed]),
    )


def of_outcomes(
    plan: Plan, outcomes: Sequence[Outcome], *, sentences: Sequence[str] = (), lost: str = ""
) -> str:
    """The outcome of each step, failures first, then what needed nothing. `sentences` stand above.

    `lost`: the sentence for a step that was due and has no outcome; empty where none was due.
    """
    steps = {step.name: step for step in plan.steps}
    reported = {outcome.name for outcome in outcomes}
    ranked: list[tuple[int, tuple[object, ...]]] = [
        (ORDER.index(one.result), _outcome_row(one, steps.get(one.name))) for one in outcomes
    ]
    missing = [step for step in plan.steps if step.name not in reported]
    unreported = [step for step in missing if lost and shards.needed(step)]
    ranked += [(ORDER.index(LOST), (LOST, *plan_row(step)[1:2], prose(lost), "")) for step in unreported]
    ranked.sort(key=lambda row: row[0])
    rows = [row for _, row in ranked]
    silent = {step.name for step in unreported}
    rows += [plan_row(step) for step in missing if step.name not in silent]
    results = [one.result for one in outcomes] + [LOST] * len(unreported)
    counts = ", ".join(f"{n:,} {result}" for result in ORDER if (n := results.count(result)))
    idle = counted(plan) if any(map(shards.needed, plan.steps)) else "Nothing to do."
    return _rendered(
        title="Fleet",
        sentences=[*sentences, f"{counts}." if counts else idle],
        notes=[note.text for note in plan.notes],
        table=table(("result", "model", "what happened", "planned cost"), rows),
    )


def counted(plan: Plan) -> str:
    """`2 train, 1 ok.`"""
    counts = ", ".join(f"{count:,} {status}" for status, count in plan.statuses.items())
    return f"{counts}." if counts else "No steps: the registry lists no model, and none is published."


def plan_row(step: Step) -> tuple[object, ...]:
    """A step as a row: `held` or the action, model, why, cost."""
    return (
        step.status,
        model(step.repo, published=step.head is not None),
        reason(step.explanation, step.repo),
        cost(step.estimate.reads, step.estimate.usd, step.estimate.minutes),
    )


def _outcome_row(outcome: Outcome, step: Step | None) -> tuple[object, ...]:
    repo = step.repo if step is not None else outcome.name
    published = outcome.commit is not None or (step is not None and step.head is not None)
    spent = cost(step.estimate.reads, step.estimate.usd) if step is not None else ""
    return outcome.result, model(repo, published=published), reason(outcome.reason, repo), spent


def model(repo: str, *, published: bool) -> Markup:
    """A model by name: a link to its page where there is one."""
    if published and re.fullmatch(r"[\w.-]+/[\w.-]+", repo):
        return link(repo, f"{displayed(os.environ)}/{repo}")
    return code(repo)


def reason(text: str, repo: str = "") -> Markup:
    """A reason in words, whose only links are those to the Hub.

    The page of `repo` is left out at the end of it: beside it stands the model as a link.
    """
    hub = displayed(os.environ)
    page = f"{hub}/{repo}"
    if repo and text.endswith(page):
        text = text.removesuffix(page).rstrip(" ,")
    parts = re.split(rf"({re.escape(hub)}/[\w./-]*[\w-])", escape.shorten(text, LONGEST))
    return Markup("").join(  # what shortens a part takes the space at its ends away
        link(part, part)
        if number % 2
        else Markup(" ") * part.startswith(" ") + prose(part) + Markup(" ") * part.endswith(" ")
        for number, part in enumerate(parts)
        if part
    )


def cost(reads: int, usd: float, minutes: float | None = None) -> str:
    """What a step costs: `3,200 reads, 16.00 USD, about 9 min`; empty for nothing, or nothing known."""
    paid = [f"{reads:,} reads", f"{usd:.2f} USD"] if reads else []
    return ", ".join([*paid, *([f"about {training_time.span(minutes)}"] if minutes is not None else [])])


def _cost(steps: Sequence[Step]) -> list[str]:
    reads = sum(step.estimate.reads for step in steps)
    usd = sum(step.estimate.usd for step in steps)
    time = training_time.total(steps)
    return [
        *([f"Up to {reads:,} posts read, {usd:.2f} USD."] if reads else []),
        *([f"Training time: {time}."] if time else []),
    ]


def _shared(parts: int) -> list[str]:
    return [f"Shared by {parts} machines."] if parts > 1 else []


def _rendered(**variables: Any) -> str:
    from bot.render.environment import render_template

    words = {key: list(map(prose, variables[key])) for key in ("sentences", "notes")}
    text = render_template("job_summary.md.j2", {**variables, **words}, TEMPLATES)
    return re.sub(r"\n{3,}", "\n\n", text)
