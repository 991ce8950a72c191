"""Runs one step's work and turns any exception into an Outcome; remembers failures, so that retries back off."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from bot.apply.context import RunContext, Task
from bot.errors import Blocked, BotError, ConflictError, CredentialsError, Deferred, HubError, Skipped
from bot.plan import backoff
from bot.plan.desired import LOCAL_SOURCES
from bot.plan.outcome import Outcome, Result
from bot.plan.retry_memory import RetryMemory
from bot.plan.steps import Step

T = TypeVar("T")


def isolated(task: Task, work: Callable[[], T], *, seconds: float = 0.0) -> T | Outcome:
    """Returns the result of `work`, or the outcome of its failure. `seconds` were spent on the step before."""
    began = time.monotonic()
    result: Result
    refused = False
    try:
        return work()
    except CredentialsError as error:
        result, reason, refused = "failed", str(error), True
    except Blocked as blocked:
        result, reason = "skipped", str(blocked)
        _remember_block(task, reason)
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
        _remember_failure(task, reason)
    except Exception as error:  # a bug in one entry stops no other, and is reported in full
        result, reason = "failed", f"a bug in the bot: {type(error).__name__}; its report is in the log"
        task.context.watcher.say("".join(traceback.format_exception(error)))
        _remember_failure(task, reason)
    seconds += time.monotonic() - began
    return report_outcome(task.step, result, reason, task.context, seconds=seconds, refused=refused)


def report_outcome(
    step: Step,
    result: Result,
    reason: str,
    context: RunContext,
    *,
    commit: str | None = None,
    seconds: float = 0.0,
    refused: bool = False,
) -> Outcome:
    """Notifies the watcher that a step ended, and returns its outcome, whose reason is shown at the end of the run."""
    context.token_refused = context.token_refused or refused
    took = f", {seconds:.0f} s" if seconds >= 1 else ""
    context.watcher.done(step.name, f"{result}{took}")
    return Outcome(step.name, step.action, result, reason, commit, seconds, refused)


def remember_settled(task: Task, reason: str) -> None:
    """Remembers a result that another try would only repeat, so that no run pays for it until something changes."""
    entry, context = task.entry, task.context
    held = (context.store.facts(handle, entry.source) for handle in entry.handles)
    posts = sum(facts.total for facts in held if facts is not None)
    until = None if entry.source in LOCAL_SOURCES else wait_until(task)
    key = _fingerprints(task)[-1]
    _remember(
        task,
        lambda memory: replace(memory, settled=reason, settled_by=key, settled_until=until, posts=posts),
    )


def wait_until(task: Task) -> datetime:
    """When to ask the entry's source again: after a quarter of `max_age`, since asking may cost."""
    return task.context.now() + max(task.entry.max_age / 4, timedelta(hours=1))


def _fingerprints(task: Task) -> tuple[str, ...]:
    return backoff.fingerprints(task.entry, task.context.hub.url(task.entry.name))


def _remember_block(task: Task, reason: str) -> None:
    key, until = _fingerprints(task)[-1], wait_until(task)
    _remember(task, lambda memory: replace(memory, blocked=reason, blocked_by=key, blocked_until=until))


def _remember_failure(task: Task, reason: str) -> None:
    keys, now = _fingerprints(task), task.context.now()
    _remember(task, lambda memory: backoff.after_failure(memory, keys, reason, now))


def _remember(task: Task, change: Callable[[RetryMemory], RetryMemory]) -> None:
    """Writes to the store. A store that cannot be written only means that the next run tries again too soon."""
    entry, context = task.entry, task.context
    try:
        memory = change(RetryMemory.from_json(context.store.notes(entry.name)))
        context.store.remember(entry.name, handles=entry.handles, **memory.to_json())
    except BotError as error:
        context.watcher.say(f"{entry.name}: warning: this outcome is not remembered: {error}")
