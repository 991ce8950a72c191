"""Whether a link's text is an address, which every source cuts, or the author's words, which belong to the post."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.)\S+", re.IGNORECASE)
_BEFORE_HOST = re.compile(r"(?:https?://)?(?:www\.)?", re.IGNORECASE)


def shows_address(words: str, target: str) -> bool:
    """Whether `words` are the address `target` or any other, possibly without scheme or shortened at the end."""
    words = words.strip()
    if words.startswith(("@", "#")):
        return False
    if _ADDRESS.fullmatch(words):
        return True
    shown = words.rstrip("….").removesuffix("/").lower()
    return "." in shown and _BEFORE_HOST.sub("", target, count=1).lower().startswith(shown)
