"""Opt-out hashtags in a profile: respected like a network's own settings."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TAG = re.compile(r"#(?:nobots?|noindex|noarchive|noai|noml)(?!\w)", re.IGNORECASE)


def opt_out_tag(texts: Iterable[str]) -> str | None:
    """The first opt-out hashtag in a bio or a profile's fields, in lower case, or None."""
    for text in texts:
        if found := _TAG.search(text):
            return found[0].lower()
    return None
