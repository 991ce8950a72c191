"""The guard: holds back what only an accident does to much of the fleet at once. Growing old is no accident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.plan.steps import Cause, Step

MAX_CHANGE = 0.3
"""Share of the published fleet that a change of configuration may rewrite without being asked again."""
FEW = 10
"""A change of so few models is no accident, whatever share they are."""

GUARDED: tuple[tuple[tuple[Cause, ...], str], ...] = (
    (("changed", "card"), "a change of configuration would rewrite"),
    (("unlisted",), "the registry lost"),
)
"""Causes that are counted together, and how a note speaks of them."""


def guard(steps: Sequence[Step], fleet: int, max_change: float = MAX_CHANGE) -> tuple[list[Step], list[str]]:
    """The steps, those held back marked so, and a sentence for each kind of change that was too large.

    Held back are entries that left the registry, and steps that come from a change of configuration, when
    there are more of them than the share `max_change` of the `fleet` published models, and more than `FEW`.
    """
    most = max(FEW, int(max_change * fleet)) if max_change < 1 else fleet
    held: set[Cause] = set()
    notes = []
    for causes, what in GUARDED:
        hit = sum(step.cause in causes for step in steps)
        if hit > most:
            held.update(causes)
            notes.append(
                f"held back: {what} {hit:,} of {fleet:,} published models at once, more than {max_change:.0%}; "
                "if that is meant: --max-change 100%"
            )
    return [replace(step, held=step.cause in held) for step in steps], notes
