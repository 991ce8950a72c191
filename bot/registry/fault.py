"""A fault of the registry's text: what is wrong at one place, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.errors import Replacement


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place of the text; line and column count from 1.

    `topic` and `replacements` as in `errors.Problem`.
    """

    line: int
    column: int
    message: str
    topic: str = ""
    replacements: tuple[Replacement, ...] = field(default=(), compare=False)
