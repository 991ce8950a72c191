"""The state of a model in the words that every page and table uses. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import assert_never

from bot.plan.steps import Step

STATES = {
    "published": ("published", "On the Hub, as its registry describes it."),
    "stale": ("stale", "On the Hub, and old enough to be trained again when there are new posts."),
    "changed": ("changed", "On the Hub; its registry entry has changed since, so it is trained again."),
    "new": ("to come", "In the registry, and not on the Hub yet."),
    "waiting": ("waiting", "The last try failed; it is tried again by itself."),
    "blocked": ("blocked", "Something has to be fixed before it can be trained or published."),
    "unlisted": ("unlisted", "On the Hub, and no longer in the registry; left as it is."),
}
"""Each state of a model: what a visitor reads, and what that means."""

LEAVING = "to be removed"
"""The state that pages do not show: a person of the model has a tombstone."""


def state_of(step: Step) -> str:
    """The key of `STATES` for a step of the plan. Reasons stay out: they may name files of the maintainer's."""
    match step.action:
        case "ok" | "card" | "remove":
            return "published"
        case "unlisted":
            return "unlisted"
        case "blocked":
            return "waiting" if step.cause == "waiting" else "blocked"
        case "train":
            return {"missing": "new", "stale": "stale"}.get(step.cause, "changed")
        case _:
            assert_never(step.action)


def word(step: Step) -> str:
    """The state of the step's model in a word or two."""
    return LEAVING if step.action == "remove" else STATES[state_of(step)][0]


def counted(steps: Iterable[Step]) -> str:
    """`2 to come, 1 published`: how many models there are in each state; empty without any."""
    counts = Counter(map(word, steps))
    order = [*(label for label, _ in STATES.values()), LEAVING]
    return ", ".join(f"{counts[label]:,} {label}" for label in order if counts[label])
