"""Fields of untrusted JSON: what is missing or of another type reads as empty, and never raises."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

LONGEST_ID = 500
"""Maximum of characters in an identifier; no network has longer ones."""


def text(value: object, key: str) -> str | None:
    """The string under `key`, or None. Half of a surrogate pair, which UTF-8 cannot encode, becomes `?`."""
    found = value.get(key) if isinstance(value, dict) else None
    return found.encode(errors="replace").decode() if isinstance(found, str) else None


def identifier(value: object, key: str) -> str | None:
    """The identifier under `key`: a string that is not blank, or None."""
    found = (text(value, key) or "").strip()
    return found if 0 < len(found) <= LONGEST_ID else None


def mapping(value: object, key: str) -> dict[str, Any]:
    """The object under `key`, or an empty one."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def mappings(value: object, key: str) -> list[dict[str, Any]]:
    """The objects in the list under `key`; other values in the list are left out."""
    found = value.get(key) if isinstance(value, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def moment(value: object, key: str) -> datetime | None:
    """The ISO 8601 time under `key` in UTC, or None. A time without an offset counts as UTC."""
    try:
        found = datetime.fromisoformat(text(value, key) or "")
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
