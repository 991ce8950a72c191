"""Boxes ticked in the issue on failures: which count, by who edited it since the bot wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.errors import UsageError
from bot.github import issue_edits, tracking_issue
from bot.github.api import GitHub, GitHubError
from bot.github.issue_edits import IssueText

WRITERS = ("admin", "maintain", "write")
"""Permissions of people whose ticks count."""


@dataclass(frozen=True, slots=True)
class Ticks:
    """The entries to try again, and a sentence on ticks that do not count; empty where all do."""

    names: tuple[str, ...] = ()
    refusal: str = ""


def find_issue(hub: GitHub) -> dict[str, Any] | None:
    """The issue on failures as GitHub lists it, open or closed; None where there is none yet."""
    found = (
        issue for issue in hub.issues(tracking_issue.LABEL) if issue.get("title") == tracking_issue.TITLE
    )
    issue = next(found, None)
    if issue is not None and not isinstance(issue.get("number"), int):
        raise UsageError("GitHub listed an issue without a number")
    return issue


def read(hub: GitHub, number: int) -> Ticks:
    """The ticks of an issue that count: all of them, if everybody who edited it since the bot did may write here.

    GitHub does not say which edit ticked which box, so one other editor is enough to count none. A failure of the
    API is a refusal, too.
    """
    try:
        text = issue_edits.read(hub, number)
        names = tracking_issue.ticked(text.body)
        stranger = _stranger(hub, text) if names else None
    except GitHubError as error:
        return Ticks(refusal=f"which boxes are ticked is not known: {error}")
    if stranger is not None:
        return Ticks(
            refusal=f"no tick counts, since the issue was edited by {stranger}: tick the boxes again"
        )
    return Ticks(names)


def _stranger(hub: GitHub, text: IssueText) -> str | None:
    """One who edited the text since the bot wrote it, and may not write to the repository; None if there is none."""
    people: dict[str, None] = {}
    for editor in text.editors:
        if editor.is_workflow:
            break
        people[editor.login] = None
    else:
        return "somebody whom GitHub does not name"
    for login in people:
        if not login or hub.permission(login) not in WRITERS:
            return "somebody who may not write to this repository"
    return None
