"""Failure memory: an entry that failed waits an hour, then twice as long each time, up to a week.

Whatever changes the entry or its files ends the wait: then the cause may be mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.errors import UsageError
from bot.hub import base_model
from bot.io import digest
from bot.plan.retry_notes import FORMS
from bot.registry import Entry

FIRST, LONGEST = timedelta(hours=1), timedelta(days=7)
REMEMBERED = 10
"""Failures whose time and reason are kept."""


def fingerprint(entry: Entry, where: str) -> str:
    """A digest of what a try depends on: the entry, where it goes, its base and local files as they are now."""
    files = []
    for file in entry.files.values():
        path = Path(file)
        facts = path.stat() if path.exists() else None
        files.append([file, facts.st_size, facts.st_mtime_ns] if facts else [file])
    try:
        identity = base_model.parse(entry.base).identity
    except UsageError:
        identity = entry.base
    wanted = [entry.handles, entry.source, identity, entry.recipe.digest(), entry.consent]
    return digest.short([wanted, where, files])


def after_failure(notes: Mapping[str, Any], key: str, reason: str, now: datetime) -> dict[str, Any]:
    """What is to be remembered once a try with the fingerprint `key` failed with `reason`."""
    same = notes.get("fingerprint") == key
    before, times = notes.get("failures"), notes.get("failed")
    known = before if same and isinstance(before, list) else []
    failures = [*known, {"at": now.isoformat(), "reason": reason}]
    count = times + 1 if same and isinstance(times, int) else 1
    wait = min(FIRST * 2 ** min(count - 1, 20), LONGEST)
    return {
        "failures": failures[-REMEMBERED:],
        "failed": count,
        "fingerprint": key,
        "retry_at": (now + wait).isoformat(),
    }


CLEARED_ON_SUCCESS: dict[str, Any] = dict.fromkeys(FORMS)
"""What is to be remembered once a model was published: nothing of the tries before."""


def settled(notes: Mapping[str, Any], key: str, posts: int, now: datetime) -> str | None:
    """Why another try would end as the last one did, with the same posts, base and recipe; None when it may not.

    A network may have more posts later, so there it holds until a date.
    """
    if (
        notes.get("settled_by") == key
        and notes.get("posts") == posts
        and not _past(notes, "settled_until", now)
    ):
        reason = notes.get("settled")
        return reason if isinstance(reason, str) else None
    return None


def blocked(notes: Mapping[str, Any], key: str, now: datetime) -> str | None:
    """Why the account itself forbids a try, as last seen; None when it may do so no more."""
    if notes.get("blocked_by") != key or _past(notes, "blocked_until", now):
        return None
    reason, until = notes.get("blocked"), notes.get("blocked_until")
    if not isinstance(reason, str) or not isinstance(until, str):
        return None
    return f"{reason}; looked at again on {until[:10]} or with --only"


def waiting(notes: Mapping[str, Any], key: str, now: datetime) -> str | None:
    """Why the entry is not tried now, with the time of the next try; None when it may be."""
    if notes.get("fingerprint") != key:
        return None
    when = moment(notes, "retry_at")
    if when is None or when <= now:
        return None
    times = notes.get("failed", 1)
    failures = notes.get("failures")
    last = failures[-1] if isinstance(failures, list) and failures else None
    reason = last.get("reason") if isinstance(last, dict) else None
    return (
        f"failed {'once' if times == 1 else f'{times} times'}, tries again on {when:%Y-%m-%d at %H:%M} UTC "
        f"or with --only; last time: {reason if isinstance(reason, str) else 'unknown'}"
    )


def _past(notes: Mapping[str, Any], name: str, now: datetime) -> bool:
    until = moment(notes, name)
    return until is not None and until <= now


def moment(notes: Mapping[str, Any], name: str) -> datetime | None:
    """The time under that name; None for none, and for one that is damaged or of no time zone."""
    value = notes.get(name)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
