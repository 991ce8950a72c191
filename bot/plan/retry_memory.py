"""Retry memory: what earlier tries of a model found, as the store keeps it between runs.

The store keeps whatever JSON it is given, and a hand, a bug or a failing disk may have written something else:
damaged notes count as none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, Strict, TypeAdapter, ValidationError


def _aware(value: object) -> object:
    """The time that an ISO text gives. Raises ValueError for any other value, and for a time without a zone."""
    time = (
        value
        if isinstance(value, datetime)
        else datetime.fromisoformat(value if isinstance(value, str) else "")
    )
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return time


Time = Annotated[datetime, BeforeValidator(_aware), PlainSerializer(datetime.isoformat, return_type=str)]
Count = Annotated[int, Strict(), Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Failure:
    """One try that failed, and why."""

    at: Time
    reason: str


@dataclass(frozen=True, slots=True)
class RetryMemory:
    """The memory of a model's earlier tries, kept between runs; times are aware.

    `failed` counts failures in a row, of which `failures` are the last; until `retry_at` there is no other try while
    the `fingerprint` of the entry is the same. `settled` says why a try published nothing, which holds for the
    fingerprint `settled_by`, that number of stored `posts`, and until `settled_until` (None: no limit). `blocked`
    says why the account forbids a try, for the fingerprint `blocked_by` until `blocked_until`. `last_answer` is what
    the last fetch found, and before `ask_again` another one is not worth it.
    """

    failures: tuple[Failure, ...] = ()
    failed: Count = 0
    fingerprint: str | None = None
    retry_at: Time | None = None
    settled: str | None = None
    settled_by: str | None = None
    settled_until: Time | None = None
    posts: Count | None = None
    blocked: str | None = None
    blocked_by: str | None = None
    blocked_until: Time | None = None
    ask_again: Time | None = None
    last_answer: str | None = None

    @classmethod
    def from_json(cls, notes: Mapping[str, Any]) -> RetryMemory:
        """The memory that a model's notes hold, other keys left out; an empty one where anything is damaged."""
        try:
            memory = _ADAPTER.validate_python({name: notes[name] for name in _NAMES if name in notes})
        except ValidationError:
            return cls()
        return memory if memory.retry_at is not None or not memory.failures else cls()

    def to_json(self) -> dict[str, Any]:
        """The memory as notes: every key, with None for what is to be forgotten."""
        notes: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        return {**notes, "failures": notes["failures"] or None, "failed": notes["failed"] or None}


_ADAPTER = TypeAdapter(RetryMemory)
_NAMES = tuple(field.name for field in fields(RetryMemory))
