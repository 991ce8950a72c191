"""What stands on the hub for a model: its manifest, and what a human changed in its card since."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bot import card, edits, manifest, publication
from bot.build import Workshop
from bot.desired import template_folders
from bot.errors import HubError, Skipped
from bot.hub import Hub
from bot.manifest import Manifest
from bot.published import FILENAME
from bot.registry import Entry


def published(hub: Hub, name: str) -> Manifest:
    """The manifest of a published model. HubError when there is none that can be read."""
    data = hub.read(name, FILENAME)
    if data is None:
        raise HubError(f"{hub.url(name)} has no {FILENAME}, so there is nothing to render a card from")
    try:
        return manifest.parse(data)
    except ValueError as error:
        raise HubError(f"{hub.url(name)}: {error}") from None


def additions(hub: Hub, old: Manifest) -> dict[str, Any]:
    """What a human added to the card's front matter, for a card that is only looked at; nothing when unreadable."""
    data = hub.read(old.name, publication.CARD)
    try:
        return edits.added(old, data.decode(errors="replace")) if data is not None else {}
    except ValueError:
        return {}


def human_edits(
    entry: Entry, old: Manifest, shop: Workshop, hub: Hub, overwrite: Collection[str]
) -> dict[str, Any]:
    """What a human added to the card's front matter. Raises Skipped when the text below it was edited.

    `overwrite` names the models whose edited card may be written over.
    """
    data = hub.read(entry.name, publication.CARD)
    if data is None:
        return {}
    readme = data.decode(errors="replace")
    over = entry.name in overwrite
    advice = f"to write over it: --overwrite-edits {entry.name}"
    try:
        extra = edits.added(old, readme)
        if over or not edits.edited(old, readme):
            return extra
        ours = card.render(old, template=entry.template, folders=template_folders(shop.registry))
        shop.watcher.say(f"{entry.name} was edited on the Hub:\n{edits.difference(ours, readme)}")
    except ValueError as error:
        if over:
            return {}
        raise Skipped(f"edited on the Hub: {error}; {advice}") from None
    raise Skipped(f"edited on the Hub; {advice}")
