"""Training steps, overlapped: while one model trains, the next ones' posts are fetched and the last one goes up.

Fetching and publishing have a thread each, so that each of them is in order; training stays on the caller's.
"""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Generic, TypeVar

from bot import corpus
from bot.apply import build, kept_training
from bot.apply.context import RunContext, Task
from bot.apply.failures import isolated, remember_settled, report_outcome, wait_until
from bot.apply.repo_state import RepoState, repo_state, to_remove
from bot.apply.workspace import workspace
from bot.corpus import Corpus
from bot.errors import DeviceLost, Skipped
from bot.manifest import Manifest
from bot.manifest.reading import read_manifest
from bot.plan.outcome import Outcome
from bot.plan.retry_memory import RetryMemory
from bot.registry import owners
from bot.store import PurgedDuringRun
from bot.training import tracker_runs

if TYPE_CHECKING:
    from bot.training.fine_tune import Tuned

K = TypeVar("K")

AHEAD = 16
"""Prepared corpora that wait for the trainer: bounds memory, and what is fetched for nothing if a run is stopped."""
BEHIND = 2
"""Trained models that wait for their publication: bounds the disk space they use."""

DEVICE_LOST = "the GPU failed before, while another model trained; run it again"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A task whose posts are fetched and cleaned, with the state of its repo.

    `held_back` counts posts that are gone at their source and were too many to be dropped at once.
    """

    task: Task
    repo: RepoState
    corpus: Corpus
    seconds: float
    held_back: int = 0


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model whose files lie in `folder`."""

    prepared: Prepared
    tuned: Tuned
    folder: Path
    seconds: float


@dataclass(slots=True)
class _Queues(Generic[K]):
    """The three queues of the pipeline: waiting for a fetch, fetched, trained; and how many were trained."""

    waiting: deque[tuple[K, Task]]
    prepared: deque[tuple[K, Future[Prepared | Outcome]]] = field(default_factory=deque)
    publishing: deque[tuple[K, Future[Outcome]]] = field(default_factory=deque)
    trained: int = 0


def train(tasks: Sequence[tuple[K, Task]], context: RunContext) -> Iterator[tuple[K, Outcome]]:
    """Trains and publishes the models of `tasks` in their order, and yields each outcome with its task's key.

    At most `context.limits.max_models` are trained, and posts are fetched for no more models than may still be
    trained. Once the Hub refused the token, nothing more is trained, since nothing could be published; the tasks
    that are left yield no outcome. Once the GPU failed, they are deferred, and no posts are fetched for them.
    """
    most = context.limits.max_models
    queues = _Queues(deque(tasks))
    context.expected.update({task.entry.name: task.step.estimate for _, task in tasks})
    with (
        workspace() as place,
        _thread("fetch", context.fetcher.stop) as fetching,
        _thread("publish") as publishing,
    ):
        while True:
            while _may_prepare(queues, context):
                key, task = queues.waiting.popleft()
                queues.prepared.append((key, fetching.submit(_prepare, task)))
            yield from _published(queues)
            if not queues.prepared:
                break
            key, preparation = queues.prepared.popleft()
            prepared = preparation.result()
            if isinstance(prepared, Outcome):
                yield key, prepared
                continue
            if context.token_refused:
                continue
            if context.device_lost:
                yield key, report_outcome(prepared.task.step, "deferred", DEVICE_LOST, context)
                continue
            trained = _tune(prepared, place)
            if isinstance(trained, Outcome):
                queues.trained += trained.result != "failed"
                yield key, trained
            else:
                queues.trained += 1
                queues.publishing.append((key, publishing.submit(_publish, trained)))
        for key, task in () if context.token_refused else queues.waiting:
            if context.device_lost:
                yield key, report_outcome(task.step, "deferred", DEVICE_LOST, context)
                continue
            reason = f"waits for the next run: --max-models {most} were trained in this one"
            yield key, report_outcome(task.step, "skipped", reason, context)


def _may_prepare(queues: _Queues[K], context: RunContext) -> bool:
    left = context.limits.max_models - queues.trained
    ended = context.token_refused or context.device_lost
    return bool(queues.waiting) and len(queues.prepared) < min(AHEAD, left) and not ended


def _published(queues: _Queues[K]) -> Iterator[tuple[K, Outcome]]:
    """Yields finished publications; waits for one where too many are queued or nothing is left to train."""
    queue = queues.publishing
    while queue and (len(queue) > BEHIND or queue[0][1].done() or not queues.prepared):
        key, publication = queue.popleft()
        yield key, publication.result()


def _prepare(task: Task) -> Prepared | Outcome:
    """Does everything before training: the repo's state, posts, consent, cleaning, and whether there is enough."""
    step, entry, context = task.step, task.entry, task.context
    began = time.monotonic()

    def work() -> Prepared:
        context.check_people(entry)
        context.check_memory(entry)  # before any post is paid for
        old, repo = None, RepoState()
        if step.head is None:
            context.hub.check(write=True, create=True)
        else:
            old = read_manifest(context.hub, entry.name)
            repo = repo_state(task, old, training=True)
        context.watcher.stage(entry.name, "fetch")
        accounts = {account.handle: account.id for account in old.accounts} if old is not None else {}
        timelines = context.fetcher.fetch(entry, accounts)
        build.check_consent(context.registry, entry, timelines)
        _check_new_posts(task, old)
        timelines = context.fetcher.drop_deleted(entry, timelines, accounts)
        context.watcher.stage(entry.name, "clean")
        cleaned = corpus.build(timelines, entry.selection)
        for warning in cleaned.warnings:
            context.watcher.say(f"{entry.name}: warning: {warning}")
        try:
            corpus.require_enough(cleaned)
        except Skipped as skipped:
            remember_settled(task, str(skipped))
            raise
        return Prepared(task, repo, cleaned, time.monotonic() - began, context.fetcher.held_back(entry))

    return isolated(task, work)


