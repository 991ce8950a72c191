"""Addresses that strangers wrote: taken apart without failing, and told whether they lead to the public internet."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urljoin, urlsplit

_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
# Names that lead into somebody's own network, or nowhere (RFC 6761, 6762, 7686, 8375, 9476 and usage).
_NOT_PUBLIC = re.compile(
    r"(?:.*\.)?(?:localhost|local|localdomain|internal|intranet|private|corp|home|lan|arpa|onion|alt|test|invalid"
    r"|example)"
)


def is_public(host: str) -> bool:
    """Whether `host` reads like a domain of the public internet: no address in numbers, no name of a home."""
    return bool(_DOMAIN.fullmatch(host)) and not _NOT_PUBLIC.fullmatch(host)


def split(url: str) -> SplitResult:
    """The parts of an address; all are empty where it is none."""
    try:
        return urlsplit(url)
    except ValueError:  # such as half an address in brackets
        return urlsplit("")


def joined(url: str, location: str) -> str:
    """Where a redirect leads from `url`; empty where it is no address."""
    try:
        return urljoin(url, location)
    except ValueError:
        return ""
