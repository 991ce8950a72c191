"""Ids and places of posts whose file gives none."""

from __future__ import annotations

from collections import Counter
from itertools import count

from bot.io import digest


class Numbering:
    """Numbers the posts of one reading."""

    def __init__(self) -> None:
        self._places = count()
        self._seen: Counter[str] = Counter()

    def place(self) -> int:
        """The next place, from 0."""
        return next(self._places)

    def identifier(self, *parts: str) -> str:
        """An id that a post of these parts has in every reading; of equal posts each has its own."""
        key = digest.short(list(parts))
        self._seen[key] += 1
        return key if self._seen[key] == 1 else f"{key}-{self._seen[key]}"
