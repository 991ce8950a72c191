"""The fence around one entry's work: whatever goes wrong inside becomes its outcome, and is remembered if need be."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from bot.apply.build import RunContext
from bot.errors import Blocked, BotError, ConflictError, CredentialsError, Deferred, HubError, Skipped
from bot.hub import Hub
from bot.plan import backoff
from bot.plan.desired import LOCAL_SOURCES
from bot.plan.outcome import Outcome, Result
from bot.plan.retry_memory import RetryMemory
from bot.plan.steps import Step
from bot.registry import Entry

T = TypeVar("T")


def isolated(
    step: Step, entry: Entry, context: RunContext, hub: Hub, work: Callable[[], T], *, seconds: float = 0.0
) -> T | Outcome:
    """What `work` returns, or the outcome that its failure makes. `seconds` were spent on the step before."""
    began = time.monotonic()
    result: Result
    refused = False
    try:
        return work()
    except CredentialsError as error:
        result, reason, refused = "failed", str(error), True
    except Blocked as blocked:
        result, reason = "skipped", str(blocked)
        _remember_block(entry, reason, context, hub)
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
        _remember_failure(entry, reason, context, hub)
    except Exception as error:  # the fence: a bug in one entry stops no other, and is reported whole
        result, reason = "failed", f"a bug in the bot: {type(error).__name__}; its report is in the log"
        context.watcher.say("".join(traceback.format_exception(error)))
        _remember_failure(entry, reason, context, hub)
    seconds += time.monotonic() - began
    return told(step, result, reason, context, seconds=seconds, refused=refused)


def told(
    step: Step,
    result: Result,
    reason: str,
    context: RunContext,
    *,
    commit: str | None = None,
    seconds: float = 0.0,
    refused: bool = False,
) -> Outcome:
    """The outcome of a step, said as it happens."""
    context.watcher.done(step.name)
    context.watcher.say(f"{step.name}: {result}: {reason}")
    return Outcome(step.name, step.action, result, reason, commit, seconds, refused)


def remember_settled(entry: Entry, reason: str, context: RunContext, hub: Hub) -> None:
    """Notes what would end the same way again, so that it is not paid for again until something changes."""
    held = (context.store.facts(handle, entry.source) for handle in entry.handles)
    posts = sum(facts.total for facts in held if facts is not None)
    until = None if entry.source in LOCAL_SOURCES else _look_again(entry, context)
    key = backoff.fingerprint(entry, hub.url(entry.name))

    def settled(memory: RetryMemory) -> RetryMemory:
        return replace(memory, settled=reason, settled_by=key, settled_until=until, posts=posts)

    _remember(entry, context, settled)


def _look_again(entry: Entry, context: RunContext) -> datetime:
    """A quarter of the entry's age limit from now: other people's accounts change, and asking may cost."""
    return context.now() + max(entry.max_age / 4, timedelta(hours=1))


def _remember_block(entry: Entry, reason: str, context: RunContext, hub: Hub) -> None:
    key, until = backoff.fingerprint(entry, hub.url(entry.name)), _look_again(entry, context)
    _remember(
        entry,
        context,
        lambda memory: replace(memory, blocked=reason, blocked_by=key, blocked_until=until),
    )


def _remember_failure(entry: Entry, reason: str, context: RunContext, hub: Hub) -> None:
    key, now = backoff.fingerprint(entry, hub.url(entry.name)), context.now()
    _remember(entry, context, lambda memory: backoff.after_failure(memory, key, reason, now))


def _remember(entry: Entry, context: RunContext, change: Callable[[RetryMemory], RetryMemory]) -> None:
    """A store that cannot be written is said, and no more: the next run tries again too soon, and that is all."""
    try:
        memory = change(RetryMemory.from_json(context.store.notes(entry.name)))
        context.store.remember(entry.name, handles=entry.handles, **memory.to_json())
    except BotError as error:
        context.watcher.say(f"{entry.name}: warning: this outcome is not remembered: {error}")
