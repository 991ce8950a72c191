"""Classification of a repo as ours, ours but damaged, or another program's. Pure; used by both backends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import NEWER
from bot.hub import repo_people
from bot.hub.published import FILENAME, FRONT_MATTER_KEY, Published
from bot.io.bounded import Bounds, Unreadable, read_json

GITATTRIBUTES = ".gitattributes"
"""The one file that the Hub adds to a new repo: a repo with no other file is empty."""

TAG = "mynah"
"""The tag on every card of ours."""

BOUNDS = Bounds(4 << 20)
"""Bounds of a published `bot.json`, which anybody may have written."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """What a row of the Hub's listing, or a repo's files, show about the repo.

    `needs_manifest`: only the contents of `bot.json` decide whether it is ours. `named` are handles that the card
    or a damaged manifest name; `complete`: these are all of them.
    """

    published: Published | None = None
    problem: str | None = None
    empty: bool = False
    needs_manifest: bool = False
    named: tuple[str, ...] = ()
    complete: bool = False

    def after_reading(self, manifest: bytes | None) -> Self:
        """The classification after reading `bot.json`: ours, ours but damaged, or another program's."""
        if manifest is None:
            return replace(self, needs_manifest=False)
        published, problem = of_manifest(manifest)
        edited = (
            self.problem or f"the card's front matter was changed on the Hub: `{FRONT_MATTER_KEY}` is gone"
        )
        if published is not None:
            return replace(self, published=published, problem=edited, needs_manifest=False)
        named = tuple(dict.fromkeys((*self.named, *(repo_people.of_damaged(manifest) if problem else ()))))
        return replace(
            self, problem=problem and f"{edited}, and {problem}", needs_manifest=False, named=named
        )

    def unread(self, reason: str) -> Self:
        """The classification when `bot.json` could not be read: a problem, so that the repo is left alone."""
        return replace(
            self, problem=f"{self.problem or 'it may be ours, but cannot be recognised'}: {reason}"
        )


def classify(row: Mapping[str, Any]) -> Ownership:
    """Classifies a row of the Hub's listing by its front matter, tags and file names."""
    card = row.get("cardData")
    published, problem = of_front_matter(card)
    named = repo_people.of_front_matter(card.get(FRONT_MATTER_KEY)) if isinstance(card, dict) else ()
    siblings = row.get("siblings")
    if not isinstance(siblings, list):  # an endpoint that does not list files: guess by what the card shows
        needs_manifest = published is None and (not row.get("cardData") or TAG in (row.get("tags") or ()))
        return Ownership(published, problem, needs_manifest=needs_manifest, named=named)
    paths = {str(file.get("rfilename")) for file in siblings if isinstance(file, dict)}
    if paths <= {GITATTRIBUTES}:
        return Ownership(empty=True)
    if FILENAME in paths:
        return Ownership(published, problem, needs_manifest=published is None, named=named)
    return without_manifest(published, problem, named)


def of_files(manifest: bytes | None, card: Callable[[], bytes | None]) -> Ownership:
    """Classifies a repo by `bot.json` and, where that is missing or damaged, `README.md` (both None if missing)."""
    published, problem = of_manifest(manifest) if manifest is not None else (None, None)
    if published is not None:
        return Ownership(published)
    facts, broken, named = of_card(card())
    by_card = without_manifest(facts, broken, named)
    if problem is None:
        return by_card if manifest is None else Ownership()
    named = tuple(dict.fromkeys((*named, *repo_people.of_damaged(manifest or b""))))
    return replace(by_card, problem=problem, named=named)


def of_card(data: bytes | None) -> tuple[Published | None, str | None, tuple[str, ...]]:
    """`(published, problem, handles)` from the front matter of a `README.md`; (None, None, ()) without any of ours."""
    if data is None:
        return None, None, ()
    from bot.hub import front_matter  # only for what has no manifest: it is slow to start

    try:
        found = front_matter.parse(data.decode(errors="replace"))
    except ValueError:
        return None, None, ()
    return *of_front_matter(found), repo_people.of_front_matter(found.get(FRONT_MATTER_KEY))


def without_manifest(published: Published | None, problem: str | None, named: tuple[str, ...]) -> Ownership:
    """The classification of a repo without `bot.json`, by our part of its card's front matter."""
    if published or problem:
        missing = (
            f"its card says that it is ours, but {FILENAME} is gone: put it back from the history on the Hub"
        )
        return Ownership(problem=missing, named=named, complete=published is not None)
    return Ownership()


_PUT_BACK = f"; put {FILENAME} back from the history on the Hub"


class _Manifest(BaseModel):
    """The part of `bot.json` that a listing needs; the rest is checked where it is used."""

    model_config = ConfigDict(extra="ignore")

    published: Published


def of_manifest(data: bytes) -> tuple[Published | None, str | None]:
    """`(published, problem)` from the bytes of a `bot.json`; (None, None) for another program's file."""
    try:
        value = read_json(data, BOUNDS, "it")
    except Unreadable as error:
        return None, f"{FILENAME} is damaged: {error}{_PUT_BACK}"
    try:
        return _Manifest.model_validate(value).published, None
    except ValidationError as error:
        if not isinstance(value, dict) or not {"published", "provenance", "recipe"} & value.keys():
            return None, None
        return None, _sentence(FILENAME, error)


def of_front_matter(card_data: object) -> tuple[Published | None, str | None]:
    """`(published, problem)` from a card's parsed front matter; (None, None) without a part of ours."""
    if not isinstance(card_data, dict) or FRONT_MATTER_KEY not in card_data:
        return None, None
    try:
        return Published.model_validate(card_data[FRONT_MATTER_KEY]), None
    except ValidationError as error:
        return None, _sentence(f"`{FRONT_MATTER_KEY}` in the card's front matter", error)


def _sentence(where: str, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    path = ".".join(str(part) for part in first["loc"] if part != "published")
    advice = _PUT_BACK if where == FILENAME else ""
    if path == "version" and first["type"] == "literal_error":
        return f"{where} {NEWER}"
    return f"{where} is damaged: {path + ': ' if path else ''}{first['msg']}{advice}"
