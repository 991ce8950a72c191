"""The report on an erasure, which cannot be undone: what was checked after it, and what it could not reach."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Erasure:
    """Sentences for `Purged`: `checked` name what was read after the erasure, `remains` a place that may still hold
    what was deleted, with the call that clears it.
    """

    checked: list[str] = field(default_factory=list)
    remains: list[str] = field(default_factory=list)
