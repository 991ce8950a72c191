"""Classifies a response of X: a payload, a failed try, a rate limit, X off for this run, or a refusal.

Pure: a status, headers and a body in, a verdict out. Reasons are sentences without any text of a post.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.io.bounded import ANSWERS, Unreadable, read_json
from bot.io.retry import retry_after
from bot.sources import fields

HARMLESS = ("pinned_tweet_id", "pinned_post_id", "most_recent_tweet_id", "most_recent_post_id", "author_id")
"""Parameters of errors about something other than the requested account or post."""

WINDOW = timedelta(minutes=15)
"""The window of X's rate limits, for a response that does not say when it ends."""

_HARMLESS_KINDS = ("referenced_tweets", "referenced_posts", "entities.", "attachments.", "edit_history")
_KNOWN_KINDS = frozenset(  # X's own terms, safe to print: anything else may be a user's text
    {
        "client-disconnected",
        "client-forbidden",
        "disallowed-resource",
        "invalid-request",
        "not-authorized-for-field",
        "not-authorized-for-resource",
        "oauth1-permissions",
        "operational-disconnect",
        "resource-not-found",
        "resource-unavailable",
        "unsupported-authentication",
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of X: status, headers and body, or `lost`, the reason why there is none.

    `sent`: X may have received the request, and so may bill it.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    lost: str = ""
    sent: bool = True


@dataclass(frozen=True, slots=True)
class Payload:
    """The JSON object that X answered with."""

    value: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Broken:
    """No usable response: another try may bring one. `billed`: X may have counted what it sent as read."""

    why: str
    billed: bool


@dataclass(frozen=True, slots=True)
class Limited:
    """X refuses requests of this kind until a time (UTC)."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Off:
    """Why X will answer nothing more in this run."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """X refused this request; others may succeed. `vocabulary`: the names of fields may be the reason.

    `absence` says why the account cannot be read, where that is the reason.
    """

    why: str
    vocabulary: bool = False
    absence: str | None = None


Verdict = Payload | Broken | Limited | Off | Refused


def judge(answer: Answer, now: datetime) -> Verdict:
    """The verdict on one response."""
    if answer.lost:
        return Broken(answer.lost, answer.sent)
    status, problem = answer.status, _json(answer.body)
    if status == 200:
        if isinstance(problem, dict):
            return Payload(problem)
        return Broken("X answered with something that is not its JSON, or with half of it", billed=True)
    kind, title = _kind(problem)
    if status == 402 or "credit" in kind.lower() or "credit" in title.lower():
        return Off(f"no credits: X answered {status}; buy credits in X's developer console and run again")
    if re.search(r"(usage|spend)-?cap", f"{kind} {title}", re.IGNORECASE):
        return Off(
            f"the plan's reads are used up: X answered {status}; raise the limit in X's "
            "developer console, or wait until the next billing period"
        )
    match status:
        case 401:
            return Off(
                "X refuses the token (401): X_BEARER_TOKEN is wrong, expired or revoked; make a new bearer token "
                "in X's developer console"
            )
        case 403 | 404 if absence := _absence(kind, title, ""):
            return Refused(f"X answered {status}", absence=absence)
        case 403:
            return Off(
                f"X does not let this token read (403{_named(kind)}): X_BEARER_TOKEN must be the app-only "
                "bearer token of an app inside a project, or a user token with the scopes users.read and tweet.read"
            )
        case 429:
            wait = retry_after(answer.headers, now)
            return Limited(now + (WINDOW if wait is None else timedelta(seconds=wait)))
        case _ if status >= 500 or status in (408, 425):
            return Broken(f"X answered {status}", billed=False)
    return Refused(f"X answered {status}{_named(kind)}", vocabulary=status == 400)


def absence(payload: Mapping[str, Any]) -> str | None:
    """Why the account or its posts are not shown, where X answers 200 with errors; None where they are shown.

    Read from the last part of `type` together with `title`, since a suspended account is "not found", too.
    """
    for error in serious(payload):
        kind, title = _kind(error)
        return _absence(kind, title, fields.text(error, "detail") or "") or f"not shown by X{_named(kind)}"
    return None


def resources(payload: Mapping[str, Any]) -> int:
    """How many posts or users X bills for a payload: each one that it sent, those in `includes` too, once."""
    data = payload.get("data")
    sent = data if isinstance(data, list) else [data] if data else []
    includes = fields.mapping(payload, "includes")
    beside = [*fields.mappings(includes, "posts"), *fields.mappings(includes, "tweets")]
    ids = {fields.identifier(one, "id") for one in sent}
    return len(sent) + len({fields.identifier(one, "id") for one in beside} - ids)


def missing(payload: Mapping[str, Any]) -> frozenset[str]:
    """The ids of a look-up that X reports as not visible: deleted, protected or suspended.

    An id that is neither in the data nor reported so was not answered.
    """
    return frozenset(
        found
        for error in fields.mappings(payload, "errors")
        if fields.text(error, "parameter") in ("ids", "id")
        and _kind(error)[0] in ("resource-not-found", "not-authorized-for-resource")
        and (found := fields.identifier(error, "resource_id") or fields.identifier(error, "value"))
    )


def serious(payload: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The errors of a payload that are about what was requested."""
    return [
        error
        for error in fields.mappings(payload, "errors")
        if (parameter := fields.text(error, "parameter") or "") not in HARMLESS
        and not parameter.startswith(_HARMLESS_KINDS)
    ]


def _absence(kind: str, title: str, detail: str) -> str | None:
    if kind == "not-authorized-for-resource":
        return "protected: only followers may read it"
    if "suspended" in f"{kind} {title} {detail}".lower() or (kind, title) == (
        "resource-not-found",
        "Forbidden",
    ):
        return "suspended by X"
    if kind == "resource-not-found":
        return "not found: X knows no account of that name"
    return None


def _kind(problem: object) -> tuple[str, str]:
    """The last part of the problem's type, and its title."""
    inner = fields.mappings(problem, "errors")
    if inner and not (fields.text(problem, "type") or fields.text(problem, "title")):
        problem = inner[0]
    kind = (fields.text(problem, "type") or "").rstrip("/").rpartition("/")[2]
    return kind, fields.text(problem, "title") or ""


def _named(kind: str) -> str:
    return f", {kind}" if kind in _KNOWN_KINDS else ""


def _json(body: bytes) -> object:
    try:
        return read_json(body, ANSWERS, "the answer")
    except Unreadable:
        return None
