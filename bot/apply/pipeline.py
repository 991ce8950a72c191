"""Training steps, overlapped: while one model trains, the next ones' posts are fetched and the last one goes up.

Fetching and publishing have a thread each, so that each of them is in order; training stays on the caller's.
"""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING

from bot import corpus
from bot.apply import build
from bot.apply.build import RunContext
from bot.apply.isolate import isolated, remember_settled, told
from bot.apply.repo_state import Standing, standing, to_remove
from bot.apply.workspace import workspace
from bot.corpus import Corpus
from bot.errors import Skipped
from bot.hub import Hub
from bot.manifest import Manifest
from bot.manifest.published_manifest import read_manifest
from bot.plan.outcome import Outcome
from bot.plan.retry_memory import RetryMemory
from bot.plan.steps import Step
from bot.registry import Entry, owners
from bot.store import PurgedDuringRun
from bot.training import tracker_runs

if TYPE_CHECKING:
    from bot.training.fine_tune import Tuned

AHEAD = 16
"""Corpora that wait for the trainer: a bound on memory, and on what is fetched in vain if a run is stopped."""
BEHIND = 2
"""Trained models that wait to go up: a bound on the disk."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A step whose posts are fetched and cleaned. `there` is what stands in its repo on the Hub.

    `held_back` counts posts that are gone at their source and were too many to be dropped at once.
    """

    step: Step
    entry: Entry
    there: Standing
    corpus: Corpus
    seconds: float
    held_back: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """A trained model whose files lie in `folder`."""

    ready: Ready
    tuned: Tuned
    folder: Path
    seconds: float


def train(
    steps: Sequence[Step],
    entries: Mapping[str, Entry],
    context: RunContext,
    hub: Hub,
    *,
    most: int,
    overwrite: frozenset[str] = frozenset(),
) -> Iterator[tuple[Step, Outcome]]:
    """Makes the models of `steps` in their order, `most` of them at most, and yields each outcome once known.

    Posts are fetched for no more models than may still be trained. Once the Hub refused the token, nothing
    more is trained, since nothing could be published, and the steps that are left have no outcome.
    """
    waiting = deque(steps)
    ahead: deque[tuple[Step, Future[Ready | Outcome]]] = deque()
    behind: deque[tuple[Step, Future[Outcome]]] = deque()
    trained, refused = 0, False
    with (
        workspace() as place,
        _thread("fetch", context.fetcher.stop) as fetching,
        _thread("publish") as publishing,
    ):
        while True:
            while waiting and len(ahead) < min(AHEAD, most - trained) and not refused:
                step = waiting.popleft()
                entry = entries[step.name]
                ahead.append((step, fetching.submit(_prepare, step, entry, context, hub, overwrite)))
            while behind and (len(behind) > BEHIND or behind[0][1].done() or not ahead):
                step, publication = behind.popleft()
                outcome = publication.result()
                refused = refused or outcome.refused
                yield step, outcome
            if not ahead:
                break
            step, preparation = ahead.popleft()
            ready = preparation.result()
            if isinstance(ready, Outcome):
                refused = refused or ready.refused
                yield step, ready
            elif not refused:
                made = _tune(ready, context, hub, place)
                trained += not isinstance(made, Outcome) or made.result != "failed"
                if isinstance(made, Outcome):
                    yield step, made
                else:
                    behind.append((step, publishing.submit(_publish, made, context, hub)))
        for step in () if refused else waiting:
            reason = f"waits for the next run: --max-models {most} were trained in this one"
            yield step, told(step, "skipped", reason, context)


def _prepare(
    step: Step, entry: Entry, context: RunContext, hub: Hub, overwrite: frozenset[str]
) -> Ready | Outcome:
    """All before training: what a human changed on the Hub, the posts, consent, cleaning, whether it is enough."""
    began = time.monotonic()

    def work() -> Ready:
        context.check_people(entry)
        if step.head is None:
            hub.check(write=True, create=True)  # before posts are paid for and a model is trained in vain
        old, there = None, Standing()
        if step.head is not None:
            old = read_manifest(hub, entry.name)
            there = standing(entry, old, step.head, context, hub, overwrite, training=True)
        context.watcher.stage(entry.name, "fetch")
        accounts = {account.handle: account.id for account in old.accounts} if old is not None else {}
        timelines = context.fetcher.fetch(entry, accounts)
        build.check_consent(context.registry, entry, timelines)
        _check_new_posts(step, entry, context, old)
        timelines = context.fetcher.drop_deleted(entry, timelines, accounts)
        context.watcher.stage(entry.name, "clean")
        cleaned = corpus.build(timelines)
        for warning in cleaned.warnings:
            context.watcher.say(f"{entry.name}: warning: {warning}")
        try:
            corpus.require_enough(cleaned)
        except Skipped as skipped:
            remember_settled(entry, str(skipped), context, hub)
            raise
        kept_back = context.fetcher.held_back(entry)
        return Ready(step, entry, there, cleaned, time.monotonic() - began, kept_back)

    return isolated(step, entry, context, hub, work)


