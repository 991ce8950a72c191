"""What a purge did: what went, what was looked at afterwards, and what it could not reach."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Purged:
    """`files` is how many went; 0 says that there was no trace.

    `checked` are sentences, each naming what was read after the deed and what it showed. `remains` are
    sentences, each naming a place that may still hold the person's posts and the call that clears it. Neither
    names the person.
    """

    files: int
    checked: tuple[str, ...] = ()
    remains: tuple[str, ...] = ()
