"""The decision on one entry: an ordered list of rules, of which the first that applies decides. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.hub import Repo, repo_people
from bot.hub.published import Published
from bot.plan import removal_steps
from bot.plan.changes import card_changes, listed, training_changes
from bot.plan.inputs import Desired, EntryState, Force
from bot.plan.steps import Action, Cause, Change, Kind


@dataclass(frozen=True, slots=True)
class Case:
    """All that the decision on one entry depends on.

    `named`: the entry was asked for by name. `overwrite`: its damaged card may be written again. `sees_private`:
    the listing holds private repos too.
    """

    entry: Desired
    repo: Repo | None
    state: EntryState
    now: datetime
    removed: Container[str] = ()
    force: Force | None = None
    named: bool = False
    overwrite: bool = False
    sees_private: bool = True

    @property
    def published(self) -> Published | None:
        """The facts published under the entry's name."""
        return self.repo.published if self.repo is not None else None

    @property
    def age(self) -> timedelta | None:
        """The age of what is published."""
        return self.now - self.published.trained_at if self.published is not None else None


@dataclass(frozen=True, slots=True)
class Decision:
    """The action for an entry, the rule that decided it, and the reason in words.

    `age` is the age of what is published, where it matters to the decision. `changes` are the differences between
    the entry and what is published that led to it.
    """

    action: Action
    cause: Cause
    kind: Kind
    reason: str
    age: timedelta | None = None
    changes: tuple[Change, ...] = ()


Rule = Callable[[Case], Decision | None]


def decide(case: Case) -> Decision:
    """The decision of the first rule that applies, or that of what stands in its way."""
    decision = next(found for rule in RULES if (found := rule(case)) is not None)
    return next((found for gate in GATES if (found := gate(case, decision)) is not None), decision)


def _faulty_entry(case: Case) -> Decision | None:
    return _blocked("faulty-entry", case.entry.fault)


def _removed_person(case: Case) -> Decision | None:
    people = sorted(handle for handle in case.entry.handles if handle in case.removed)
    if people:
        reason = f"{removal_steps.people(people)} asked to be removed; take the entry out"
        return _blocked("removed-person", reason)
    if repo_people.of_chosen_name(case.entry.name, case.entry.handles).among(case.removed)[1]:
        reason = "its name is that of a person who asked to be removed; give another name:"
        return _blocked("removed-name", reason)
    return None


def _unusable_posts(case: Case) -> Decision | None:
    return _blocked("unusable-posts", case.state.fault)


def _damaged_repo(case: Case) -> Decision | None:
    repo = case.repo
    if repo is None or repo.problem is None:
        return None
    reason = f"its repo is damaged: {repo.problem}"
    if repo.published is None:
        return _blocked("damaged-repo", reason)
    if case.overwrite:
        return Decision("card", "forced", "forced", "its card is written again from bot.json", case.age)
    advice = (
        "put README.md back from the history on the Hub, or have it written again from bot.json: "
        f"bot apply --overwrite-edits {case.entry.name}"
    )
    return _blocked("damaged-repo", f"{reason}; {advice}")


def _foreign_repo(case: Case) -> Decision | None:
    if case.repo is None or case.published is not None or case.repo.head is None:
        return None
    reason = (
        "a repo of this name exists that this bot did not make; set name: on the entry, or take over a model "
        f"of the older system with: bot adopt {case.entry.name}"
    )
    return _blocked("foreign-repo", reason)


def _paused(case: Case) -> Decision | None:
    if not case.entry.paused:
        return None
    return Decision("ok" if case.published else "blocked", "none", "paused", "paused in the registry")


def _missing(case: Case) -> Decision | None:
    if case.published is not None:
        return None
    if case.state.skip_reason is not None and case.force != "train":
        return Decision("blocked", "posts", "skipped-before", case.state.skip_reason)
    where = "not on the hub yet" if case.sees_private else "not among the public repos"
    return Decision("train", "missing", "missing", f"missing: {where}")


def _forced_training(case: Case) -> Decision | None:
    return Decision("train", "forced", "forced", "forced", case.age) if case.force == "train" else None


def _forced_samples(case: Case) -> Decision | None:
    if case.force != "samples":
        return None
    reason = "forced: new samples from the published weights"
    return Decision("card", "forced", "samples", reason, case.age)


