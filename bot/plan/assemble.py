"""The plan: desired state compared with the hub, as a list of steps, each with a reason. Pure: values in, values out.

Every entry gets exactly one step. So does every published repo that a tombstone names or that the registry
no longer lists.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from bot.hub import Repo, repo_people
from bot.io import digest
from bot.plan import removal_steps
from bot.plan.guard import guard
from bot.plan.inputs import Desired, PlanInput
from bot.plan.notes import notes
from bot.plan.removal_steps import Leaving
from bot.plan.rules import Case, decide
from bot.plan.steps import ACTIONS, Estimate, Note, Plan, Step
from bot.registry import asked


def plan(given: PlanInput) -> Plan:
    """The steps that bring the namespace to what the registry wants, in the order in which they are taken."""
    leaving = _leaving(given)
    steps = [
        *_entry_steps(given, leaving),
        *_tombstone_steps(given, leaving),
        *_unlisted_steps(given, leaving),
    ]
    all_notes = list(notes(given, steps))
    fleet = sum(repo.published is not None for repo in given.listing.repos.values())
    steps, warnings = guard(steps, fleet, given.max_change)
    kept = [step for step in steps if step.name in given.only] if given.only else steps
    return Plan(tuple(sorted(kept, key=_order)), (*all_notes, *(Note("guard", text) for text in warnings)))


def _leaving(given: PlanInput) -> dict[str, Leaving]:
    """The repos that hold, or may hold, somebody with a tombstone, by name."""
    registered = {entry.name: entry.handles for entry in given.desired}
    return {
        name: found
        for name, repo in given.listing.repos.items()
        if (found := removal_steps.leaving(repo, registered.get(name, ()), given.removed))
    }


def _entry_steps(given: PlanInput, leaving: Mapping[str, Leaving]) -> Iterator[Step]:
    """A step for each entry, but for those whose repo is to leave."""
    for entry in given.desired:
        if entry.name in leaving:
            continue
        repo, state = given.listing.repos.get(entry.name), given.state(entry.name)
        case = Case(
            entry,
            repo,
            state,
            given.now,
            given.removed,
            given.force,
            named=entry.name in given.only or entry.name in given.retry,
            overwrite=entry.name in given.overwrite,
            sees_private=given.listing.sees_private,
        )
        decision = decide(case)
        yield Step(
            name=entry.name,
            repo=f"{given.namespace}/{entry.name}",
            action=decision.action,
            reason=decision.reason,
            handles=entry.handles,
            estimate=state.estimate if decision.action == "train" else Estimate(),
            head=repo.head if repo else None,
            age=decision.age,
            cause=decision.cause,
            kind=decision.kind,
            samples=decision.kind == "samples",
            changes=decision.changes,
            state=_state(entry, repo),
            problems=entry.problems if decision.action == "blocked" else (),
        )


def _tombstone_steps(given: PlanInput, leaving: Mapping[str, Leaving]) -> Iterator[Step]:
    """A step for each repo that holds somebody with a tombstone."""
    for name, found in leaving.items():
        repo = given.listing.repos[name]
        place = f"{given.namespace}/{name}"
        yield removal_steps.step(repo, found, place, _state(None, repo), deletes=given.deletes)


def _unlisted_steps(given: PlanInput, leaving: Mapping[str, Leaving]) -> Iterator[Step]:
    """A step for each repo of ours that the registry no longer lists."""
    listed = {entry.name for entry in given.desired}
    for name, repo in given.listing.repos.items():
        people = repo_people.of_repo(repo)
        if people is None or name in listed or name in leaving:
            continue
        reason = "published by this bot, no longer in the registry; left as it is"
        yield Step(
            name,
            f"{given.namespace}/{name}",
            "unlisted",
            reason if repo.problem is None else f"{reason}; it is damaged: {repo.problem}",
            people.named,
            head=repo.head,
            cause="unlisted",
            kind="unlisted",
            state=_state(None, repo),
        )


def _state(entry: Desired | None, repo: Repo | None) -> str:
    """A digest of what a step was computed from: what is wanted, and the commit that was read."""
    wanted: list[object] = []
    if entry:
        card = entry.card.digest() if entry.card is not None else ""
        wanted = [entry.handles, asked.recipe_digest(entry.asked), entry.base, entry.template, card]
    return digest.short([wanted, repo.head if repo else None, repo.private if repo else False])


def _order(step: Step) -> tuple[int, float, str, tuple[str, ...]]:
    """The key that sorts steps: by action, what is missing before what is old, the oldest first."""
    age = step.age.total_seconds() if step.age is not None else math.inf
    return ACTIONS.index(step.action), -age, step.name, step.handles