def _tune(ready: Ready, context: RunContext, hub: Hub, place: Path) -> Made | Outcome:
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(dir=place))

    def work() -> Made:
        context.check_people(ready.entry)
        try:
            tuned = build.tune(context, ready.entry, ready.corpus, folder)
        except Skipped as skipped:
            remember_settled(ready.entry, str(skipped), context, hub)
            raise
        return Made(ready, tuned, folder, ready.seconds + time.monotonic() - began)

    made = isolated(ready.step, ready.entry, context, hub, work, seconds=ready.seconds)
    if isinstance(made, Outcome):
        rmtree(folder, ignore_errors=True)
    return made


def _publish(made: Made, context: RunContext, hub: Hub) -> Outcome:
    ready, entry = made.ready, made.ready.entry
    began = time.monotonic()

    def work() -> Outcome:
        context.watcher.stage(entry.name, "render")
        files = build.files(
            context, entry, ready.corpus, made.tuned, made.folder, ready.there.added, hub.address
        )
        remove = to_remove(entry, ready.there, files, training=True)
        context.check_people(entry, [owners.of_profile(account.profile) for account in ready.corpus.accounts])
        context.watcher.stage(entry.name, "publish")
        message = f"Train on {made.tuned.training.posts:,} posts"
        commit = hub.publish(entry.name, files, parent=ready.step.head, message=message, remove=remove)
        _hide_if_removed(entry, context, hub)
        _remember_published(made, context)
        score = made.tuned.evaluation
        before, after = score.base.perplexity, score.tuned.perplexity
        reason = f"held-out perplexity {before:.1f} -> {after:.1f}, {hub.url(entry.name)}"
        if ready.held_back:
            reason += f"; {ready.held_back:,} posts that are gone at their source were kept, see the warning"
        seconds = made.seconds + time.monotonic() - began
        return told(ready.step, "done", reason, context, commit=commit, seconds=seconds)

    try:
        return isolated(ready.step, entry, context, hub, work, seconds=made.seconds)
    finally:
        rmtree(made.folder, ignore_errors=True)


def _hide_if_removed(entry: Entry, context: RunContext, hub: Hub) -> None:
    """Hides what was published in the moment in which its person was removed, and raises Skipped."""
    try:
        context.check_people(entry)
    except Skipped as skipped:
        hub.hide(entry.name)
        raise Skipped(f"{skipped}; it had gone up already and was made private") from None


def _remember_published(made: Made, context: RunContext) -> None:
    """Forgets the tries before, and notes the run of a tracker, so that a removal finds it."""
    entry, tracked = made.ready.entry, made.tuned.tracking
    notes = RetryMemory().to_json()
    try:
        if tracked is not None:
            notes["runs"] = tracker_runs.added(context.store.notes(entry.name), tracked)
        context.store.remember(entry.name, handles=entry.handles if tracked else (), **notes)
    except PurgedDuringRun as purged:
        context.watcher.say(f"{entry.name}: warning: {purged}")


def _check_new_posts(step: Step, entry: Entry, context: RunContext, old: Manifest | None) -> None:
    """A model that only grew old is trained again only when enough new posts are there."""
    newest = old.published.newest_post if old is not None else None
    if step.cause != "stale" or newest is None:
        return
    held = (context.store.facts(handle, entry.source) for handle in entry.handles)
    new = sum(facts.newer_than(newest) for facts in held if facts is not None)
    if new < entry.min_new_posts:
        answer = f"{new:,} of {entry.min_new_posts:,} new posts"
        again = context.now() + max(entry.max_age / 4, timedelta(hours=1))
        memory = RetryMemory.from_json(context.store.notes(entry.name))
        memory = replace(memory, ask_again=again, last_answer=answer)
        context.store.remember(entry.name, handles=entry.handles, **memory.to_json())
        raise Skipped(f"{answer}; asks again on {again:%Y-%m-%d}")


@contextmanager
def _thread(name: str, stop: Callable[[], None] = lambda: None) -> Iterator[ThreadPoolExecutor]:
    """One thread. When the run is interrupted, what has not begun in it never does, and the rest is told to stop."""
    pool = ThreadPoolExecutor(1, thread_name_prefix=name)
    try:
        yield pool
    except BaseException:
        stop()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
