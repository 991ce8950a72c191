"""Checks over all entries: two with one name, archives that git would publish."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.io import git
from bot.registry.entry import Draft
from bot.registry.fault import Fault
from bot.sources.handles import shown

_GIT_SECONDS = 20
TRACKED_ARCHIVE = "tracked archive"
"""The topic of the problem that private files are in git."""


def name_clashes(drafts: Iterable[Draft]) -> None:
    """Adds a fault to every entry whose repo's name, in whatever case, is another entry's as well."""
    named = defaultdict(list)
    for draft in drafts:
        if draft.name is not None:
            named[draft.name.lower()].append(draft)
    for group in named.values():
        for draft in group if len(group) > 1 else ():
            other = next(each for each in group if each is not draft)
            same = set(draft.handles) == set(other.handles)
            what = "the same model" if same else f"the name {shown(draft.name or '')}"
            fix = "take one out, or give one of them a name:" if same else "give one of them a name:"
            message = f"{what} stands here and on line {other.node.line}: {fix}"
            draft.faults.append(draft.node.fault(message, f"repeated {what}"))


def tracked_archives(drafts: Sequence[Draft], folder: Path) -> list[Fault]:
    """Adds a fault to every entry whose archive git tracks; one call of git, and none without archives.

    Returns a warning where git could not say.
    """
    archives = [(path, place, draft) for draft in drafts for path, place in draft.archives]
    if not archives or not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return []
    tracked = _tracked(folder)
    if tracked is None:
        message = "git could not say whether this archive is committed; it holds private files"
        return [archives[0][1].fault(message)]
    above = {parent for path in tracked for parent in path.parents}
    for path, place, draft in archives:
        if path in tracked or path in above or path.resolve() in tracked:
            message = (
                "git tracks this archive, and it holds private messages and addresses: "
                "git rm --cached it, add it to .gitignore, and rewrite what was pushed"
            )
            draft.faults.append(place.fault(message, TRACKED_ARCHIVE))
    return []


def _tracked(folder: Path) -> set[Path] | None:
    """Every file of the work tree around `folder` that git tracks, absolute; None when git does not answer."""
    try:
        listed = git.output(folder, "ls-files", "-z", "--", ":/", timeout_s=_GIT_SECONDS)
    except git.GitError:
        return None
    names = os.fsdecode(listed).split("\0")
    return {Path(os.path.normpath(folder / name)) for name in names if name}
