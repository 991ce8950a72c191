"""Untrusted URLs: splitting them without errors, and whether their host is on the public internet."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urljoin, urlsplit

_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
# Names of private networks, or of none (RFC 6761, 6762, 7686, 8375, 9476 and usage).
_NOT_PUBLIC = re.compile(
    r"(?:.*\.)?(?:localhost|local|localdomain|internal|intranet|private|corp|home|lan|arpa|onion|alt|test|invalid"
    r"|example)"
)


def is_public(host: str) -> bool:
    """Whether `host` looks like a public domain: no IP address, no name of a private network."""
    return bool(_DOMAIN.fullmatch(host)) and not _NOT_PUBLIC.fullmatch(host)


def split(url: str) -> SplitResult:
    """The parts of a URL; all are empty where it is invalid."""
    try:
        return urlsplit(url)
    except ValueError:  # such as an unclosed bracket
        return urlsplit("")


def joined(url: str, location: str) -> str:
    """The target of a redirect from `url`; empty where it is invalid."""
    try:
        return urljoin(url, location)
    except ValueError:
        return ""
