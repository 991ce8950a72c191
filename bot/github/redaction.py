"""Removals as everybody may read of them: pages and logs of a workflow name nobody who left. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.plan.steps import Note, Plan, Step

if TYPE_CHECKING:
    from bot.plan.outcome import Outcome


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
    """Plan and outcomes with `removal 1`, `removal 2` for what is removed, and reasons without names."""
    removed = {step.name: step for step in plan.steps if _removes(step)}
    alias = {name: f"removal {number}" for number, name in enumerate(sorted(removed), 1)}
    steps = tuple(
        replace(
            step,
            name=alias[step.name],
            repo=alias[step.name],
            handles=(),
            reason=_redact_text(step.reason, step),
        )
        if step.name in alias
        else step
        for step in plan.steps
    )
    told = [
        replace(one, name=alias[one.name], reason=_redact_text(one.reason, removed[one.name]), commit=None)
        if one.name in alias
        else one
        for one in outcomes
    ]
    return replace(plan, steps=steps), told


def names(plan: Plan) -> list[str]:
    """Whatever names people who are removed by this plan: their models and handles."""
    return sorted({word for step in plan.steps if _removes(step) for word in (step.name, *step.handles)})


def _removes(step: Step) -> bool:
    return step.cause == "tombstone"


def _redact_text(text: str, step: Step) -> str:
    for word, instead in (
        (step.repo, "the model"),
        *((f"@{handle}", "a person") for handle in step.handles),
        (step.name, "the model"),
        *((handle, "a person") for handle in step.handles),
    ):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", instead, text, flags=re.IGNORECASE)
    return text
