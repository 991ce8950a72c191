"""Profile pictures that older cards only linked to: fetched once, so that the repo holds them itself."""

from __future__ import annotations

import re

from bot.errors import SourceError
from bot.io.http import Client

_ADDRESS = re.compile(r"https://pbs\.twimg\.com/profile_images/[\w./-]+", re.ASCII)


def fetch(url: str, client: Client | None = None) -> bytes | None:
    """The picture's bytes, or None where there is none: another host, no network, gone, too large."""
    if not _ADDRESS.fullmatch(url) or ".." in url:
        return None
    try:
        return (client or Client()).picture(url)
    except SourceError:
        return None
