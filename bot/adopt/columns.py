"""Whose column is whose: an older card of several people lists handles sorted and names as they were given.

Only a person's own name can tell, where it looks like one handle and no other; anything else is said, not guessed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

SHORTEST_WORD = 4
"""Letters in a word of a name that a handle must hold to look like it."""


def order(names: Sequence[str], handles: Sequence[str]) -> tuple[str, ...] | None:
    """The handles in the order of the columns that bear `names`, or None where more than one order fits.

    A name fits the handles it looks like; one that looks like none fits the handles that no name looks like.
    """
    alike = [[_alike(name, handle) for handle in handles] for name in names]
    claimed = [any(row[at] for row in alike) for at in range(len(handles))]
    fits = [row if any(row) else [not taken for taken in claimed] for row in alike]
    orders = list(_first_two(fits))
    return tuple(handles[at] for at in orders[0]) if len(orders) == 1 else None


def _alike(name: str, handle: str) -> bool:
    whole, other = _letters(name), _letters(handle)
    if min(len(whole), len(other)) >= SHORTEST_WORD and (whole in other or other in whole):
        return True
    return any(len(word) >= SHORTEST_WORD and word in other for word in map(_letters, name.split()))


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in plain if character.isascii() and character.isalnum())


def _first_two(fits: Sequence[Sequence[bool]]) -> Iterator[tuple[int, ...]]:
    """At most two ways to give every row a column of its own."""
    found = 0
    waiting: list[tuple[int, ...]] = [()]
    while waiting and found < 2:
        chosen = waiting.pop()
        if len(chosen) == len(fits):
            found += 1
            yield chosen
            continue
        waiting += [(*chosen, at) for at, good in enumerate(fits[len(chosen)]) if good and at not in chosen]