def _tune(prepared: Prepared, place: Path) -> Trained | Outcome:
    """Trains one model into a new folder in `place`; the folder is removed again where that fails."""
    task = prepared.task
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(dir=place))

    def work() -> Trained:
        task.context.check_people(task.entry)
        try:
            tuned = build.tune(task.context, task.entry, prepared.corpus, folder)
        except Skipped as skipped:
            remember_settled(task, str(skipped))
            raise
        except DeviceLost:
            task.context.device_lost = True
            raise
        return Trained(prepared, tuned, folder, prepared.seconds + time.monotonic() - began)

    trained = isolated(task, work, seconds=prepared.seconds)
    if isinstance(trained, Outcome):
        rmtree(folder, ignore_errors=True)
    return trained


def _publish(trained: Trained) -> Outcome:
    """Renders and publishes a trained model, then removes its folder."""
    prepared, task = trained.prepared, trained.prepared.task
    entry, context = task.entry, task.context
    began = time.monotonic()

    def work() -> Outcome:
        context.watcher.stage(entry.name, "render")
        files = build.files(
            context, entry, prepared.corpus, trained.tuned, trained.folder, prepared.repo.added
        )
        remove = to_remove(entry, prepared.repo, files, training=True)
        of = [owners.of_profile(account.profile) for account in prepared.corpus.accounts]
        context.check_people(entry, of)
        context.watcher.stage(entry.name, "publish")
        message = f"Train on {trained.tuned.training.posts:,} posts"
        commit = context.hub.publish(entry.name, files, parent=task.step.head, message=message, remove=remove)
        _hide_if_removed(task)
        _remember_published(trained)
        score = trained.tuned.evaluation
        before, after = score.base.perplexity, score.tuned.perplexity
        reason = f"held-out perplexity {before:.1f} -> {after:.1f}, {context.hub.url(entry.name)}"
        if prepared.held_back:
            reason += (
                f"; {prepared.held_back:,} posts that are gone at their source were kept, see the warning"
            )
        seconds = trained.seconds + time.monotonic() - began
        return report_outcome(task.step, "done", reason, context, commit=commit, seconds=seconds)

    try:
        outcome = isolated(task, work, seconds=trained.seconds)
    finally:
        rmtree(trained.folder, ignore_errors=True)
    if outcome.result in ("done", "skipped"):  # else the next run need not train all of it again
        kept_training.remove(kept_training.folder_of(context.registry.path.parent, entry.name))
    return outcome


def _hide_if_removed(task: Task) -> None:
    """Hides a model whose person was removed while it was being published, and raises Skipped."""
    try:
        task.context.check_people(task.entry)
    except Skipped as skipped:
        task.context.hub.hide(task.entry.name)
        raise Skipped(f"{skipped}; it had gone up already and was made private") from None


def _remember_published(trained: Trained) -> None:
    """Clears the notes on earlier failures, and notes the tracker's run, so that a removal finds it."""
    entry, context = trained.prepared.task.entry, trained.prepared.task.context
    tracked = trained.tuned.tracking
    notes = RetryMemory().to_json()
    try:
        if tracked is not None:
            notes["runs"] = tracker_runs.added(context.store.notes(entry.name), tracked)
        context.store.remember(entry.name, handles=entry.handles if tracked else (), **notes)
    except PurgedDuringRun as purged:
        context.watcher.say(f"{entry.name}: warning: {purged}")


def _check_new_posts(task: Task, old: Manifest | None) -> None:
    """Raises Skipped for a model that is merely old and has too few new posts to be trained again."""
    entry, context = task.entry, task.context
    newest = old.published.newest_post if old is not None else None
    if task.step.cause != "stale" or newest is None:
        return
    held = (context.store.facts(handle, entry.source) for handle in entry.handles)
    ended = entry.selection.ends_before(newest)
    new = 0 if ended else sum(facts.newer_than(newest) for facts in held if facts is not None)
    if new < entry.min_new_posts:
        answer = f"{new:,} of {entry.min_new_posts:,} new posts"
        again = wait_until(task)
        memory = RetryMemory.from_json(context.store.notes(entry.name))
        memory = replace(memory, ask_again=again, last_answer=answer)
        context.store.remember(entry.name, handles=entry.handles, **memory.to_json())
        raise Skipped(f"{answer}; asks again on {again:%Y-%m-%d}")


@contextmanager
def _thread(name: str, stop: Callable[[], None] = lambda: None) -> Iterator[ThreadPoolExecutor]:
    """One worker thread. An interrupted run cancels what has not begun in it, and calls `stop` for the rest."""
    pool = ThreadPoolExecutor(1, thread_name_prefix=name)
    try:
        yield pool
    except BaseException:
        stop()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
