"""Find an entry of a registry by its model's name, or by its handles in any order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.errors import RegistryError, UsageError
from bot.registry import Entry, Registry
from bot.registry.advice import nearest
from bot.sources import handles
from bot.sources.handles import shown

_BETWEEN = re.compile(r"[-,+\s@]*")


def find_entry(registry: Registry, name: str) -> Entry:
    """The valid entry of that name, or the only one that it can mean: see `resolve`.

    Raises RegistryError for a faulty one and UsageError for one that is not listed.
    """
    faulty = {each.name: each for each in registry.faulty}
    entries = {each.name: each for each in registry.entries}
    known = {name: each.handles for name, each in entries.items()}
    known |= {name: each.handles for name, each in faulty.items()}
    found = resolve(name, known, f"{registry.path.name} lists no model {shown(name)}")
    if found in faulty:
        raise RegistryError(list(faulty[found].problems))
    return entries[found]


def resolve(text: str, known: Mapping[str, Iterable[str]], unknown: str) -> str:
    """The one of the `known` names of models, each with its handles, that a text means.

    A text means the model of that name, else the one of these handles in whatever order, else the only one that has
    this handle. Raises UsageError that begins with `unknown` and suggests those that it may mean.
    """
    if text in known:
        return text
    wanted = handles.bare(text)
    for name, of in known.items():
        if name.lower() == wanted or (of and _are_all(wanted, of)):
            return name
    having = [name for name, of in known.items() if wanted in of]
    if len(having) == 1:
        return having[0]
    if having:
        raise UsageError(
            f"{unknown}; {shown(wanted)} is in {', '.join(having[:10])}: give one", instead=having[:10]
        )
    names = {each: name for name, of in known.items() for each in (name, *of)}
    begun = {name for each, name in names.items() if wanted and each.startswith(wanted)}
    close = names.get(nearest(wanted, names) or "") or (begun.pop() if len(begun) == 1 else None)
    if close is not None:
        raise UsageError(f"{unknown}; did you mean {close}?", instead=[close])
    listed = ", ".join(list(known)[:10]) or "none"
    raise UsageError(f"{unknown}; there are: {listed}", instead=list(known)[:10])


def _are_all(text: str, of: Iterable[str]) -> bool:
    """Whether a text holds each of these handles, or its form in a repo's name, once, and nothing else."""
    for handle in sorted(of, key=len, reverse=True):
        forms = {handle, handles.repo_name([handle])}
        found = re.search(rf"(?<![\w.])(?:{'|'.join(map(re.escape, forms))})(?![\w.])", text)
        if found is None:
            return False
        text = f"{text[: found.start()]} {text[found.end() :]}"
    return _BETWEEN.fullmatch(text) is not None
