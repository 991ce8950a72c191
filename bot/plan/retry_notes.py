"""What a plan may rely on of a model's notes: each has its form, or there are none.

The store keeps whatever JSON it is given, and a hand, a bug or a failing disk may have written something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any


def _text(value: object) -> bool:
    return isinstance(value, str)


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _failures(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and _time(one.get("at")) and _text(one.get("reason")) for one in value
    )


FORMS: Mapping[str, Callable[[object], bool]] = {
    "failures": _failures,
    "failed": _count,
    "fingerprint": _text,
    "retry_at": _time,
    "settled": _text,
    "settled_by": _text,
    "settled_until": _time,
    "posts": _count,
    "blocked": _text,
    "blocked_by": _text,
    "blocked_until": _time,
    "ask_again": _time,
    "last_answer": _text,
}
"""The notes that a plan reads, each with the form that it must have."""


def checked(notes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The notes of a model that a plan may rely on: none at all where one of them is damaged. Times are aware."""
    sound = all(form(notes[name]) for name, form in FORMS.items() if name in notes)
    told = {name: value for name, value in notes.items() if name in FORMS}
    return told if sound and ("retry_at" in told or not told.get("failures")) else {}
