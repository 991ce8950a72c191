"""Failure memory: an entry that failed waits an hour, then twice as long each time, up to a week.

Whatever changes the entry or its files ends the wait: then the cause may be mended.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot import digest
from bot.registry import Entry

FIRST, LONGEST = timedelta(hours=1), timedelta(days=7)
REMEMBERED = 10
"""Failures whose time and reason are kept."""


def fingerprint(entry: Entry) -> str:
    """A digest of what a try depends on: the entry, and size and time of the local files that it names."""
    files = []
    for file in entry.files.values():
        path = Path(file)
        facts = path.stat() if path.exists() else None
        files.append([file, facts.st_size, facts.st_mtime_ns] if facts else [file])
    return digest.of_value([entry.handles, entry.source, entry.base, entry.recipe.digest(), files])[:16]


def after_failure(notes: Mapping[str, Any], entry: Entry, reason: str, now: datetime) -> dict[str, Any]:
    """What is to be remembered once a try failed with `reason`."""
    same = notes.get("fingerprint") == fingerprint(entry)
    failures = [*(notes.get("failures", []) if same else []), {"at": now.isoformat(), "reason": reason}]
    count = notes.get("failed", 0) + 1 if same else 1
    wait = min(FIRST * 2 ** min(count - 1, 20), LONGEST)
    return {
        "failures": failures[-REMEMBERED:],
        "failed": count,
        "fingerprint": fingerprint(entry),
        "retry_at": (now + wait).isoformat(),
    }


FORGOTTEN: dict[str, Any] = dict.fromkeys(("failures", "failed", "fingerprint", "retry_at"))
"""What is to be remembered once a try went well: nothing of the failures."""


def waiting(notes: Mapping[str, Any], entry: Entry, now: datetime) -> str | None:
    """Why the entry is not tried now, with the time of the next try; None when it may be."""
    retry_at = notes.get("retry_at")
    if not isinstance(retry_at, str) or notes.get("fingerprint") != fingerprint(entry):
        return None
    when = datetime.fromisoformat(retry_at)
    if when <= now:
        return None
    times = notes.get("failed", 1)
    last = notes["failures"][-1]["reason"] if notes.get("failures") else "unknown"
    return (
        f"failed {'once' if times == 1 else f'{times} times'}, tries again on {when:%Y-%m-%d at %H:%M} UTC "
        f"or with --only; last time: {last}"
    )
