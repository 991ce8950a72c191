"""Which way text runs: the Unicode Bidirectional Algorithm (UAX #9) for one line of plain text.

Without the explicit embeddings, overrides and isolates, which are dropped from every stranger's text before it
is drawn, and without the pairing of brackets (rule N0).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def is_backwards(text: str) -> bool:
    """Whether the first letter with a direction runs from right to left (rules P2 and P3)."""
    strong = (unicodedata.bidirectional(character) for character in text)
    return next((kind in ("R", "AL") for kind in strong if kind in ("L", "R", "AL")), False)


def levels(line: str, *, base: bool | None = None) -> list[int]:
    """Each character's embedding level: even runs left to right, odd right to left.

    `base`: whether the line's paragraph runs from right to left; without it the line's own first letter decides.
    """
    kinds = [unicodedata.bidirectional(character) or "L" for character in line]
    base = is_backwards(line) if base is None else base
    resolved = _resolve_weak(kinds, "R" if base else "L")
    _resolve_neutral(resolved, "R" if base else "L")
    rise = {"L": 1, "R": 0, "N": 1} if base else {"L": 0, "R": 1, "N": 2}
    found = [base + rise[kind] for kind in resolved]
    # Spaces at the end belong to the paragraph (rule L1).
    for index in range(len(line) - 1, -1, -1):
        if kinds[index] not in ("WS", "S", "B", "BN"):
            break
        found[index] = int(base)
    return found


def visual_order(run_levels: Sequence[int]) -> list[int]:
    """The runs' indices from left to right (rule L2)."""
    order = list(range(len(run_levels)))
    for level in range(max(run_levels, default=0), 0, -1):
        start = 0
        while start < len(order):
            end = start
            while end < len(order) and run_levels[order[end]] >= level:
                end += 1
            order[start:end] = reversed(order[start:end])
            start = end + 1
    return order


def _resolve_weak(kinds: Sequence[str], base: str) -> list[str]:
    """Rules W1 to W7: each kind becomes L, R, N (a number within right-to-left text) or `?` (neutral)."""
    strong, after_arabic = base, False
    found: list[str] = []
    for index, kind in enumerate(kinds):
        if kind == "NSM":
            found.append(found[-1] if found else base)
            continue
        if kind in ("L", "R", "AL"):
            strong, after_arabic = ("L" if kind == "L" else "R"), kind == "AL"
            found.append(strong)
        elif kind in ("EN", "AN"):
            found.append("L" if kind == "EN" and strong == "L" else "N")
        elif kind in ("ES", "CS", "ET") and _beside_number(kinds, index, after_arabic):
            found.append("L" if strong == "L" else "N")
        else:
            found.append("?")
    return found


def _beside_number(kinds: Sequence[str], index: int, after_arabic: bool) -> bool:
    """Whether a separator stands inside a number, or a terminator (a percent sign, a currency) beside one."""
    before = kinds[index - 1] if index else ""
    after = kinds[index + 1] if index + 1 < len(kinds) else ""
    if kinds[index] == "ET":
        return not after_arabic and "EN" in (before, after)
    return before == after and before in ("EN", "AN")


def _resolve_neutral(kinds: list[str], base: str) -> None:
    """Rules N1 and N2, in place: neutrals between like directions take theirs, all others the base's."""
    index = 0
    while index < len(kinds):
        if kinds[index] != "?":
            index += 1
            continue
        end = index
        while end < len(kinds) and kinds[end] == "?":
            end += 1
        before = _direction(kinds[index - 1]) if index else base
        after = _direction(kinds[end]) if end < len(kinds) else base
        kinds[index:end] = [before if before == after else base] * (end - index)
        index = end


def _direction(kind: str) -> str:
    return "R" if kind == "N" else kind
