"""What a human changed on the Hub: metadata that was added is kept, an edited text never overwritten unasked."""

from __future__ import annotations

import difflib
import hashlib
from typing import Any

from bot.card import front_matter
from bot.card.metadata import metadata
from bot.manifest import Manifest

TAGS = "tags"


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
