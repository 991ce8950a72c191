"""The event that a workflow runs for, read from the runner's file: what people typed stays data, never a command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.errors import UsageError
from bot.io.bounded import Bounds, Unreadable, read_file

BOUNDS = Bounds(32 << 20)
"""GitHub's own limit on an event is 25 MB."""


def read(environment: Mapping[str, str]) -> dict[str, Any]:
    """The event's payload. Raises UsageError outside of a workflow, and for what GitHub never sends."""
    path = environment.get("GITHUB_EVENT_PATH")
    if not path or not Path(path).is_file():
        raise UsageError("this runs in a GitHub workflow, where GITHUB_EVENT_PATH names the event")
    try:
        event = read_file(Path(path), BOUNDS, "the event")
    except OSError as error:
        raise UsageError(f"the event cannot be read: {error.strerror}; run the job again") from None
    except Unreadable as error:
        raise UsageError(f"{error}, which GitHub never sends; run the job again") from None
    if not isinstance(event, dict):
        raise UsageError("the event is no JSON object")
    return event


def at(event: Mapping[str, Any], *path: str) -> Any:
    """What stands at a path of keys; None where a part of it is missing or no object."""
    value: Any = event
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(event: Mapping[str, Any], *path: str) -> str:
    """As `at`, for a text; empty for anything else."""
    value = at(event, *path)
    return value if isinstance(value, str) else ""
