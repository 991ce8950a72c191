"""Apply: a plan's steps become outcomes, each behind its own fence. The only room that knows all the others."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, assert_never

from bot import backoff, build, card, corpus, desired, edits, manifest, publication
from bot.build import Workshop
from bot.errors import (
    BotError,
    ConflictError,
    CredentialsError,
    Deferred,
    GuardError,
    HubError,
    Skipped,
    SourceError,
)
from bot.hub import Hub
from bot.manifest import Manifest
from bot.published import FILENAME
from bot.registry import Entry
from bot.report import Outcome, Result
from bot.steps import Plan, Step


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run may do: models trained, and repos removed (None: removals were not allowed).

    `overwrite_edits` names the models whose card, edited on the Hub, may be written over.
    """

    max_models: int = 50
    allow_removals: int | None = None
    overwrite_edits: frozenset[str] = frozenset()


def apply(plan: Plan, shop: Workshop, hub: Hub, limits: Limits) -> list[Outcome]:
    """Takes every step that asks for something and says what became of it. One step's failure is its own.

    CredentialsError alone ends the run, since no later step could publish either: what follows is skipped.
    """
    entries = {entry.name: entry for entry in shop.registry.entries}
    trained = removed = 0
    refused = False
    outcomes = []
    for step in plan.steps:
        if step.held:
            outcomes.append(
                Outcome(step.name, step.action, "skipped", f"held back by a guard: {step.reason}")
            )
            continue
        match step.action:
            case "ok" | "unlisted":
                continue
            case "blocked":
                result: Result = "deferred" if step.cause == "waiting" else "skipped"
                outcomes.append(Outcome(step.name, step.action, result, step.reason))
            case "remove":
                outcome = _remove(step, shop, hub, limits, removed)
                removed += outcome.result == "done"
                refused = refused or outcome.refused
                outcomes.append(outcome)
            case "train" if trained >= limits.max_models:
                reason = f"waits for the next run: --max-models {limits.max_models} were trained in this one"
                outcomes.append(Outcome(step.name, step.action, "skipped", reason))
            case "train" if (lack := shop.lack()) is not None:
                outcomes.append(Outcome(step.name, step.action, "failed", lack))
            case "train" | "card" if refused:
                outcomes.append(
                    Outcome(step.name, step.action, "skipped", "the Hub refused the token before")
                )
            case "train" | "card":
                outcome = _fenced(step, entries[step.name], shop, hub, limits)
                refused = outcome.refused
                trained += step.action == "train" and outcome.result == "done"
                outcomes.append(outcome)
            case _:
                assert_never(step.action)
    return outcomes


def _fenced(step: Step, entry: Entry, shop: Workshop, hub: Hub, limits: Limits) -> Outcome:
    """One entry's work. Whatever goes wrong in it becomes its outcome."""
    began = time.monotonic()
    result: Result = "done"
    reason, commit, refused = "", None, False
    try:
        old = published(hub, entry.name) if step.head is not None else None
        added = _human_edits(entry, old, shop, hub, limits) if old is not None else {}
        if step.action == "train":
            reason, commit = _train(step, entry, shop, hub, old, added)
        else:
            reason, commit = _card(step, entry, shop, hub, old or published(hub, entry.name), added)
    except CredentialsError as error:
        result, reason, refused = "failed", str(error), True
    except Skipped as skipped:
        result, reason = "skipped", str(skipped)
    except Deferred as deferred:
        result, reason = "deferred", str(deferred)
    except ConflictError as conflict:
        result, reason = "skipped", str(conflict)
    except HubError as error:
        result, reason = ("deferred" if error.retry_at else "failed"), str(error)
    except BotError as error:
        result, reason = "failed", str(error)
        _remember_failure(entry, reason, shop, hub)
    except Exception as error:  # the fence: a bug in one entry stops no other, and is reported whole
        result, reason = "failed", f"a bug in the bot: {type(error).__name__}; its report is in the log"
        shop.watcher.say("".join(traceback.format_exception(error)))
        _remember_failure(entry, reason, shop, hub)
    shop.watcher.say(f"{step.name}: {result}: {reason}")
    return Outcome(step.name, step.action, result, reason, commit, time.monotonic() - began, refused)


def _remember_failure(entry: Entry, reason: str, shop: Workshop, hub: Hub) -> None:
    """Notes the failure, so that the next run waits. A store that cannot be written is said, and no more."""
    try:
        key = backoff.fingerprint(entry, hub.url(entry.name))
        notes = backoff.after_failure(shop.store.notes(entry.name), key, reason, shop.now())
        shop.store.remember(entry.name, handles=entry.handles, **notes)
    except BotError as error:
        shop.watcher.say(f"{entry.name}: warning: the failure is not remembered: {error}")


def _train(
    step: Step, entry: Entry, shop: Workshop, hub: Hub, old: Manifest | None, added: dict[str, Any]
) -> tuple[str, str]:
    """Fetch, train, render and publish one entry; the reason says what was made."""
    shop.watcher.stage(entry.name, "fetch")
    timelines = build.fetch(entry, shop.store, shop.now())
    build.check_consent(shop.registry, entry, timelines)
    _check_new_posts(step, entry, shop, old)
    shop.watcher.stage(entry.name, "clean")
    cleaned = corpus.build(timelines)
    with tempfile.TemporaryDirectory(prefix="bot-") as temporary:
        folder = Path(temporary)
        try:
            corpus.require_enough(cleaned)
            made, files = build.train(shop, entry, cleaned, folder, added)
        except Skipped as skipped:
            _remember_settled(entry, str(skipped), shop, hub)
            raise
        shop.check_tombstones(entry)
        shop.watcher.stage(entry.name, "publish")
        commit = hub.publish(
            entry.name, files, parent=step.head, message=f"Train on {made.training.posts:,} posts"
        )
    shop.store.remember(entry.name, **backoff.FORGOTTEN)
    score = made.evaluation
    return (
        f"held-out perplexity {score.base.perplexity:.1f} -> {score.tuned.perplexity:.1f}, {hub.url(entry.name)}",
        commit,
    )


