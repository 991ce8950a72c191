"""Somebody asks for a model by an issue form: read as data, and turned into the registry's new text. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from bot.errors import Problem, RegistryError, UsageError
from bot.github import handle_list, issue_form
from bot.registry import edit, read_text
from bot.render.markdown import code, prose
from bot.sources.handles import Source, normalise, shown

LABEL = "add-handle"
"""The label that the form gives, by which the workflow knows its issues."""
MARK = "<!-- mynah: add-handle -->"
HANDLES, SOURCE, CONSENT = "Handles", "Network", "Consent"
HEADINGS = (HANDLES, SOURCE, CONSENT)
"""The labels of the form's fields, in its order."""
SELF = "self"
BRANCHES = "add-handle/"
"""What the names of the form's branches begin with."""
_SEAL = "Registry-digest: "
"""In our commits: by it a branch is known to hold what we wrote and nothing else."""

REOPEN = (
    "**Close the pull request and reopen it** to start its check `registry`: GitHub starts none by itself for a pull "
    "request that a workflow opened with its own token (an App's token does, see docs/setup.md)."
)
"""Where no App opens the pull requests of forms."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A model as it is asked for; `consent` is None where a branch holds an entry that cannot be used."""

    handles: tuple[str, ...]
    consent: str | None
    source: Source | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entry that somebody asked for, and the registry's text with it."""

    handles: tuple[str, ...]
    consent: str
    source: Source
    registry: str

    @property
    def asked(self) -> Asked:
        """What is asked for, without the text."""
        return Asked(self.handles, self.consent, self.source)

    @property
    def title(self) -> str:
        """Of the commit and the pull request: handles are normalised, and hold no surprise."""
        return f"Add {' and '.join(self.handles)}"

    @property
    def message(self) -> str:
        """Of the commit, sealed."""
        return f"{self.title}\n\n{seal(self.registry)}\n"


def branch(issue: int) -> str:
    """The branch of an issue: its own, whatever it asks for, so that no other issue can change it."""
    return f"{BRANCHES}{issue}"


def seal(registry: str) -> str:
    """The line of a commit's message by which the registry that it wrote is known again."""
    return f"{_SEAL}{hashlib.sha256(registry.encode()).hexdigest()[:32]}"


def ours_alone(messages: Sequence[str], files: Collection[str], place: str, registry: str) -> bool:
    """Whether a branch is as we left it: one commit of ours, and the registry at `place` as that one wrote it.

    `messages` are those of its commits, `files` the paths that they change, `registry` the text that is there now.
    """
    if not messages:
        return True
    sealed = messages[0].rstrip().endswith(seal(registry))
    return len(messages) == 1 and set(files) <= {place} and sealed


def read(body: str, registry: str, path: Path) -> Proposal:
    """What an issue asks for. Raises UsageError or RegistryError with what is wrong, for the one who asked."""
    form = issue_form.fields(body, HEADINGS)
    named = issue_form.one_line(SOURCE, form[SOURCE]).split(" ")[0].lower()
    source: Source | None = next((each for each in get_args(Source) if each == named), None)
    if source is None:
        raise UsageError(f"{SOURCE}: {shown(named)} is none of {', '.join(get_args(Source))}")
    handles = handle_list.read(form[HANDLES], source)
    if not handles:
        raise UsageError(f"{HANDLES}: name at least one")
    consent = _consent(issue_form.one_line(CONSENT, form[CONSENT]))
    if not consent:
        raise UsageError(
            f"{CONSENT}: write self if the account is yours, else the https:// address where the person agreed"
        )
    text = edit.add(registry, handles, source=source, consent=consent)
    before = {problem.identity for problem in _problems(registry, path)}
    if new := [problem.message for problem in _problems(text, path) if problem.identity not in before]:
        raise UsageError("; ".join(new))
    written = tuple(dict.fromkeys(normalise(each, source) for each in handles))
    return Proposal(written, consent, source, text)


def added(registry: str, before: str, path: Path) -> list[Asked]:
    """The entries of a branch's registry that the text it began with did not have; none where one cannot be read."""
    try:
        known = set(_entries(before, path))
        return [one for one in _entries(registry, path) if one not in known]
    except RegistryError:
        return []


def changes(before: Asked, now: Asked) -> list[str]:
    """A sentence for each thing that is asked for otherwise, whose consent first."""
    found = []
    if before.consent != now.consent:
        found.append(
            f"CONSENT: proposed with {_agreed(before.consent)}; the issue says {_agreed(now.consent)}."
        )
    if before.source != now.source:
        found.append(f"Network: proposed with {before.source or 'none'}; the issue says {now.source}.")
    if set(before.handles) != set(now.handles):
        found.append(
            f"Handles: proposed with {_listed(before.handles)}; the issue says {_listed(now.handles)}."
        )
    return found


