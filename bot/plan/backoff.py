"""Back-off: an entry that failed waits an hour, then twice as long each time, up to a week.

Whatever changes the entry or its files ends the wait: then the cause may be fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from bot.errors import UsageError
from bot.hub import base_model
from bot.io import digest
from bot.plan.retry_memory import Failure, RetryMemory
from bot.registry import Entry, asked

FIRST, LONGEST = timedelta(hours=1), timedelta(days=7)
REMEMBERED = 10
"""Failures whose time and reason are kept."""


def fingerprints(entry: Entry, where: str) -> tuple[str, ...]:
    """Digests of what a try depends on: the entry, where it goes, its base and local files as they are now.

    There is one for each generation of defaults, today's last, so that a try of an older version is recognised.
    """
    files = []
    for file in entry.files.values():
        path = Path(file)
        facts = path.stat() if path.exists() else None
        files.append([file, facts.st_size, facts.st_mtime_ns] if facts else [file])
    try:
        identity = base_model.parse(entry.base).identity
    except UsageError:
        identity = entry.base
    return tuple(
        digest.short([[entry.handles, entry.source, identity, recipe, entry.consent], where, files])
        for recipe in asked.digests(asked.values_of(entry))
    )


def after_failure(memory: RetryMemory, keys: Sequence[str], reason: str, now: datetime) -> RetryMemory:
    """The memory once a try with the fingerprints `keys` failed with `reason`."""
    same = memory.fingerprint in keys
    count = memory.failed + 1 if same else 1
    failures = (*(memory.failures if same else ()), Failure(now, reason))
    wait = min(FIRST * 2 ** min(count - 1, 20), LONGEST)
    return replace(
        memory, failures=failures[-REMEMBERED:], failed=count, fingerprint=keys[-1], retry_at=now + wait
    )


def cached_skip_reason(memory: RetryMemory, keys: Sequence[str], posts: int, now: datetime) -> str | None:
    """The reason why another try would publish nothing again, with the same posts, base and recipe; None when it might.

    A network may have more posts later, so there it holds until a date.
    """
    same = memory.settled_by in keys and memory.posts == posts
    return memory.settled if same and not _is_past(memory.settled_until, now) else None


def block_reason(memory: RetryMemory, keys: Sequence[str], now: datetime) -> str | None:
    """The reason why the account itself forbids a try, as last seen; None when it may allow one again."""
    reason, until = memory.blocked, memory.blocked_until
    if memory.blocked_by not in keys or reason is None or until is None or until <= now:
        return None
    return f"{reason}; looked at again on {until:%Y-%m-%d} or with --only"


def wait_reason(memory: RetryMemory, keys: Sequence[str], now: datetime) -> str | None:
    """The reason why the entry is not tried now, with the time of the next try; None when it may be tried."""
    when = memory.retry_at
    if memory.fingerprint not in keys or when is None or when <= now:
        return None
    times = max(1, memory.failed)
    last = memory.failures[-1].reason if memory.failures else "unknown"
    return (
        f"failed {'once' if times == 1 else f'{times} times'}, tries again on {when:%Y-%m-%d at %H:%M} UTC "
        f"or with --only; last time: {last}"
    )


def _is_past(until: datetime | None, now: datetime) -> bool:
    return until is not None and until <= now
