"""Executes a plan: every step becomes an outcome, isolated from the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from bot.apply import pipeline, redraw
from bot.apply.context import RunContext, Task
from bot.apply.failures import isolated, report_outcome
from bot.apply.redraw import Redrawn
from bot.apply.removal.stored_posts import purge_person
from bot.apply.removal.takedown import remove_model
from bot.apply.repo_state import RepoState, repo_state, to_remove
from bot.errors import (
    BotError,
    CredentialsError,
    GuardError,
    HubError,
    Skipped,
    SourceError,
    TrainingError,
)
from bot.manifest import Manifest
from bot.manifest.reading import read_manifest
from bot.plan import removal_steps
from bot.plan.outcome import Outcome
from bot.plan.steps import Plan, Step
from bot.render import publication
from bot.sources.posts import owner

Numbered = Sequence[tuple[int, Step]]
"""Steps with their position in the plan."""


def execute(
    plan: Plan, context: RunContext, on_outcome: Callable[[Sequence[Outcome]], None] = lambda _: None
) -> list[Outcome]:
    """Executes every step that needs something done and returns the outcomes in the plan's order.

    Removals come first, then cards, which are quick, then training. One step's failure is its own, but once the
    Hub refused the token no later step could publish, so none is tried. `on_outcome` is called with all outcomes
    so far after each step.
    """
    outcomes = {at: given for at, step in enumerate(plan.steps) if (given := _given(step)) is not None}
    todo = [
        (at, step)
        for at, step in enumerate(plan.steps)
        if at not in outcomes and step.action not in {"ok", "unlisted"}
    ]

    def ordered() -> list[Outcome]:
        return [outcomes[at] for at in sorted(outcomes)]

    on_outcome(ordered())
    for at, outcome in _executed(todo, context):
        outcomes[at] = outcome
        on_outcome(ordered())
    return ordered()


def _given(step: Step) -> Outcome | None:
    """The outcome of a step that is not executed: a guard holds it back, or it is blocked."""
    if step.held:
        return Outcome(step.name, step.action, "skipped", step.reason)
    if step.action == "blocked":
        return Outcome(
            step.name, step.action, "deferred" if step.cause == "waiting" else "skipped", step.reason
        )
    return None


def _executed(todo: Numbered, context: RunContext) -> Iterator[tuple[int, Outcome]]:
    """Yields the outcome of each step with its position, as it ends."""
    entries = {entry.name: entry for entry in context.registry.entries}
    yield from _removals([(at, step) for at, step in todo if step.action == "remove"], context)
    left: list[tuple[int, Step]] = []
    for at, step in todo:
        if step.action == "card" and not context.token_refused:
            yield at, _render_card(Task(step, entries[step.name], context))
        elif step.action in {"card", "train"}:
            left.append((at, step))
    ended: set[int] = set()
    tasks = [(at, Task(step, entries[step.name], context)) for at, step in left if step.action == "train"]
    for at, outcome in _trainings(tasks, context):
        ended.add(at)
        yield at, outcome
    for at, step in left:
        if at not in ended:
            yield at, report_outcome(step, "skipped", "the Hub refused the token before", context)


def _removals(steps: Numbered, context: RunContext) -> Iterator[tuple[int, Outcome]]:
    removed = 0
    for at, step in steps:
        outcome = _remove(step, context, removed)
        removed += outcome.result == "done"
        yield at, outcome


def _trainings(tasks: Sequence[tuple[int, Task]], context: RunContext) -> Iterator[tuple[int, Outcome]]:
    if not tasks or context.token_refused:
        return
    unavailable = context.training_unavailable_reason()
    if unavailable is None:
        yield from pipeline.train(tasks, context)
        return
    for at, task in tasks:
        yield at, report_outcome(task.step, "failed", unavailable, context)


def _render_card(task: Task) -> Outcome:
    """Renders the card and its pictures from the published manifest and publishes them; weights stay as they are.

    Where the step asks for new samples, they are drawn from the weights first.
    """
    step, entry, context = task.step, task.entry, task.context
    began = time.monotonic()

    def work() -> Outcome:
        hub = context.hub
        old = read_manifest(hub, entry.name)
        repo = repo_state(task, old, training=False)
        drawn = _redrawn(task, old, repo) if step.samples else None
        made = drawn.into(old, task) if drawn is not None else old
        files = publication.rerender(context.registry, entry, made, hub, repo.added, repo.files)
        if drawn is not None:
            files[redraw.SETTINGS] = drawn.settings
        to_remove(entry, repo, files, training=False)
        context.check_tombstones(
            entry, [owner(account.network, account.handle, account.id) for account in old.accounts]
        )
        context.watcher.stage(entry.name, "publish", "card")
        message, done = (
            ("Draw the samples again", "samples drawn again from the published weights")
            if drawn is not None
            else ("Render the card again", "card rendered again")
        )
        commit = hub.publish(entry.name, files, parent=step.head, message=message)
        reason = f"{done}, {hub.url(entry.name)}"
        return report_outcome(step, "done", reason, context, commit=commit, seconds=time.monotonic() - began)

    return isolated(task, work)


def _redrawn(task: Task, old: Manifest, repo: RepoState) -> Redrawn:
    """New samples of the model. Raises Skipped where a person changed the settings that they would write over."""
    unavailable = task.context.training_unavailable_reason()
    if unavailable is not None:
        raise TrainingError(unavailable)
    if redraw.SETTINGS in repo.whose.changed and not task.overwrites_edits:
        raise Skipped(
            f"edited on the Hub: {redraw.SETTINGS}; to write over it: --overwrite-edits {task.entry.name}"
        )
    return redraw.redraw(task, old)


def _remove(step: Step, context: RunContext, removed: int) -> Outcome:
    """Purges the people of a model and hides or deletes it, where removals are allowed and not used up.

    The posts go first: the other way round, a crash in between would leave them in the store.
    """
    allowed = context.limits.allow_removals
    if allowed is None or removed >= allowed:
        needs = f"needs --allow-removals {removed + 1}"
        public = f"{removal_steps.public_reason(step)}; {needs}"
        return Outcome(step.name, step.action, "skipped", f"{step.reason}; {needs}", public_reason=public)
    began = time.monotonic()
    deletes = context.registry.policy.removal == "delete" and not step.hides
    try:
        for handle in context.registry.gone.among(step.handles):
            for line in purge_person(handle, context.store).remains:
                context.watcher.say(f"warning: {line}")
        if not remove_model(step.name, context.hub, deletes=deletes):
            raise HubError(
                f"a stranger can still see {context.hub.url(step.name)}; look at it, and run again"
            )
    except CredentialsError as error:
        return report_outcome(step, "failed", str(error), context, refused=True)
    except (HubError, SourceError) as error:
        return report_outcome(step, "failed", str(error), context, seconds=time.monotonic() - began)
    deed = "deleted" if deletes else "made private"
    reason, seconds = f"{deed}: {step.reason}", time.monotonic() - began
    outcome = report_outcome(step, "done", reason, context, seconds=seconds)
    return replace(outcome, public_reason=f"{deed}: {removal_steps.public_reason(step)}")


def exit_code(plan: Plan, outcomes: Sequence[Outcome]) -> int:
    """5 when the token was refused, 1 when a step failed or was deferred, 3 when a guard held some back."""
    if any(outcome.refused for outcome in outcomes):
        return CredentialsError.exit_code
    if any(outcome.result in {"failed", "deferred"} for outcome in outcomes):
        return BotError.exit_code
    return GuardError.exit_code if any(step.held for step in plan.steps) else 0
