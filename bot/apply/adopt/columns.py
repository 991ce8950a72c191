"""Whose column is whose: an older card of several people lists handles sorted and names as they were given.

Only a person's own name decides, where it looks like one handle and no other; anything else is said, not guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

SHORTEST_WORD = 4
"""Letters of a name's word that is looked for anywhere in a handle; a shorter one must be a word of the handle."""


def order(names: Sequence[str], handles: Sequence[str]) -> tuple[str, ...] | None:
    """The handles in the order of the columns that bear `names`, or None where more than one order fits.

    A name fits the handles it looks like; one that looks like none fits the handles that no name looks like.
    """
    alike = [_alike(name, handles) for name in names]
    claimed = [any(row[at] for row in alike) for at in range(len(handles))]
    fits = [row if any(row) else [not taken for taken in claimed] for row in alike]
    orders = list(_first_two(fits))
    return tuple(handles[at] for at in orders[0]) if len(orders) == 1 else None


def _alike(name: str, handles: Sequence[str]) -> list[bool]:
    """Which handles a name looks like: as a whole, or by words that only one holds."""
    whole = _letters(name)
    equal = [whole == _letters(handle) for handle in handles]
    if sum(equal) == 1:
        return equal
    found = [
        len(whole) >= SHORTEST_WORD and (whole in _letters(handle) or _letters(handle) in whole)
        for handle in handles
    ]
    for word in filter(None, map(_letters, re.split(r"[^\w]|_", name))):
        holds = [_holds(handle, word) for handle in handles]
        if sum(holds) == 1:
            found = [one or other for one, other in zip(found, holds, strict=True)]
    return found


def _holds(handle: str, word: str) -> bool:
    return word in re.split(r"[_\d]+", handle) or (len(word) >= SHORTEST_WORD and word in _letters(handle))


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
