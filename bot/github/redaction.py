"""The plan and its outcomes as everybody may read them: without the names of people who were removed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.plan import removal_steps
from bot.plan.steps import Note, Plan, Step

if TYPE_CHECKING:
    from bot.plan.outcome import Outcome, Result

_REASONS: Mapping[Result, str] = {
    "done": "removed",
    "failed": "it could not be removed; the log of its job says why",
    "skipped": "not removed; the log of its job says why",
    "deferred": "not removed yet; the log of its job says why",
}
"""What stands for an outcome's reason where no reason without a name is known."""


def without_finished_removals(plan: Plan) -> Plan:
    """The plan without models that are hidden already: a run a day would name those people for ever."""
    kept = tuple(step for step in plan.steps if not (_removes(step) and step.action == "ok"))
    hidden = len(plan.steps) - len(kept)
    if not hidden:
        return plan
    models = "model" if hidden == 1 else "models"
    note = f"{hidden} {models} of people who asked to be removed: private already"
    return replace(plan, steps=kept, notes=(*plan.notes, Note("removals", note)))


def redact(plan: Plan, outcomes: Sequence[Outcome] = ()) -> tuple[Plan, list[Outcome]]:
    """Plan and outcomes with `removal 1`, `removal 2` for what is removed, and reasons without names.

    A reason is replaced as a whole, never edited: it may spell a name in a way that nobody foresaw.
    """
    removed = {step.name: step for step in plan.steps if _removes(step)}
    dropped = {
        outcome.name for outcome in outcomes if outcome.action == "remove"
    }  # their step may have moved
    alias = {name: f"removal {number}" for number, name in enumerate(sorted(removed.keys() | dropped), 1)}
    steps = (
        replace(
            step,
            name=alias[step.name],
            repo=alias[step.name],
            handles=(),
            reason=removal_steps.public_reason(step),
        )
        if step.name in removed
        else step
        for step in plan.steps
    )
    results = [
        replace(
            outcome,
            name=alias[outcome.name],
            reason=_public_reason(outcome, removed.get(outcome.name)),
            commit=None,
        )
        if outcome.name in alias
        else outcome
        for outcome in outcomes
    ]
    return replace(plan, steps=tuple(steps)), results


def _public_reason(outcome: Outcome, step: Step | None) -> str:
    if step is not None and step.held:
        return f"held back by a guard: {removal_steps.public_reason(step)}"
    return outcome.public_reason or _REASONS[outcome.result]


def names(plan: Plan) -> list[str]:
    """The names and handles of the people whom this plan removes, and of their models."""
    return sorted({word for step in plan.steps if _removes(step) for word in (step.name, *step.handles)})


def _removes(step: Step) -> bool:
    return step.cause == "tombstone"
