"""The accounts of a model as its card shows them: names, the table of their posts, the dates these span."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.manifest import Account, Manifest
from bot.render import escape

NAME_LENGTH = 60
"""Characters of a display name that a card shows; longer ones end in an ellipsis."""
COLUMNS = 3
"""Accounts side by side in one table."""
_ALWAYS = ("retweets", "short")
_REASONS = {
    "retweets": ("Retweets", "Reposts"),
    "short": ("Short tweets", "Short posts"),
    "dates": ("Outside the dates", "Outside the dates"),
    "apps": ("By apps left out", "By apps left out"),
    "replies": ("Replies", "Replies"),
    "joined": ("Joined to a thread", "Joined to a thread"),
}
_NETWORKS = {"x": "X", "bluesky": "Bluesky", "mastodon": "Mastodon"}


def display_names(accounts: Sequence[Account]) -> list[str]:
    """Names as a reader sees them: cleaned, shortened, the handle where one is blank or two are equal."""
    names = [
        at(account) if escape.is_blank(account.name) else escape.shorten(account.name, NAME_LENGTH)
        for account in accounts
    ]
    return [
        f"{name} ({at(account)})" if names.count(name) > 1 and name != at(account) else name
        for name, account in zip(names, accounts, strict=True)
    ]


def at(account: Account) -> str:
    """The handle as its network writes it."""
    return "@" + escape.shorten(account.handle.removeprefix("@"), NAME_LENGTH)


def statistics(manifest: Manifest) -> dict[str, Any]:
    """The tables of what was downloaded, dropped and kept: a column an account; the first row sums the others."""
    column = 0 if is_x(manifest) else 1
    noun = ("Tweets", "Posts")[column]
    reasons = list(_ALWAYS)
    for account in manifest.accounts:
        reasons.extend(reason for reason in (*account.dropped, *account.not_fetched) if reason not in reasons)
    rows = [
        {
            "label": _REASONS[reason][column]
            if reason in _REASONS
            else reason.replace("_", " ").capitalize(),
            "counts": [_dropped(account, reason) for account in manifest.accounts],
        }
        for reason in reasons
        if reason in (*_ALWAYS, *_used(manifest))
        or any(_dropped(account, reason) != 0 for account in manifest.accounts)
    ]
    first = {"label": f"{noun} downloaded", "counts": [account.downloaded for account in manifest.accounts]}
    last = {"label": f"{noun} kept", "counts": [account.kept for account in manifest.accounts]}
    return {
        "tables": _split(display_names(manifest.accounts), [first, *rows, last]),
        "whole": not any(account.not_fetched for account in manifest.accounts),
    }


def _used(manifest: Manifest) -> set[str]:
    """The reasons that the selection adds, which stand in the table with 0 as well."""
    return {
        reason
        for account in manifest.accounts
        for reason in account.dropped
        if reason in _REASONS and reason not in _ALWAYS
    }


def _split(columns: list[str], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The table as several of at most `COLUMNS` accounts each, so that a narrow screen shows every number."""
    return [
        {
            "columns": columns[start : start + COLUMNS],
            "rows": [row | {"counts": row["counts"][start : start + COLUMNS]} for row in rows],
        }
        for start in range(0, len(columns), COLUMNS)
    ]


def _dropped(account: Account, reason: str) -> int | None:
    """How many posts were dropped for the reason; None where none came because they were never asked for."""
    count = account.dropped.get(reason, 0)
    return None if not count and reason in account.not_fetched else count


def row(account: Account, name: str) -> dict[str, Any]:
    """One account as a template sees it; `name` is its display name."""
    return {
        "name": name,
        "handle": at(account),
        "url": account.url,
        "avatar": account.avatar,
        "first": account.first,
        "last": account.last,
        "characters": account.characters,
        "parody": account.parody,
        "labels": account.labels,
    }


def is_x(manifest: Manifest) -> bool:
    """Whether all accounts are X's, whose posts are called tweets."""
    return all(account.network == "x" for account in manifest.accounts)


def network(manifest: Manifest) -> str | None:
    """The network of all accounts by name; None where they differ or it is none that has a name."""
    found = {_NETWORKS.get(account.network) for account in manifest.accounts}
    return found.pop() if len(found) == 1 else None


def window(accounts: Sequence[Account]) -> tuple[datetime, datetime] | None:
    """When the first and the last of the kept posts were written; None where no date is known."""
    first = [account.first for account in accounts if account.first is not None]
    last = [account.last for account in accounts if account.last is not None]
    return (min(first), max(last)) if first and last else None
