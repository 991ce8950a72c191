"""When a failed request is repeated: the policy of time limits and tries, and the wait that a response asks for."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LOG = logging.getLogger(__name__)

LOGGED_WAIT_S = 2.0
"""Seconds from which on a wait is logged."""

MAX_AHEAD_S = 40 * 86_400.0
"""A wait longer than this counts as this long; a reset time further ahead is not believed."""

_RESETS = ("x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour", "x-ratelimit", "ratelimit")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?", re.ASCII)
_FIRST_EPOCH = 1e9
"""A reset from this number on counts seconds since 1970, a smaller one seconds from now."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Time limits in seconds, and how often a request is sent.

    `connect_s` bounds opening a connection, `read_s` the silence between two bytes, `answer_s` a whole response.
    An operation sends at most `tries` requests and waits at most `wait_s` between them.
    """

    connect_s: float = 10.0
    read_s: float = 60.0
    answer_s: float = 120.0
    tries: int = 4
    pause_s: float = 0.5
    wait_s: float = 120.0
    sleep: Callable[[float], None] = time.sleep

    def backoff_s(self, attempt: int) -> float:
        """Seconds to wait after the failed try number `attempt` (from 1): each pause is twice the one before."""
        return float(self.pause_s * 2 ** (attempt - 1))

    def wait(self, seconds: float, what: str) -> None:
        """Sleeps, and logs a long wait with its length; `what` is waited for."""
        if seconds >= LOGGED_WAIT_S:
            _LOG.warning("waiting %.0f s for %s", seconds, what)
        self.sleep(seconds)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a response asks to wait, at least 0; None where it does not say.

    Read in this order: `Retry-After` (RFC 9110: seconds or a date), the reset headers of X, GitHub and Mastodon
    (seconds from now or since 1970, or ISO 8601; only of limits that are exhausted), the Hub's `RateLimit`.
    """
    fields = {name.lower(): value.strip() for name, value in headers.items()}
    asked = fields.get("retry-after", "")
    if _NUMBER.fullmatch(asked):
        return min(float(asked[:12]), MAX_AHEAD_S)
    exhausted = [limit for limit in _RESETS if fields.get(f"{limit}-remaining", "0") == "0"]
    for value in (asked, *(fields.get(f"{limit}-reset", "") for limit in exhausted)):
        if (wait := _seconds_until(value, now)) is not None:
            return wait
    return _hub_wait(fields.get("ratelimit", ""))


def _seconds_until(value: str, now: datetime) -> float | None:
    """Seconds from `now` to a time in any of the forms in use; None for what is none, or too far ahead."""
    try:
        if _NUMBER.fullmatch(value):
            number = float(value[:12])
            seconds = number if number < _FIRST_EPOCH else number - now.timestamp()
        else:
            moment = parsedate_to_datetime(value) if "," in value else datetime.fromisoformat(value)
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            seconds = (aware - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return max(0.0, seconds) if seconds <= MAX_AHEAD_S else None


def _hub_wait(value: str) -> float | None:
    """Seconds of a header such as `"api";r=0;t=55`: the time left (t) where nothing remains (r)."""
    parts = dict(part.strip().split("=", 1) for part in value.split(";") if "=" in part)
    wait = parts.get("t", "")
    exhausted = parts.get("r") == "0" and wait.isascii() and wait.isdigit()
    return min(float(wait[:12]), MAX_AHEAD_S) if exhausted else None
