"""Dates as people's tables and exports write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FORMS = (
    "no date in ISO 8601 (2024-05-01 12:00), of an e-mail (1 May 2024 12:00 +0000), or in seconds since 1970"
)
"""The end of a sentence about a text that is no date; a format says what other dates mean (--date-format)."""

_SECONDS = re.compile(r"\d{9,10}(?:\.\d{1,9})?")
_MILLISECONDS = re.compile(r"\d{12,13}")


def moment(text: str, form: str | None = None) -> datetime | None:
    """The time in UTC, by a format of `strptime` or by what most files have; None for anything else.

    A time without an offset counts as UTC.
    """
    text = text.strip()
    try:
        found = datetime.strptime(text, form) if form else _usual(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, IndexError, re.error):
        return None


def _usual(text: str) -> datetime:
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC)
    if _MILLISECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    try:
        return datetime.fromisoformat(re.sub(r"\s*(?:UTC|GMT|Z)$", "+00:00", text))
    except ValueError:
        return parsedate_to_datetime(text)
