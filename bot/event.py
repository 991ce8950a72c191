"""The event that a workflow runs for, read from the runner's file: what people typed stays data, never a command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.errors import UsageError

MOST_BYTES = 32 << 20
"""GitHub's own limit on an event is 25 MB."""


def read(environment: Mapping[str, str]) -> dict[str, Any]:
    """The event's payload. Raises UsageError outside of a workflow."""
    path = environment.get("GITHUB_EVENT_PATH")
    if not path or not Path(path).is_file():
        raise UsageError("this runs in a GitHub workflow, where GITHUB_EVENT_PATH names the event")
    if Path(path).stat().st_size > MOST_BYTES:
        raise UsageError("the event is larger than any that GitHub sends")
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"the event is no JSON: {error}") from None
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
