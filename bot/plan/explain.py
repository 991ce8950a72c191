"""Explain the state of a model and what happens next: the plan's step with the facts behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot import manifest
from bot.hub import Hub
from bot.hub.published import FILENAME, VERSION
from bot.plan import training_time
from bot.plan.retry_memory import RetryMemory
from bot.plan.steps import Plan, Step
from bot.registry import Registry
from bot.registry.lookup import resolve
from bot.sources.handles import shown
from bot.store import Facts, Store

NEXT = {
    "train": "bot apply fetches its posts, trains it and publishes it",
    "card": "bot apply renders its card again and leaves the weights",
    "remove": "bot apply --allow-removals N takes it off the hub",
    "blocked": "nothing, until the reason above is fixed",
    "unlisted": "nothing; list it again, or take the person out with bot remove",
    "ok": "nothing, until something changes",
}

HELD = (
    "nothing, since a guard holds it back; if that is meant: bot apply --max-change 100%, or the input max-change of "
    "the workflow publish"
)
"""What happens next to a step that a guard holds back."""


def explain(name: str, plan: Plan, registry: Registry, hub: Hub, store: Store) -> Iterator[str]:
    """Lines for a person, on the model that `name` means (see `lookup.resolve`). UsageError when it means none."""
    known = {step.name: step.handles for step in plan.steps}
    name = resolve(name, known, f"neither the registry nor the hub has a model {shown(name)}")
    steps = [step for step in plan.steps if step.name == name]
    for step in steps:
        yield f"{step.repo}: {step.status}"
        yield f"  why:        {step.explanation}"
        yield from _published(step, hub)
        if step.action == "train":
            yield f"  time:       {training_time.sentence(step.estimate)}"
        for entry in registry.entries:
            if entry.name == name:
                yield f"  registry:   line {entry.line}, source {entry.source}, base {entry.base}"
                for handle in entry.handles:
                    facts = store.facts(handle, entry.source)
                    yield f"  store:      {handle}: {_held(facts)}"
        yield from _remembered(RetryMemory.from_json(store.notes(name)))
        yield f"  next:       {HELD if step.held else NEXT[step.action]}"


def _remembered(memory: RetryMemory) -> Iterator[str]:
    """Lines on earlier tries: what the last fetch found, what forbids a try, what failed."""
    if memory.last_answer is not None:
        yield f"  last fetch: {memory.last_answer}, asks again on {_day(memory.ask_again)}"
    if memory.blocked is not None:
        yield f"  blocked:    {memory.blocked}, looked at again on {_day(memory.blocked_until)}"
    for failure in memory.failures:
        yield f"  failed:     {failure.at:%Y-%m-%d %H:%M} UTC: {failure.reason}"
    if memory.failures and memory.retry_at is not None:
        yield f"  tries:      again after {memory.retry_at:%Y-%m-%d %H:%M} UTC, or now with --only"


def _day(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d}" if time is not None else ""


def _held(facts: Facts | None) -> str:
    if facts is None:
        return "nothing"
    left = ", some were never read and come with the next fetch" if facts.gaps or facts.damaged else ""
    looked = f", deletions last looked for on {facts.checked_at:%Y-%m-%d}" if facts.checked_at else ""
    return f"{facts.total:,} posts, read on {facts.read_at:%Y-%m-%d}{looked}{left}"


def _published(step: Step, hub: Hub) -> Iterator[str]:
    data = hub.read(step.name, FILENAME) if step.head is not None else None
    if data is None:
        return
    try:
        made = manifest.parse(data)
    except ValueError as error:
        yield f"  published:  {error}"
        return
    score = made.evaluation
    posts = made.training.posts if made.training else sum(account.kept for account in made.accounts)
    yield f"  published:  {made.published.trained_at:%Y-%m-%d}, {posts:,} posts, {hub.url(step.name)}"
    if made.published.version < VERSION:
        yield (
            f"  format:     {made.published.version}, written by bot {made.provenance.version} and read as it is; the "
            f"next publication writes format {VERSION}, and nothing is trained for that"
        )
    if score is None:
        yield "  quality:    not measured: the model was taken over from an older system"
        return
    yield f"  quality:    held-out perplexity {score.tuned.perplexity:.1f}, its base {score.base.perplexity:.1f}"
