"""The files of a published repo beside its weights: card, pictures, manifest. The same facts give the same bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Any

from bot import manifest
from bot.hub import Hub
from bot.hub.published import FILENAME
from bot.io import digest
from bot.manifest import Manifest, provenance
from bot.plan.desired import template_folders
from bot.registry import Entry, Registry
from bot.registry.card_settings import card_settings
from bot.render import card, pictures
from bot.render.card import human_edits
from bot.render.card.variables import LOSS_CURVE, SOCIAL_PREVIEW, SQUARE

CARD = "README.md"
LARGEST_BLOB = 11 << 20
"""Bytes: the Hub keeps no file above 10 MB without large-file storage, where the SHA-256 is its digest."""


def avatar_path(handle: str) -> str:
    """Where a handle's avatar lies in the repo."""
    return f"assets/avatar-{handle.replace('@', '.')}.png"


def render(
    made: Manifest,
    entry: Entry,
    registry: Registry,
    avatars: Mapping[str, bytes],
    weights: Mapping[str, Path],
    added: Mapping[str, Any],
) -> dict[str, bytes | Path]:
    """The card, its pictures and the manifest that names every other file's digest. Pure but for templates.

    `added` is what a human put into the front matter on the Hub.
    """
    folders = template_folders(registry)
    readme = card.render(made, template=entry.template, folders=folders, added=added)
    files: dict[str, bytes | Path] = {
        **avatars,
        **({LOSS_CURVE: pictures.loss_curve(made, folders=folders)} if made.evaluation else {}),
        SOCIAL_PREVIEW: pictures.social_preview(made, avatars, folders=folders),
        SQUARE: pictures.square(made, avatars, folders=folders),
        CARD: readme.encode(),
    }
    digests = {path: digest.of_file(file) for path, file in weights.items()}
    digests |= {
        path: hashlib.sha256(data).hexdigest() for path, data in files.items() if isinstance(data, bytes)
    }
    blobs = {path: blob for path, file in {**weights, **files}.items() if (blob := _blob(file)) is not None}
    facts = {
        "files": dict(sorted(digests.items())),
        "blobs": dict(sorted(blobs.items())),
        "body": human_edits.body_digest(readme),
    }
    complete = made.model_copy(update=facts)
    return files | {FILENAME: complete.to_json()}


Render = Callable[
    [Manifest, Entry, Registry, Mapping[str, bytes], Mapping[str, Path], Mapping[str, Any]],
    dict[str, bytes | Path],
]
"""What `render` is, here or elsewhere."""


def rerender(
    registry: Registry,
    entry: Entry,
    made: Manifest,
    hub: Hub,
    added: Mapping[str, Any],
    there: Container[str] = (),
    render: Render = render,
) -> dict[str, bytes | Path]:
    """Card, pictures and manifest again from what was published and what the registry says now.

    `there` are the files of the repo, where they were listed: an avatar among them is not replaced by a
    placeholder because one answer says that it is missing. Where the registry is a stranger's, `render` does it
    in another process.
    """
    settings = card_settings(registry, entry)
    accounts = {account.handle: account for account in made.accounts}
    template = card.template_digest(entry.template, template_folders(registry))
    update = {
        **settings.manifest_fields(made.base.license),
        "accounts": tuple(accounts[handle] for handle in entry.handles if handle in accounts),
        "hub": hub.address,
        "published": made.published.model_copy(
            update={"handles": entry.handles, "template": template, **settings.published_fields()}
        ),
        "provenance": provenance.from_environment(os.environ),
    }
    renewed = made.model_copy(update=update)
    held = {
        path: hub.read(entry.name, path, listed=path in there) for path in map(avatar_path, entry.handles)
    }
    avatars = {path: data or pictures.avatar(None) for path, data in held.items()}
    files = render(renewed, entry, registry, avatars, {}, added)
    new = manifest.parse(bytes(files[FILENAME]))
    # An avatar that stands there is published as it is: if a human changed it, it has not become ours by that.
    kept = {path for path, data in held.items() if data and path in made.files}
    update = {
        name: dict(sorted((old | {path: value for path, value in fresh.items() if path not in kept}).items()))
        for name, old, fresh in (("files", made.files, new.files), ("blobs", made.blobs, new.blobs))
    }
    return files | {FILENAME: new.model_copy(update=update).to_json()}


def _blob(file: bytes | Path) -> str | None:
    """The git blob id of a file that a Hub may keep without large-file storage; None for any larger one."""
    size = len(file) if isinstance(file, bytes) else file.stat().st_size
    if size > LARGEST_BLOB:
        return None
    return digest.git_blob(file if isinstance(file, bytes) else file.read_bytes())


def additions(hub: Hub, old: Manifest) -> dict[str, Any]:
    """What a human added to the card's front matter, for a card that is only looked at; nothing when unreadable."""
    data = hub.read(old.name, CARD)
    try:
        return human_edits.added(old, data.decode(errors="replace")) if data is not None else {}
    except ValueError:
        return {}
