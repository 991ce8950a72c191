"""Steps and plans as values: what is to be done about each entry and repo, why, and computed from what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from bot.errors import Problem
from bot.io import digest
from bot.plan.json_types import PlanJson, StepJson

Action = Literal["train", "card", "remove", "blocked", "unlisted", "ok"]
Cause = Literal[
    "fault",
    "posts",
    "waiting",
    "missing",
    "stale",
    "changed",
    "card",
    "forced",
    "tombstone",
    "unlisted",
    "none",
]
"""The cause of a step. `posts`: they make no model, being too few or no improvement on the base.
`changed` and `card` come from the configuration, and a guard counts them."""

Kind = Literal[
    "",
    "faulty-entry",
    "removed-person",
    "removed-name",
    "unusable-posts",
    "damaged-repo",
    "foreign-repo",
    "paused",
    "skipped-before",
    "missing",
    "forced",
    "samples",
    "changed",
    "stale",
    "up-to-date",
    "no-posts",
    "blocked-account",
    "waiting",
    "tombstone",
    "unlisted",
]
"""Which rule decided a step; finer than its cause. Empty in a step that was read from a plan file."""

NoteKind = Literal[
    "listing",
    "prompts",
    "sampling",
    "time",
    "base",
    "defaults",
    "unproven",
    "voices",
    "language",
    "guard",
    "store",
    "budget",
    "removals",
]

ACTIONS: tuple[Action, ...] = ("train", "card", "remove", "blocked", "unlisted", "ok")
"""In the order in which a plan lists them: what will be done first, what needs nothing last."""

WORK: tuple[Action, ...] = ("train", "card")
"""Actions that publish something."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated cost of a step: paid reads of posts and profiles, their price in USD, and minutes of training.

    The minutes are those that `models` earlier ones lead to expect on `hardware`; None where they are not known,
    and then `unknown` says until when.
    """

    reads: int = 0
    usd: float = 0.0
    minutes: float | None = None
    hardware: str = ""
    models: int = 0
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between an entry and what is published, with its values as a registry writes them.

    A value that is not set is None, as for a tag that came or went; both are where only digests are known.
    """

    what: str
    old: str | None = None
    new: str | None = None

    def __str__(self) -> str:
        match self.old, self.new:
            case None, None:
                return self.what
            case None, new:
                return f"+ {self.what} {new}"
            case old, None:
                return f"- {self.what} {old}"
            case old, new:
                return f"{self.what}: {old} -> {new}"


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence on a plan as a whole, without its full stop, and what it is about."""

    kind: NoteKind
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One entry or repo and what is to be done about it.

    `head` is the commit the step was computed from, and `state` a digest of all it was computed from: when
    that is another one later, the step no longer fits. `held` says that a guard holds the step back, `samples`
    that a card gets new samples. `problems`
    are the places in files that block it, where they are known, and `kind` names the rule that decided; a plan file
    keeps neither. `changes` are the differences from what is published that led to the step.
    """

    name: str
    repo: str
    action: Action
    reason: str
    handles: tuple[str, ...]
    estimate: Estimate = field(default=Estimate())
    head: str | None = None
    age: timedelta | None = None
    cause: Cause = "none"
    state: str = ""
    held: bool = False
    hides: bool = False
    samples: bool = False
    problems: tuple[Problem, ...] = ()
    kind: Kind = ""
    changes: tuple[Change, ...] = ()

    @property
    def status(self) -> str:
        """`held` where a guard holds the step back, else its action: the word by which people are shown it."""
        return "held" if self.held else self.action

    @property
    def explanation(self) -> str:
        """The reason, with the action that a guard holds back."""
        return f"{self.action}: {self.reason}" if self.held else self.reason

    def to_json(self) -> StepJson:
        """The step as `plan --json` prints it."""
        return {
            "name": self.name,
            "repo": self.repo,
            "action": self.action,
            "reason": self.reason,
            "handles": list(self.handles),
            "estimate": {
                "reads": self.estimate.reads,
                "usd": self.estimate.usd,
                "minutes": self.estimate.minutes,
                "hardware": self.estimate.hardware,
                "models": self.estimate.models,
                "unknown": self.estimate.unknown,
            },
            "head": self.head,
            "cause": self.cause,
            "state": self.state,
            "held": self.held,
            "hides": self.hides,
            "samples": self.samples,
            "changes": [{"what": one.what, "old": one.old, "new": one.new} for one in self.changes],
        }


def step_from_json(value: Mapping[str, Any]) -> Step:
    """The step that `to_json` made, but for the age of what is published. Raises KeyError and TypeError."""
    estimate = value["estimate"]
    return Step(
        name=value["name"],
        repo=value["repo"],
        action=value["action"],
        reason=value["reason"],
        handles=tuple(value["handles"]),
        estimate=Estimate(**estimate),
        head=value["head"],
        cause=value["cause"],
        state=value["state"],
        held=bool(value["held"]),
        hides=bool(value.get("hides", False)),
        samples=bool(value.get("samples", False)),
        changes=tuple(Change(one["what"], one["old"], one["new"]) for one in value.get("changes", ())),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are taken, and `notes` on the plan as a whole."""

    steps: tuple[Step, ...]
    notes: tuple[Note, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """The sentences on what a guard holds back."""
        return tuple(note.text for note in self.notes if note.kind == "guard")

    @property
    def counts(self) -> dict[str, int]:
        """The number of steps of each action, actions without any left out."""
        counts = {action: sum(step.action == action for step in self.steps) for action in ACTIONS}
        return {action: count for action, count in counts.items() if count}

    @property
    def statuses(self) -> dict[str, int]:
        """As `counts`, with the number of steps that a guard holds back under `held` alone."""
        words = [step.status for step in self.steps]
        return {word: words.count(word) for word in (*ACTIONS[:-1], "held", ACTIONS[-1]) if word in words}

    def digest(self) -> str:
        """Names exactly these steps: two plans with one digest do the same from the same state."""
        return digest.short([step.to_json() for step in self.steps])

    def to_json(self) -> PlanJson:
        """The plan as `--json` prints it."""
        return {
            "digest": self.digest(),
            "counts": self.counts,
            "steps": [step.to_json() for step in self.steps],
            "notes": [note.text for note in self.notes],
        }
