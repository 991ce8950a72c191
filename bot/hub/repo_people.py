"""The people whose posts a repo's model was trained on, by its manifest, damaged files and name. Pure.

A repo of ours that cannot be read is not evidence that a person is absent from it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.sources.handles import person, repo_name

if TYPE_CHECKING:
    from bot.hub.protocol import Repo

MAX_HANDLES = 100
"""Handles that are read from damaged files, at most."""
_LIST = re.compile(rb'"handles"\s*:\s*\[([^\]]{0,10000})')
_VALUE = re.compile(rb'"handle"\s*:\s*"([^"\\]{1,320})"')
_WORD = re.compile(rb'"([^"\\]{1,320})"')


@dataclass(frozen=True, slots=True)
class Voices:
    """The handles of a repo. `named`: in its manifest or card. `possible`: its name may be made of them.

    `complete`: `named` are all of them, since the manifest or card is intact.
    """

    named: tuple[str, ...]
    possible: tuple[str, ...] = ()
    complete: bool = True

    def among(self, removed: Container[str]) -> tuple[list[str], list[str]]:
        """The removed handles among those named, and among those that are only possible; both sorted."""
        named = sorted(handle for handle in self.named if handle in removed)
        return named, sorted(handle for handle in self.possible if handle not in named and handle in removed)


def of_repo(repo: Repo) -> Voices | None:
    """The handles of a repo in a listing; None for a repo that is not ours."""
    if repo.published is None and repo.problem is None:
        return None
    named = tuple(dict.fromkeys((*(repo.published.handles if repo.published else ()), *repo.named)))
    if repo.published is None and not repo.complete:
        return Voices(named, possible(repo.name), complete=False)
    return of_chosen_name(repo.name, named)


def of_chosen_name(name: str, handles: tuple[str, ...]) -> Voices:
    """The handles of a repo, and what its whole name may stand for where it is not the name made of them."""
    chosen = bool(handles) and repo_name(handles) != name.lower()
    return Voices(handles, tuple(_spellings(name.lower())) if chosen else ())


def possible(name: str) -> tuple[str, ...]:
    """Every handle that a repo's name may be made of: all of it, and each run of its hyphenated parts."""
    parts = name.lower().split("-")
    slices = {
        "-".join(parts[start:end]) for start in range(len(parts)) for end in range(start + 1, len(parts) + 1)
    }
    return tuple(dict.fromkeys(spelled for each in sorted(slices) for spelled in _spellings(each)))


def in_name(who: str, name: str) -> bool:
    """Whether a repo of this name may hold the person, by the name that `repo_name` gives a handle."""
    return f"-{repo_name([who])}-" in f"-{name.lower()}-"


def of_values(handles: object) -> tuple[str, ...]:
    """The handles in a list of any origin; everything else in it is ignored."""
    if isinstance(handles, str):
        handles = [handles]
    if not isinstance(handles, (list, tuple)):
        return ()
    return tuple(dict.fromkeys(_handles(each for each in handles[:MAX_HANDLES] if isinstance(each, str))))


def of_front_matter(mynah: Any) -> tuple[str, ...]:
    """The handles in our part of a card's front matter, valid or not."""
    return of_values(mynah.get("handles")) if isinstance(mynah, dict) else ()


def of_damaged(data: bytes) -> tuple[str, ...]:
    """The handles in a manifest that is truncated or edited."""
    found = [word for each in _LIST.findall(data) for word in _WORD.findall(each)] + _VALUE.findall(data)
    return tuple(dict.fromkeys(_handles(word.decode(errors="replace") for word in found[:MAX_HANDLES])))


def _handles(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        try:
            yield person(word)
        except ValueError:
            continue


def _spellings(name: str) -> Iterator[str]:
    """The handles whose `repo_name` this is: `user@host` and `did:plc:x` contain marks that become dots."""
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
