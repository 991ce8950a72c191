"""The pictures that people share: the social preview and a square one, with what the model wrote in large type."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bot.io.paths import TEMPLATES
from bot.manifest import Manifest
from bot.render.card import samples
from bot.render.card import variables as card_facts
from bot.render.pictures import quotes, typeset
from bot.render.pictures.avatars import avatar
from bot.render.pictures.raster import rendered

PREVIEW_SIZE = (1200, 630)
SQUARE_SIZE = (1080, 1080)
MAX_AVATARS = 9
"""Faces in a picture. Of more people eight are shown, and the last place says how many are not."""


def social_preview(
    manifest: Manifest, avatars: Mapping[str, bytes], folders: Sequence[Path] = TEMPLATES
) -> bytes:
    """PNG of 1200 x 630: what the model wrote, and whom it imitates. `avatars` are PNGs by their path in the repo."""
    return rendered("predictions.svg.j2", _variables(manifest, avatars, PREVIEW_SIZE), PREVIEW_SIZE, folders)


def square(manifest: Manifest, avatars: Mapping[str, bytes], folders: Sequence[Path] = TEMPLATES) -> bytes:
    """The same as a PNG of 1080 x 1080, which feeds do not crop."""
    return rendered("square.svg.j2", _variables(manifest, avatars, SQUARE_SIZE), SQUARE_SIZE, folders)


def _variables(manifest: Manifest, avatars: Mapping[str, bytes], size: tuple[int, int]) -> dict[str, Any]:
    accounts = manifest.accounts
    shown = accounts if len(accounts) <= MAX_AVATARS else accounts[: MAX_AVATARS - 1]
    faces = [
        avatars[path] if path in avatars else avatar(None) for path in (one.avatar or "" for one in shown)
    ]
    return card_facts.facts(manifest) | {
        "block": typeset.block,
        "quotes": partial(quotes.fitting, samples.in_order(manifest.samples)),
        "width": size[0],
        "height": size[1],
        "pictures": ["data:image/png;base64," + base64.b64encode(face).decode() for face in faces],
        "not_pictured": len(accounts) - len(shown),
        "hue": int(hashlib.sha256(manifest.name.encode()).hexdigest(), 16) % 360,
    }
