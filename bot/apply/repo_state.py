"""The state of a model's repo on the hub: which files are ours, and what people changed or added since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.apply.context import Task
from bot.errors import Blocked, Skipped
from bot.hub import Blob, Hub
from bot.hub.published import FILENAME
from bot.hub.repo_status import GITATTRIBUTES
from bot.io.digest import git_blob, of_bytes
from bot.manifest import Manifest
from bot.plan.desired import template_folders
from bot.registry import Entry
from bot.render import card, publication
from bot.render.card import human_edits
from bot.render.card.variables import LOSS_CURVE, SOCIAL_PREVIEW, SQUARE

_APART = frozenset({publication.CARD, FILENAME, GITATTRIBUTES})
"""Files that are judged by their text, or that the Hub itself put there."""
_RENDERED = frozenset({LOSS_CURVE, SOCIAL_PREVIEW, SQUARE})
"""What is made again with every card."""
_WEIGHTS = ".safetensors"
"""A card's numbers were measured on the weights: over others it is not written either."""
_NAMED = 5
"""Files that a sentence names."""


@dataclass(frozen=True, slots=True)
class RepoState:
    """The state of a model's repo before a publication; empty where the repo is new.

    `added` is the front matter that people added to the card. `files` are all files by path, `whose` says who
    wrote them. `overwrite`: files that people changed may be overwritten.
    """

    added: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Blob] = field(default_factory=dict)
    whose: human_edits.Files = field(default_factory=human_edits.Files)
    overwrite: bool = False


def repo_state(task: Task, old: Manifest, *, training: bool) -> RepoState:
    """The state of the repo at the step's commit, compared with the manifest `old` that was published there.

    Raises Skipped when a person edited the card's text, its pictures or the weights, or with `training`, which
    replaces them all, any other file of ours, unless the run may overwrite this model's edits. Files that people
    added stay, and the watcher is notified of them.
    """
    entry, hub, say = task.entry, task.context.hub, task.context.watcher.say
    there = hub.files(entry.name, task.step.head or "")
    found = human_edits.compare(old, there, _APART)
    doubtful = (
        found.doubtful if training else found.doubtful & _RENDERED
    )  # a card leaves the others as they are
    changed = set(found.changed) | {path for path in doubtful if _differs(hub, old, path)}
    ours = found.ours | (doubtful - changed)
    whose = human_edits.Files(ours, frozenset(changed), found.doubtful - doubtful, found.theirs)
    added, reason = _card(task, old, listed=publication.CARD in there)
    wanted = {path for path in changed if training or path in _RENDERED or path.endswith(_WEIGHTS)}
    for path in sorted(changed):
        what = "was changed" if path in there else "is gone"
        say(f"{entry.name}: {path} {what} on the Hub since it was published")
    if found.theirs:
        say(f"{entry.name}: files that others added stay: {_names(found.theirs)}")
    if (reason is not None or wanted) and not task.overwrites_edits:
        raise Skipped(_sentence(entry.name, reason, wanted))
    return RepoState(added, there, whose, task.overwrites_edits)


def to_remove(
    entry: Entry, found: RepoState, files: Mapping[str, bytes | Path], *, training: bool
) -> list[str]:
    """The files of ours that a publication of `files` deletes, since a new model has them no more.

    Raises Blocked when one of `files` would take the place of a file that a human added: it stays.
    """
    whose = found.whose
    foreign = whose.theirs & files.keys()
    clash = {path for path in foreign if not human_edits.same(files[path], found.files[path])}
    if clash and not found.overwrite:
        it = "it" if len(clash) == 1 else "them"
        raise Blocked(
            f"{_names(clash)} on the Hub, which this bot did not put there, would be written over: rename {it} "
            f"there, or write over {it}: --only {entry.name} --overwrite-edits {entry.name}"
        )
    if not training:
        return []
    ours = whose.ours | (whose.changed if found.overwrite else frozenset())
    return sorted((ours & found.files.keys()) - files.keys())


def _card(task: Task, old: Manifest, *, listed: bool) -> tuple[dict[str, Any], str | None]:
    """The front matter that people added to the card, and what else was changed in the card, or None."""
    entry, context, hub = task.entry, task.context, task.context.hub
    data = hub.read(entry.name, publication.CARD, listed=listed)
    if data is None:
        return {}, f"{publication.CARD} is gone"
    readme = data.decode(errors="replace")
    try:
        extra = human_edits.added(old, readme)
        if not human_edits.edited(old, readme):
            return extra, None
        ours = card.render(old, template=entry.template, folders=template_folders(context.registry))
        context.watcher.say(f"{entry.name} was edited on the Hub:\n{human_edits.difference(ours, readme)}")
    except ValueError as error:
        return {}, str(error)
    return extra, ""


def _differs(hub: Hub, old: Manifest, path: str) -> bool:
    """Whether a file's contents differ from those that the manifest records."""
    data = hub.read(old.name, path, listed=True) or b""
    return of_bytes(data) != old.files[path] if path in old.files else git_blob(data) != old.blobs[path]


def _sentence(name: str, reason: str | None, changed: Collection[str]) -> str:
    """Why nothing is published: what a human edited. `reason` is the card's, empty for an edited text."""
    details = [reason] if reason else []
    if changed:
        details.append(_names([*([publication.CARD] if reason == "" else []), *sorted(changed)]))
    what = f": {', and '.join(details)}" if details else ""
    return f"edited on the Hub{what}; to write over it: --overwrite-edits {name}"


def _names(paths: Iterable[str]) -> str:
    named = list(paths) if isinstance(paths, list) else sorted(paths)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more
