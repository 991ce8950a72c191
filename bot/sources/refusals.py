"""Words in a profile by which people ask not to be used by machines: respected like a network's own switches."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TAG = re.compile(r"#(?:nobots?|noindex|noarchive|noai|noml)(?!\w)", re.IGNORECASE)


def refusal(texts: Iterable[str]) -> str | None:
    """The first hashtag in a bio or a profile's fields that asks so, in lower case, or None."""
    for text in texts:
        if found := _TAG.search(text):
            return found[0].lower()
    return None
