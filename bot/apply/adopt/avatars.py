"""Profile pictures that older cards only linked to: fetched once, so that the repo holds them itself."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

MAX_BYTES = 8 << 20
TIMEOUT_S = 10.0
_ADDRESS = re.compile(r"https://pbs\.twimg\.com/profile_images/[\w./-]+", re.ASCII)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A picture's address leads nowhere else: what answered with another one is not followed."""

    def redirect_request(self, *_: Any) -> None:
        return None


def fetch(url: str) -> bytes | None:
    """The picture's bytes, or None where there is none: another host, no network, gone, too large."""
    if not _ADDRESS.fullmatch(url) or ".." in url:
        return None
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(url, timeout=TIMEOUT_S) as answer:  # https alone: the address was matched
            data = bytes(answer.read(MAX_BYTES + 1))
    except (urllib.error.URLError, HTTPException, OSError, ValueError):
        return None
    return data if len(data) <= MAX_BYTES else None
