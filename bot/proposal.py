"""Somebody asks for a model by an issue form: read as data, and turned into the registry's new text. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from bot import issue_form
from bot.errors import RegistryError, UsageError
from bot.handles import Source, repo_name, shown
from bot.markdown import code, prose
from bot.registry import edit, read_text

LABEL = "add-handle"
"""The label that the form gives, by which the workflow knows its issues."""
MARK = "<!-- mynah: add-handle -->"
HANDLES, SOURCE, CONSENT = "Handles", "Network", "Consent"
HEADINGS = (HANDLES, SOURCE, CONSENT)
"""The labels of the form's fields, in its order."""
SELF = "self"


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entry that somebody asked for, and the registry's text with it. `branch` is the same for the same handles."""

    handles: tuple[str, ...]
    consent: str
    source: Source
    registry: str
    branch: str

    @property
    def title(self) -> str:
        """Of the commit and the pull request: handles are normalised, and hold no surprise."""
        return f"Add {' and '.join(self.handles)}"


def read(body: str, registry: str, path: Path) -> Proposal:
    """What an issue asks for. Raises UsageError or RegistryError with what is wrong, for the one who asked."""
    form = issue_form.fields(body, HEADINGS)
    handles = issue_form.words(HANDLES, form[HANDLES])
    if not handles:
        raise UsageError(f"{HANDLES}: name at least one")
    source = issue_form.one_line(SOURCE, form[SOURCE]).split(" ")[0].lower()
    if source not in get_args(Source):
        raise UsageError(f"{SOURCE}: {shown(source)} is none of {', '.join(get_args(Source))}")
    consent = issue_form.one_line(CONSENT, form[CONSENT])
    if not consent:
        raise UsageError(
            f"{CONSENT}: write self if the account is yours, else the https:// address where the person agreed"
        )
    known: Source = next(each for each in get_args(Source) if each == source)
    text = edit.add(registry, handles, source=known, consent=consent)
    before = _problems(registry, path)
    if new := [problem for problem in _problems(text, path) if problem not in before]:
        raise UsageError("; ".join(new))
    written = _normalised(handles, known)
    name = re.sub(r"[^a-z0-9-]", "-", repo_name(written))[:60].strip("-")
    unique = hashlib.sha256(" ".join(sorted(written)).encode()).hexdigest()[:8]
    return Proposal(tuple(written), consent, known, text, f"add-handle/{name}-{unique}")


def refused(error: UsageError | RegistryError) -> str:
    """The answer to somebody whose request cannot be taken as it is."""
    return (
        f"{MARK}\nThank you. This cannot be taken as it is:\n\n> {prose(str(error), 1500)}\n\n"
        "Edit the issue above (the three dots, *Edit*), and it is read again.\n"
    )


def accepted(pull: str) -> str:
    """The answer once a pull request stands. `pull` is its address."""
    return f"{MARK}\nThank you. It is proposed in {pull}. Its check says what will happen; a maintainer decides.\n"


def description(proposal: Proposal, issue: int) -> str:
    """The text of the pull request."""
    consent = "the account's owner, by their own word" if proposal.consent == SELF else code(proposal.consent)
    return (
        f"Adds {' and '.join(map(code, proposal.handles))} ({proposal.source}), as asked for in #{issue}.\n\n"
        f"Consent: {consent}. **Make sure of it before you merge:** whoever wrote the issue may not be them.\n\n"
        f"Closes #{issue}\n"
    )


def _normalised(handles: Sequence[str], source: Source) -> list[str]:
    from bot.handles import normalise

    return list(dict.fromkeys(normalise(each, source) for each in handles))


def _problems(text: str, path: Path) -> list[str]:
    """What is wrong with a registry, without lines, which move."""
    try:
        problems = read_text(text.encode(), path).problems
    except RegistryError as error:
        problems = tuple(error.problems)
    return [re.sub(r"\bline \d+", "another line", problem.message) for problem in problems]