def _card(
    step: Step, entry: Entry, shop: Workshop, hub: Hub, old: Manifest, added: dict[str, Any]
) -> tuple[str, str]:
    """Renders the card and its pictures again from the published manifest; weights are not touched."""
    files = publication.rerender(shop.registry, entry, old, hub, added)
    shop.check_tombstones(entry)
    shop.watcher.stage(entry.name, "publish", "card")
    commit = hub.publish(entry.name, files, parent=step.head, message="Render the card again", only=False)
    return f"card rendered again, {hub.url(entry.name)}", commit


def published(hub: Hub, name: str) -> Manifest:
    """The manifest of a published model. HubError when there is none that can be read."""
    data = hub.read(name, FILENAME)
    if data is None:
        raise HubError(f"{hub.url(name)} has no {FILENAME}, so there is nothing to render a card from")
    try:
        return manifest.parse(data)
    except ValueError as error:
        raise HubError(f"{hub.url(name)}: {error}") from None


def _remove(step: Step, shop: Workshop, hub: Hub, limits: Limits, removed: int) -> Outcome:
    """Hides or deletes a model, as the policy says, when removals are allowed and not used up.

    The persons' posts go first: were it the other way round, a crash between would leave them in the store.
    """
    if limits.allow_removals is None or removed >= limits.allow_removals:
        return Outcome(
            step.name, step.action, "skipped", f"{step.reason}; needs --allow-removals {removed + 1}"
        )
    began = time.monotonic()
    gone = {handle for tombstone in shop.registry.removed for handle in tombstone.handles}
    try:
        for handle in sorted(gone.intersection(step.handles)):
            shop.store.purge(handle)
        if shop.registry.policy.removal == "delete":
            hub.delete(step.name)
            reason = "deleted"
        else:
            hub.hide(step.name)
            reason = "made private"
    except CredentialsError as error:
        return Outcome(step.name, step.action, "failed", str(error), None, 0.0, refused=True)
    except (HubError, SourceError) as error:
        return Outcome(step.name, step.action, "failed", str(error), None, time.monotonic() - began)
    shop.watcher.say(f"{step.name}: {reason}: {step.reason}")
    return Outcome(step.name, step.action, "done", f"{reason}: {step.reason}", None, time.monotonic() - began)


def _human_edits(entry: Entry, old: Manifest, shop: Workshop, hub: Hub, limits: Limits) -> dict[str, Any]:
    """What a human added to the card's front matter. Raises Skipped when the text below it was edited."""
    data = hub.read(entry.name, publication.CARD)
    if data is None:
        return {}
    readme = data.decode(errors="replace")
    over = entry.name in limits.overwrite_edits
    advice = f"to write over it: --overwrite-edits {entry.name}"
    try:
        extra = edits.added(old, readme)
        if over or not edits.edited(old, readme):
            return extra
        ours = card.render(old, template=entry.template, folders=desired.template_folders(shop.registry))
        shop.watcher.say(f"{entry.name} was edited on the Hub:\n{edits.difference(ours, readme)}")
    except ValueError as error:
        if over:
            return {}
        raise Skipped(f"edited on the Hub: {error}; {advice}") from None
    raise Skipped(f"edited on the Hub; {advice}")


def _check_new_posts(step: Step, entry: Entry, shop: Workshop, old: Manifest | None) -> None:
    """A model that only grew old is trained again only when enough new posts are there."""
    newest = old.published.newest_post if old is not None else None
    if step.cause != "stale" or newest is None:
        return
    held = (shop.store.facts(handle, entry.source) for handle in entry.handles)
    new = sum(facts.newer_than(newest) for facts in held if facts is not None)
    if new < entry.min_new_posts:
        answer = f"{new:,} of {entry.min_new_posts:,} new posts"
        again = shop.now() + max(entry.max_age / 4, timedelta(hours=1))
        shop.store.remember(
            entry.name, handles=entry.handles, ask_again=again.isoformat(), last_answer=answer
        )
        raise Skipped(f"{answer}; asks again on {again:%Y-%m-%d}")


def _remember_settled(entry: Entry, reason: str, shop: Workshop, hub: Hub) -> None:
    """Notes what would end the same way again, so that it is not paid for again until something changes."""
    held = (shop.store.facts(handle, entry.source) for handle in entry.handles)
    posts = sum(facts.total for facts in held if facts is not None)
    key = backoff.fingerprint(entry, hub.url(entry.name))
    shop.store.remember(entry.name, handles=entry.handles, settled=reason, settled_by=key, posts=posts)


def exit_code(plan: Plan, outcomes: Sequence[Outcome]) -> int:
    """5 when the token was refused, 1 when some step failed or was deferred, 3 when a guard held some back."""
    if any(outcome.refused for outcome in outcomes):
        return CredentialsError.exit_code
    if any(outcome.result in {"failed", "deferred"} for outcome in outcomes):
        return BotError.exit_code
    return GuardError.exit_code if any(step.held for step in plan.steps) else 0
