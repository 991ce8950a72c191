"""The files of a published repo beside its weights: card, pictures, manifest. The same facts give the same bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bot import card, digest, edits, manifest, pictures, provenance
from bot.card.facts import LOSS_CURVE, SOCIAL_PREVIEW
from bot.desired import card_facts, template_folders
from bot.hub import Hub
from bot.manifest import Manifest
from bot.published import FILENAME
from bot.registry import Entry, Registry

CARD = "README.md"


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
        CARD: readme.encode(),
    }
    digests = {path: digest.of_file(file) for path, file in weights.items()}
    digests |= {
        path: hashlib.sha256(data).hexdigest() for path, data in files.items() if isinstance(data, bytes)
    }
    facts = {"files": dict(sorted(digests.items())), "body": edits.body_digest(readme)}
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
    render: Render = render,
) -> dict[str, bytes | Path]:
    """Card, pictures and manifest again from what was published and what the registry says now.

    Where the registry is a stranger's, `render` does it in another process.
    """
    facts = card_facts(registry, entry)
    accounts = {account.handle: account for account in made.accounts}
    template = card.template_digest(entry.template, template_folders(registry))
    update = {
        "handles": entry.handles,
        "accounts": tuple(accounts[handle] for handle in entry.handles if handle in accounts),
        "consent": facts["consent"],
        "contact": registry.contact or "",
        "license": entry.license or made.base.license,
        "license_name": entry.license_name,
        "license_link": entry.license_link,
        "tags": entry.tags,
        "sensitive": entry.sensitive,
        "published": made.published.model_copy(
            update={"handles": entry.handles, "template": template, "card": digest.of_value(facts)[:16]}
        ),
        "provenance": provenance.of_this_run(os.environ),
    }
    renewed = made.model_copy(update=update)
    avatars = {
        path: hub.read(entry.name, path) or pictures.avatar(None) for path in map(avatar_path, entry.handles)
    }
    files = render(renewed, entry, registry, avatars, {}, added)
    new = manifest.parse(bytes(files[FILENAME]))
    complete = new.model_copy(update={"files": dict(sorted((made.files | new.files).items()))})
    return files | {FILENAME: complete.to_json()}
