"""Mentions of other people: those that a post begins with, and the plain word that stands for a handle."""

from __future__ import annotations

import re
from collections.abc import Collection

from bot.registry.selection import MASK

_AT = r"(?<![A-Za-z0-9_@＠])[@＠]"
_HOST = r"(?:@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)?"
_X = re.compile(rf"{_AT}([A-Za-z0-9_]+{_HOST})")
_OTHER = re.compile(rf"{_AT}([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?{_HOST})")
_LEADING = re.compile(r"[@＠][A-Za-z0-9_](?:[A-Za-z0-9_.@-]*[A-Za-z0-9_])?[,:]?(?:\s+|$)")
_MASKS = re.compile(rf"{MASK}(?:\s+{MASK}\b)+")


def leading(text: str) -> list[str]:
    """The handles, in lower case, of the mentions that a text begins with, as replies do."""
    return re.findall(r"[@＠]([\w.@-]*\w)", text[: len(text) - len(without_leading(text))].lower())


def without_leading(text: str) -> str:
    """The text without the mentions that it begins with. `.@bob` and `@bob's` are part of a sentence, and stay."""
    start = 0
    while found := _LEADING.match(text, start):
        start = found.end()
    return text[start:]


def masked(text: str, network: str, own: Collection[str] = ()) -> str:
    """The text with `MASK` in the place of each handle, several in a row as one.

    Handles in `own` (lower case, without @) stay. On X a handle ends at a period; elsewhere a handle may be a domain,
    so that a word behind a period without a space goes with it.
    """
    if "@" not in text and "＠" not in text:
        return text
    pattern = _X if network == "x" else _OTHER
    found = pattern.sub(lambda one: one[0] if one[1].lower() in own else MASK, text)
    return _MASKS.sub(MASK, found) if found != text else text
