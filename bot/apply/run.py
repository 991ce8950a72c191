"""Apply: a plan's steps become outcomes, each behind its own fence. The only room that knows all the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.apply import pipeline
from bot.apply.build import RunContext
from bot.apply.isolate import isolated, told
from bot.apply.repo_state import standing, to_remove
from bot.errors import BotError, CredentialsError, GuardError, HubError, SourceError
from bot.hub import Hub
from bot.manifest.published_manifest import read_manifest
from bot.plan import removals
from bot.plan.outcome import Outcome, Result
from bot.plan.steps import Plan, Step
from bot.registry import Entry
from bot.render import publication
from bot.sources.posts import owner


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run may do: models trained, and repos removed (None: removals were not allowed).

    `overwrite_edits` names the models whose card and files, edited on the Hub, may be written over.
    """

    max_models: int = 50
    allow_removals: int | None = None
    overwrite_edits: frozenset[str] = frozenset()


def apply(
    plan: Plan,
    context: RunContext,
    hub: Hub,
    limits: Limits,
    on_outcome: Callable[[Sequence[Outcome]], None] = lambda _: None,
) -> list[Outcome]:
    """Takes every step that asks for something and says what became of it. One step's failure is its own.

    Who asked to be removed comes first, then cards, which are quick, then training; outcomes keep the plan's
    order, and `on_outcome` is told all there are whenever one more is known. CredentialsError alone ends the run,
    since no later step could publish either.
    """
    entries = {entry.name: entry for entry in context.registry.entries}
    known: dict[int, Outcome] = {}
    refused = False

    def ordered() -> list[Outcome]:
        return [known[id(step)] for step in plan.steps if id(step) in known]

    def ended(step: Step, outcome: Outcome) -> None:
        nonlocal refused
        known[id(step)] = outcome
        refused = refused or outcome.refused
        on_outcome(ordered())

    todo: list[Step] = []
    for step in plan.steps:
        if step.held:
            reason = f"held back by a guard: {step.reason}"
            known[id(step)] = Outcome(step.name, step.action, "skipped", reason)
        elif step.action == "blocked":
            result: Result = "deferred" if step.cause == "waiting" else "skipped"
            known[id(step)] = Outcome(step.name, step.action, result, step.reason)
        elif step.action not in {"ok", "unlisted"}:
            todo.append(step)
    on_outcome(ordered())
    removed = 0
    for step in todo:
        if step.action == "remove":
            outcome = _remove(step, context, hub, limits, removed)
            removed += outcome.result == "done"
            ended(step, outcome)
    for step in todo:
        if step.action == "card" and not refused:
            ended(step, _card(step, entries[step.name], context, hub, limits))
    training = [step for step in todo if step.action == "train"]
    training_unavailable_reason = context.training_unavailable_reason() if training and not refused else None
    if training_unavailable_reason is not None:
        for step in training:
            ended(step, told(step, "failed", training_unavailable_reason, context))
    elif not refused:
        trained = pipeline.train(
            training, entries, context, hub, most=limits.max_models, overwrite=limits.overwrite_edits
        )
        for step, outcome in trained:
            ended(step, outcome)
    for step in todo:
        if id(step) not in known:
            ended(step, told(step, "skipped", "the Hub refused the token before", context))
    return ordered()


def _card(step: Step, entry: Entry, context: RunContext, hub: Hub, limits: Limits) -> Outcome:
    """Renders the card and its pictures again from the published manifest; weights are not touched."""
    began = time.monotonic()

    def work() -> Outcome:
        old = read_manifest(hub, entry.name)
        there = standing(entry, old, step.head or "", context, hub, limits.overwrite_edits, training=False)
        files = publication.rerender(context.registry, entry, old, hub, there.added, there.files)
        to_remove(entry, there, files, training=False)
        context.check_tombstones(
            entry, [owner(account.network, account.handle, account.id) for account in old.accounts]
        )
        context.watcher.stage(entry.name, "publish", "card")
        commit = hub.publish(entry.name, files, parent=step.head, message="Render the card again")
        reason = f"card rendered again, {hub.url(entry.name)}"
        return told(step, "done", reason, context, commit=commit, seconds=time.monotonic() - began)

    return isolated(step, entry, context, hub, work)


def _remove(step: Step, context: RunContext, hub: Hub, limits: Limits, removed: int) -> Outcome:
    """Hides or deletes a model, as the policy says, when removals are allowed and not used up; then looks again.

    The persons' posts go first: were it the other way round, a crash between would leave them in the store.
    """
    if limits.allow_removals is None or removed >= limits.allow_removals:
        needs = f"needs --allow-removals {removed + 1}"
        public = f"{removals.public_reason(step)}; {needs}"
        return Outcome(step.name, step.action, "skipped", f"{step.reason}; {needs}", public_reason=public)
    began = time.monotonic()
    try:
        for handle in context.registry.gone.among(step.handles):
            for line in context.store.purge(handle).remains:
                context.watcher.say(f"warning: {line}")
        deletes = context.registry.policy.removal == "delete" and not step.hides
        if deletes:
            hub.delete(step.name)
        else:
            hub.hide(step.name)
        if hub.visible(step.name):
            raise HubError(f"a stranger can still see {hub.url(step.name)}; look at it, and run again")
        reason = "deleted" if deletes else "made private"
    except CredentialsError as error:
        return told(step, "failed", str(error), context, refused=True)
    except (HubError, SourceError) as error:
        return told(step, "failed", str(error), context, seconds=time.monotonic() - began)
    outcome = told(step, "done", f"{reason}: {step.reason}", context, seconds=time.monotonic() - began)
    return replace(outcome, public_reason=f"{reason}: {removals.public_reason(step)}")


def exit_code(plan: Plan, outcomes: Sequence[Outcome]) -> int:
    """5 when the token was refused, 1 when some step failed or was deferred, 3 when a guard held some back."""
    if any(outcome.refused for outcome in outcomes):
        return CredentialsError.exit_code
    if any(outcome.result in {"failed", "deferred"} for outcome in outcomes):
        return BotError.exit_code
    return GuardError.exit_code if any(step.held for step in plan.steps) else 0