def _changed(case: Case) -> Decision | None:
    """A change that only training can publish; none while a try of it is known to end without a model."""
    changes = training_changes(case.entry, case.published)
    if not changes or case.state.skip_reason is not None:
        return None
    reason = f"changed: {listed(changes)}"
    return Decision("train", "changed", "changed", reason, case.age, changes)


def _stale(case: Case) -> Decision | None:
    entry, state = case.entry, case.state
    if state.skip_reason is not None or not _is_past_max_age(case):
        return None
    old = f"stale: {_days_old(case)}"
    if state.new_posts >= entry.min_new_posts:
        return Decision("train", "stale", "stale", f"{old}, {state.new_posts:,} new posts", case.age)
    if entry.fetches and (state.ask_again is None or state.ask_again <= case.now):
        return Decision("train", "stale", "stale", f"{old}; new posts are counted after the fetch", case.age)
    return None


def _forced_card(case: Case) -> Decision | None:
    return Decision("card", "forced", "forced", "forced", case.age) if case.force == "card" else None


def _changed_card(case: Case) -> Decision | None:
    assert case.published is not None  # noqa: S101 - what is missing was decided before
    settings = case.entry.card
    changes: tuple[Change, ...]
    if case.entry.template != case.published.template:
        changes, reason = (Change("template"),), "the template changed"
    elif settings is not None and settings.digest() != case.published.card:
        changes = card_changes(settings, case.published)
        values = f": {listed(changes)}" if case.published.settings is not None else ""
        reason = f"the entry's facts for the card changed{values}"
    else:
        return None
    return Decision("card", "card", "changed", reason, case.age, changes)


def _up_to_date(case: Case) -> Decision:
    return Decision(
        "ok", "none", "up-to-date", f"up to date, {_days_old(case)}{_what_it_waits_for(case)}", case.age
    )


RULES: tuple[Rule, ...] = (
    _faulty_entry,
    _removed_person,
    _unusable_posts,
    _damaged_repo,
    _foreign_repo,
    _paused,
    _missing,
    _forced_training,
    _forced_samples,
    _changed,
    _stale,
    _forced_card,
    _changed_card,
    _up_to_date,
)
"""In the order in which they are asked; the last one always applies."""


def _no_posts(case: Case, decision: Decision) -> Decision | None:
    """No training without posts, not even by force."""
    if decision.action != "train" or case.state.no_posts_reason is None:
        return None
    return replace(
        decision, action="blocked", cause="posts", kind="no-posts", reason=case.state.no_posts_reason
    )


def _blocked_account(case: Case, decision: Decision) -> Decision | None:
    if decision.action != "train" or case.state.block_reason is None or case.named:
        return None
    return replace(
        decision, action="blocked", cause="fault", kind="blocked-account", reason=case.state.block_reason
    )


def _waits_after_failure(case: Case, decision: Decision) -> Decision | None:
    if decision.action not in ("train", "card") or case.state.wait_reason is None or case.named:
        return None
    return replace(decision, action="blocked", cause="waiting", kind="waiting", reason=case.state.wait_reason)


GATES: tuple[Callable[[Case, Decision], Decision | None], ...] = (
    _no_posts,
    _blocked_account,
    _waits_after_failure,
)
"""The obstacles to a decided step, in the order in which they are asked."""


def _blocked(kind: Kind, reason: str | None) -> Decision | None:
    return Decision("blocked", "fault", kind, reason) if reason is not None else None


def _is_past_max_age(case: Case) -> bool:
    return case.age is not None and case.age >= case.entry.max_age


def _days_old(case: Case) -> str:
    days = case.age.days if case.age is not None else 0
    return f"{days} {'day' if days == 1 else 'days'} old"


def _what_it_waits_for(case: Case) -> str:
    """The reason why an old model is not trained again, as the end of a sentence; empty for a young one."""
    entry, state = case.entry, case.state
    if state.skip_reason is not None:
        return f"; {state.skip_reason}"
    if not _is_past_max_age(case):
        return ""
    if entry.fetches and state.ask_again is not None:
        return f"; {state.last_answer}, asks again on {state.ask_again:%Y-%m-%d}"
    return f"; {state.new_posts:,} of {entry.min_new_posts:,} new posts in the store"
