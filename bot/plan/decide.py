"""The plan: desired state held against the hub, as a list of steps, each with a reason. Pure: values in, values out.

Every entry gets exactly one step. So does every published repo that a tombstone names or that the registry
no longer lists.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.errors import Problem
from bot.hub import Listing, Repo, repo_people
from bot.hub.published import Published
from bot.io import digest
from bot.plan import removals
from bot.plan.guard import MAX_CHANGE, guard
from bot.plan.steps import ACTIONS, Action, Cause, Estimate, Plan, Step

Force = Literal["train", "card"]

WORK: tuple[Action, ...] = ("train", "card")
"""Actions that publish something."""

NAMED = 5
"""Models that one note names."""


@dataclass(frozen=True, slots=True)
class Desired:
    """One entry as the registry wants it, everything a plan compares reduced to digests.

    `fault` says why the entry cannot be made at all (then the digests are empty), and `problems` where that stands
    in files. `fetches` is False when the store holds all there will ever be without a person importing more.
    `unproven`: a file names no owner.
    """

    name: str
    handles: tuple[str, ...]
    recipe: str = ""
    base: str = ""
    base_revision: str | None = None
    template: str = ""
    card: str = ""
    prompts: str | None = None
    max_age: timedelta = timedelta(days=90)
    min_new_posts: int = 100
    paused: bool = False
    fetches: bool = True
    fault: str | None = None
    unproven: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryState:
    """What the store knows of an entry, without a fetch.

    `new_posts`: posts in the store newer than the published model's newest. `settled`: why the last try made
    nothing worth publishing (too little text, no improvement), while nothing has changed since. `ask_again`:
    not before this time is it worth to fetch again, and `last_answer` says what the last fetch found.
    `waiting`: why an entry that failed is not tried again now, `blocked`: why the account itself forbids it;
    naming it with `only` tries all the same. `lacking`: why there is nothing to train on until a person imports it.
    `estimate`: what a fetch would cost. `fault`: why the stored posts may not be used at all. `unproven`: some came
    from a file that names no owner.
    """

    new_posts: int = 0
    settled: str | None = None
    ask_again: datetime | None = None
    last_answer: str | None = None
    waiting: str | None = None
    blocked: str | None = None
    lacking: str | None = None
    estimate: Estimate = field(default=Estimate())
    fault: str | None = None
    unproven: bool = False


def plan(
    desired: Iterable[Desired],
    actual: Listing,
    *,
    namespace: str,
    now: datetime,
    removed: Container[str] = (),
    deletes: bool = False,
    known: Mapping[str, EntryState] | None = None,
    only: Collection[str] = (),
    force: Force | None = None,
    overwrite: Collection[str] = (),
    max_change: float = MAX_CHANGE,
) -> Plan:
    """Holds the desired entries against the listing of the namespace.

    `removed` are the handles with a tombstone, and `deletes` says that hiding their models is not enough. `only`
    keeps the named entries, `force` makes sound ones of them train (or re-render) whatever their state. `overwrite`
    names the models whose card, damaged by hand, may be written again from bot.json. `known` goes by the entry's
    name. `max_change` is the share of the published fleet that one change may rewrite, see
    `guard`.
    """
    known = known or {}
    entries = list(desired)
    steps: list[Step] = []
    listed = {entry.name: entry for entry in entries}
    leaving = {
        name: found
        for name, repo in actual.repos.items()
        if (found := removals.leaving(repo, entry.handles if (entry := listed.get(name)) else (), removed))
    }
    for entry in entries:
        if entry.name in leaving:
            continue
        repo = actual.repos.get(entry.name)
        gone = sorted(handle for handle in entry.handles if handle in removed)
        if gone and entry.fault is None:
            entry = replace(entry, fault=f"{removals.people(gone)} asked to be removed; take the entry out")
        elif entry.fault is None and repo_people.of_chosen_name(entry.name, entry.handles).among(removed)[1]:
            entry = replace(
                entry, fault="its name is that of a person who asked to be removed; give another name:"
            )
        knows = known.get(entry.name, EntryState())
        entry = replace(entry, fault=entry.fault or knows.fault)
        action, cause, reason, age = _judge(entry, repo, knows, now, force, repair=entry.name in overwrite)
        if cause == "missing" and not actual.sees_private:
            reason = "missing: not among the public repos"
        if action == "train" and knows.lacking is not None:
            action, cause, reason = "blocked", "posts", knows.lacking
        elif action == "train" and knows.blocked is not None and entry.name not in only:
            action, cause, reason = "blocked", "fault", knows.blocked
        elif action in {"train", "card"} and knows.waiting is not None and entry.name not in only:
            action, cause, reason = "blocked", "waiting", knows.waiting
        steps.append(
            Step(
                name=entry.name,
                repo=f"{namespace}/{entry.name}",
                action=action,
                reason=reason,
                handles=entry.handles,
                estimate=knows.estimate if action == "train" else Estimate(),
                head=repo.head if repo else None,
                age=age,
                cause=cause,
                state=_state(entry, repo),
                problems=entry.problems if action == "blocked" else (),
            )
        )
    for name, found in leaving.items():
        repo = actual.repos[name]
        steps.append(removals.step(repo, found, f"{namespace}/{name}", _state(None, repo), deletes=deletes))
    for name, repo in actual.repos.items():
        held = repo_people.of_repo(repo)
        if held is not None and name not in listed and name not in leaving:
            reason = "published by this bot, no longer in the registry; left as it is"
            steps.append(
                Step(
                    name,
                    f"{namespace}/{name}",
                    "unlisted",
                    reason if repo.problem is None else f"{reason}; it is damaged: {repo.problem}",
                    held.named,
                    head=repo.head,
                    cause="unlisted",
                    state=_state(None, repo),
                )
            )
    moved = Counter(
        entry.base
        for entry in entries
        if entry.base_revision is not None
        and (repo := actual.repos.get(entry.name)) is not None
        and repo.published is not None
        and repo.published.base == entry.base
        and repo.published.base_revision not in (None, entry.base_revision)
    )
    notes = list(actual.notes)
    if not actual.sees_private:
        notes.append("without a token of the namespace private repos are invisible to this plan")
    fleet = sum(repo.published is not None for repo in actual.repos.values())
    prompted = sum(
        (repo := actual.repos.get(entry.name)) is not None
        and repo.published is not None
        and repo.published.prompts not in (None, entry.prompts)
        for entry in entries
    )
    if prompted:
        notes.append(
            f"the prompts of {prompted:,} published {'model' if prompted == 1 else 'models'} changed: new samples "
            "come with the next training, or now with --only NAME --force train"
        )
    notes += [
        f"base {base} moved on the Hub since {count:,} of its models were trained, which is no reason to train "
        f"again; to do so, pin it: base: {base}@REVISION"
        for base, count in sorted(moved.items())
    ]
    unproven = {each.name for each in entries if each.unproven or known.get(each.name, EntryState()).unproven}
    notes += _unproven([step.name for step in steps if step.action in WORK and step.name in unproven])
    steps, warnings = guard(steps, fleet, max_change)
    notes += warnings
    if only:
        steps = [step for step in steps if step.name in only]
    steps.sort(key=_turn)
    return Plan(tuple(steps), tuple(notes), tuple(warnings))


def _judge(
    entry: Desired, repo: Repo | None, known: EntryState, now: datetime, force: Force | None, *, repair: bool
) -> tuple[Action, Cause, str, timedelta | None]:
    """The one action for an entry, what it comes from, why in words, and the age of what is published."""
    if entry.fault is not None:
        return "blocked", "fault", entry.fault, None
    if repo is not None and repo.problem is not None:
        if repo.published is None:
            return "blocked", "fault", f"its repo is damaged: {repo.problem}", None
        if repair:
            return (
                "card",
                "forced",
                "its card is written again from bot.json",
                now - repo.published.trained_at,
            )
        advice = (
            "put README.md back from the history on the Hub, or have it written again from bot.json: "
            f"bot apply --overwrite-edits {entry.name}"
        )
        return "blocked", "fault", f"its repo is damaged: {repo.problem}; {advice}", None
    published = repo.published if repo is not None else None
    if repo is not None and published is None and repo.head is not None:
        reason = (
            "a repo of this name exists that this bot did not make; set name: on the entry, or take over a model "
            f"of the older system with: bot adopt {entry.name}"
        )
        return "blocked", "fault", reason, None
    if entry.paused:
        return ("ok" if published else "blocked"), "none", "paused in the registry", None
    if published is None:
        if known.settled is not None and force != "train":
            return "blocked", "fault", known.settled, None
        return "train", "missing", "missing: not on the hub yet", None
    age = now - published.trained_at
    if force == "train":
        return "train", "forced", "forced", age
    changed = _changes(entry, published)
    if changed and known.settled is None:
        return "train", "changed", f"changed: {' and '.join(changed)}", age
    old = f"{age.days} {'day' if age.days == 1 else 'days'} old"
    waiting = ""
    if known.settled is not None:
        waiting = f"; {known.settled}"
    elif age >= entry.max_age:
        if known.new_posts >= entry.min_new_posts:
            return "train", "stale", f"stale: {old}, {known.new_posts:,} new posts", age
        if entry.fetches and (known.ask_again is None or known.ask_again <= now):
            return "train", "stale", f"stale: {old}; new posts are counted after the fetch", age
        if entry.fetches and known.ask_again is not None:
            waiting = f"; {known.last_answer}, asks again on {known.ask_again:%Y-%m-%d}"
        else:
            waiting = f"; {known.new_posts:,} of {entry.min_new_posts:,} new posts in the store"
    if force == "card":
        return "card", "forced", "forced", age
    if entry.template != published.template:
        return "card", "card", "the template changed", age
    if entry.card != published.card:
        return "card", "card", "the entry's facts for the card changed", age
    return "ok", "none", f"up to date, {old}{waiting}", age


def _state(entry: Desired | None, repo: Repo | None) -> str:
    """A digest of what a step was computed from: what is wanted, and the commit that was read."""
    wanted = [entry.handles, entry.recipe, entry.base, entry.template, entry.card] if entry else []
    return digest.short([wanted, repo.head if repo else None, repo.private if repo else False])


def _turn(step: Step) -> tuple[int, float, str, tuple[str, ...]]:
    """Sorts steps: by action, what is missing before what is old, the oldest first."""
    age = step.age.total_seconds() if step.age is not None else math.inf
    return ACTIONS.index(step.action), -age, step.name, step.handles


def _changes(entry: Desired, published: Published) -> list[str]:
    """What of an entry differs from the published model so that only training mends it."""
    changes = []
    if sorted(entry.handles) != sorted(published.handles):
        changes.append("handles")
    if entry.base != published.base:
        changes.append("base")
    if entry.recipe != published.recipe:
        changes.append("recipe")
    return changes


def _unproven(names: list[str]) -> list[str]:
    """What to say of entries whose files name no owner."""
    if not names:
        return []
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return [
        f"nothing but your word shows whose posts these are, since their files name no owner: "
        f"{', '.join(sorted(names)[:NAMED])}{more}; consent: self is not proved there, nor that nobody was removed"
    ]
