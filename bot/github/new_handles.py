"""Handles that a pull request adds and no account has: one short request each, to networks that are free to ask."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache

from bot import sources
from bot.errors import BotError, Problem
from bot.io.retry import RetryPolicy
from bot.registry import Registry
from bot.sources import FindsAccounts

POLICY = RetryPolicy(connect_s=3.0, read_s=5.0, answer_s=6.0, tries=1, wait_s=0.0)
"""A contributor waits for the answer: a network that is slower than this is not asked again."""
MOST = 50
"""Handles that one review asks about."""
MOST_S = 20.0
"""Seconds after which a review asks about no further handle."""


def problems(
    base: Registry | None,
    head: Registry,
    names: Collection[str],
    *,
    environment: Mapping[str, str] = os.environ,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Problem]:
    """Yields a problem on the entry's line for each new handle of the named entries that no account has.

    A network that does not answer, or refuses to, is no finding.
    """
    before = {(one.source, handle) for one in (base.entries if base else ()) for handle in one.handles}
    new = [
        (entry, handle)
        for entry in head.entries
        if entry.name in names
        for handle in entry.handles
        if (entry.source, handle) not in before
    ]
    finder = cache(lambda source: sources.open_finder(source, POLICY, environment))
    asked = [(entry, handle) for entry, handle in new if finder(entry.source) is not None]
    end = clock() + MOST_S
    for entry, handle in asked[:MOST]:
        if clock() >= end:
            return
        if _is_missing(finder(entry.source), handle):
            message = f"there is no account {handle} on {entry.source.capitalize()}: check how the handle is written"
            yield Problem(str(head.path), entry.line, entry.column, message)


def _is_missing(finder: FindsAccounts | None, handle: str) -> bool:
    try:
        return finder is not None and not finder.exists(handle)
    except BotError:
        return False
