"""What a human changed on the Hub: what was added is kept, what was edited never overwritten or deleted unasked."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.hub import Blob, front_matter
from bot.io import digest
from bot.manifest import Manifest
from bot.render.card.metadata import metadata

TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Files:
    """A repo's files beside its card and manifest, held against the manifest that was published with them.

    `ours` stand there as published, `changed` are ours and hold something else now or are gone, `doubtful` are
    ours and only their contents show it, `theirs` were added by somebody else.
    """

    ours: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()
    theirs: frozenset[str] = frozenset()


def compare(made: Manifest, there: Mapping[str, Blob], apart: frozenset[str]) -> Files:
    """Sorts the files `there` by the digests of the manifest `made`; those `apart` are judged elsewhere.

    A large file is identified by its SHA-256. The git blob id of a small one proves that it is as published; that it
    is another one its contents have to show, since not every Hub names files as git does.
    """
    listed = (made.files.keys() | made.blobs.keys()) - apart
    sorted_: dict[bool | None, set[str]] = {True: set(), False: set(), None: set()}
    for path in listed:
        sorted_[_as_published(made, path, there.get(path))].add(path)
    ours, changed, doubtful = (frozenset(sorted_[kind]) for kind in (True, False, None))
    return Files(ours, changed, doubtful, frozenset(there.keys() - listed - apart))


def _as_published(made: Manifest, path: str, blob: Blob | None) -> bool | None:
    """Whether a file of ours is the one that was published; None where its digest alone does not show it."""
    if blob is None:
        return False
    if blob.sha256 is not None and path in made.files:
        return blob.sha256 == made.files[path]
    return True if blob.git is not None and blob.git == made.blobs.get(path) else None


def same(content: bytes | Path, blob: Blob) -> bool:
    """Whether a file to be published is, byte for byte, the one that stands there."""
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    if size != blob.size:
        return False
    if blob.sha256 is not None:
        of = digest.of_bytes(content) if isinstance(content, bytes) else digest.of_file(content)
        return of == blob.sha256
    return digest.git_blob(content if isinstance(content, bytes) else content.read_bytes()) == blob.git


def body_digest(readme: str) -> str:
    """SHA-256 (hex) of a card's text below its front matter."""
    return hashlib.sha256(front_matter.split(readme)[1].encode()).hexdigest()


def added(made: Manifest, readme: str) -> dict[str, Any]:
    """Front matter keys and tags of `readme` that were not in the card published with the manifest `made`.

    Raises ValueError with a sentence when the front matter cannot be read.
    """
    ours = metadata(made)
    found = front_matter.parse(readme)
    extra = {key: value for key, value in found.items() if key not in ours and key != TAGS}
    tags = found.get(TAGS)
    if isinstance(tags, list):
        own = ours.get(TAGS)
        known = own if isinstance(own, list) else []
        if new := [tag for tag in tags if isinstance(tag, str) and tag not in known]:
            extra[TAGS] = new
    return extra


def edited(made: Manifest, readme: str) -> bool:
    """Whether the text below the front matter is another one than was published."""
    return made.body is not None and body_digest(readme) != made.body


def difference(published: str, readme: str) -> str:
    """A unified diff of the two texts below the front matter, for the report."""
    before, after = (front_matter.split(text)[1].splitlines() for text in (published, readme))
    return "\n".join(difflib.unified_diff(before, after, "as published", "on the Hub", lineterm="", n=1))


def merged(ours: dict[str, object], extra: dict[str, Any]) -> dict[str, object]:
    """Our front matter with what a human added; where both have a key, ours is the newer truth."""
    tags = ours.get(TAGS)
    own = tags if isinstance(tags, list) else []
    both = {TAGS: list(dict.fromkeys([*own, *extra.get(TAGS, [])]))} if own or extra.get(TAGS) else {}
    return {**{key: value for key, value in extra.items() if key not in ours}, **ours, **both}
