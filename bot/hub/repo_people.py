"""Whose voices a repo holds, by everything that names them: its facts, its damaged files, its own name. Pure.

A repo of ours that cannot be read proves nothing about whom it holds, and least of all that a person is not in it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.sources.handles import person, repo_name

if TYPE_CHECKING:
    from bot.hub.base import Repo

MOST = 100
"""Handles that are read out of damaged files, at most."""
_LIST = re.compile(rb'"handles"\s*:\s*\[([^\]]{0,10000})')
_VALUE = re.compile(rb'"handle"\s*:\s*"([^"\\]{1,320})"')
_WORD = re.compile(rb'"([^"\\]{1,320})"')


@dataclass(frozen=True, slots=True)
class Voices:
    """Whom a repo holds. `named`: its facts or files say so. `possible`: its name may stand for them.

    `complete` says that `named` are all of them, since the facts are whole.
    """

    named: tuple[str, ...]
    possible: tuple[str, ...] = ()
    complete: bool = True

    def among(self, removed: Container[str]) -> tuple[list[str], list[str]]:
        """Those of the handles named, and of those that are only possible, that are among the removed; sorted."""
        named = sorted(handle for handle in self.named if handle in removed)
        return named, sorted(handle for handle in self.possible if handle not in named and handle in removed)


def of_repo(repo: Repo) -> Voices | None:
    """Whom a repo holds as far as a listing tells; None for one that nothing shows to be ours."""
    if repo.published is None and repo.problem is None:
        return None
    named = tuple(dict.fromkeys((*(repo.published.handles if repo.published else ()), *repo.named)))
    if repo.published is None and not repo.complete:
        return Voices(named, possible(repo.name), complete=False)
    return of_chosen_name(repo.name, named)


def of_chosen_name(name: str, handles: tuple[str, ...]) -> Voices:
    """The handles, and whom the repo's name may stand for as a whole, if it is not the one that they give it."""
    chosen = bool(handles) and repo_name(handles) != name.lower()
    return Voices(handles, tuple(_spellings(name.lower())) if chosen else ())


def possible(name: str) -> tuple[str, ...]:
    """Every handle that a repo of this name may hold: the name, and what stands between its hyphens."""
    parts = name.lower().split("-")
    slices = {
        "-".join(parts[start:end]) for start in range(len(parts)) for end in range(start + 1, len(parts) + 1)
    }
    return tuple(dict.fromkeys(spelled for each in sorted(slices) for spelled in _spellings(each)))


def in_name(who: str, name: str) -> bool:
    """Whether a repo of this name may hold the person, by what `repo_name` makes of a handle."""
    return f"-{repo_name([who])}-" in f"-{name.lower()}-"


def of_values(handles: object) -> tuple[str, ...]:
    """The handles in a list that somebody may have edited; anything else is left out."""
    if isinstance(handles, str):
        handles = [handles]
    if not isinstance(handles, (list, tuple)):
        return ()
    return tuple(dict.fromkeys(_handles(each for each in handles[:MOST] if isinstance(each, str))))


def of_front_matter(mynah: Any) -> tuple[str, ...]:
    """The handles that our own part of a card's front matter names, sound or not."""
    return of_values(mynah.get("handles")) if isinstance(mynah, dict) else ()


def of_damaged(data: bytes) -> tuple[str, ...]:
    """The handles that a manifest names as far as it goes, cut short or edited."""
    found = [word for each in _LIST.findall(data) for word in _WORD.findall(each)] + _VALUE.findall(data)
    return tuple(dict.fromkeys(_handles(word.decode(errors="replace") for word in found[:MOST])))


def _handles(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        try:
            yield person(word)
        except ValueError:
            continue


def _spellings(name: str) -> Iterator[str]:
    """The handles of which `repo_name` makes this: `user@host` and `did:plc:x` have other marks than its dots."""
    for text in dict.fromkeys(
        (name, re.sub(r"(?<![a-z0-9])xn-(?!-)", "xn--", name))
    ):  # a domain of other letters
        yield text
        if text.startswith(("did.plc.", "did.web.")):
            yield text.replace(".", ":", 2)
        for found in re.finditer(r"\.", text):
            user, host = text[: found.start()], text[found.end() :]
            if user and "." in host:
                yield f"{user}@{host}"