def refused(error: UsageError | RegistryError) -> str:
    """The answer to somebody whose request cannot be taken as it is, or who is asked something."""
    asks = isinstance(error, handle_list.Question)
    why = "One question before it can be proposed:" if asks else "This cannot be taken as it is:"
    return (
        f"{MARK}\nThank you. {why}\n\n> {prose(str(error), 1500)}\n\n"
        "Edit the issue above (the three dots, *Edit*), and it is read again.\n"
    )


def accepted(proposal: Proposal, pull: str, edited: Sequence[str] = (), *, checked: bool = True) -> str:
    """The answer once a pull request stands. `pull` is its address, `edited` what an edit of the issue changed.

    `checked`: the check of the pull request starts by itself.
    """
    lines = [f"Thank you. It is proposed in {pull}. A maintainer looks at it and decides.", *_notes(proposal)]
    lines += [] if checked else [REOPEN]
    return (
        f"{MARK}\n" + "\n\n".join([*lines, *_loudly("This edit changed what is asked for.", edited)]) + "\n"
    )


def asked_already(pull: str, differences: Sequence[str]) -> str:
    """The answer to a second issue for the same people: the first one's pull request stays as it is."""
    said = f"Thank you. The same is proposed in {pull} already, as another issue asked. Nothing was changed there."
    loud = _loudly(
        "This issue asks otherwise than that pull request. A maintainer looks into it.", differences
    )
    return f"{MARK}\n" + "\n\n".join([said, *loud]) + "\n"


def left_alone(pull: str, differences: Sequence[str]) -> str:
    """The answer to an edit of an issue whose branch somebody else has worked on."""
    said = (
        f"Thank you. Somebody worked on {pull} since it was proposed, so it stays as it is. A maintainer takes this "
        "edit over by hand, or deletes the branch; then edit the issue again, and it is proposed again."
    )
    return f"{MARK}\n" + "\n\n".join([said, *_loudly("This edit asks otherwise.", differences)]) + "\n"


def warning(issue: int, differences: Sequence[str]) -> tuple[str, str]:
    """A comment for a pull request of which an issue asks otherwise; its mark comes first."""
    mark = f"<!-- mynah: asked otherwise in {issue} -->"
    return mark, "\n\n".join([mark, *_loudly(f"#{issue} asks otherwise than this.", differences)]) + "\n"


def description(proposal: Proposal, issue: int, edited: Sequence[str] = (), *, checked: bool = True) -> str:
    """The text of the pull request. `edited` is what an edit of the issue changed since it was proposed.

    `checked`: its check starts by itself.
    """
    whom = f"Adds {_listed(proposal.handles)} ({proposal.source}), as asked for in #{issue}."
    consent = (
        f"Consent: {_agreed(proposal.consent)}. **Make sure of it before you merge:** the person who wrote the issue "
        "may not be them."
    )
    loud = _loudly(f"#{issue} was edited after this was proposed: look at it again.", edited)
    reopen = [] if checked else [f"> [!IMPORTANT]\n> {REOPEN}"]
    return "\n\n".join([*loud, *reopen, whom, *_notes(proposal), consent, f"Closes #{issue}"]) + "\n"


def _notes(proposal: Proposal) -> list[str]:
    """What somebody should know of such an entry before it is merged."""
    notes = []
    if len(proposal.handles) > 1:
        notes.append(f"These {len(proposal.handles)} accounts become ONE model together.")
    if proposal.source in ("archive", "jsonl"):
        imports = ", ".join(code(f"bot import {handle} FILE") for handle in proposal.handles)
        notes.append(
            f"Its posts come from a file of the owner's, which a maintainer imports: {imports}. Until then the model "
            "is blocked. Never attach such a file here: it holds private messages."
        )
    return notes


def _loudly(title: str, sentences: Sequence[str]) -> list[str]:
    """A block that nobody misses; nothing without sentences."""
    return (
        ["\n".join([f"> [!CAUTION]\n> **{title}**", *(f">\n> {one}" for one in sentences)])]
        if sentences
        else []
    )


def _agreed(consent: str | None) -> str:
    if consent is None:
        return "not known"
    return "the account's owner, by their own word" if consent == SELF else code(consent)


def _listed(handles: Sequence[str]) -> str:
    return " and ".join(map(code, handles))


def _entries(registry: str, path: Path) -> list[Asked]:
    found = read_text(registry.encode(), path)
    entries = [Asked(entry.handles, entry.consent, entry.source) for entry in found.entries]
    return entries + [Asked(faulty.handles, None, None) for faulty in found.faulty]


def _consent(text: str) -> str:
    """What was typed for a consent, as the registry writes it: phones begin with a capital and end with a full stop."""
    text = handle_list.readable(text)
    link = handle_list.LINK.fullmatch(text)
    if link is not None and not link[1]:
        text = link[3]
    text = text.strip(handle_list.QUOTES + " ").rstrip(handle_list.ENDS + handle_list.QUOTES + ",; ")
    return SELF if text.casefold() == SELF else text


def _problems(text: str, path: Path) -> Sequence[Problem]:
    """What is wrong with a registry."""
    try:
        return read_text(text.encode(), path).problems
    except RegistryError as error:
        return error.problems
