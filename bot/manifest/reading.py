"""Reading the manifest of a published model from the hub."""

from __future__ import annotations

from bot import manifest
from bot.errors import HubError
from bot.hub import Hub
from bot.hub.published import FILENAME
from bot.manifest import Manifest


def read_manifest(hub: Hub, name: str) -> Manifest:
    """The manifest of a published model. HubError when there is none that can be read."""
    data = hub.read(name, FILENAME, listed=True)
    if data is None:
        raise HubError(f"{hub.url(name)} has no {FILENAME}, so there is nothing to render a card from")
    try:
        return manifest.parse(data)
    except ValueError as error:
        raise HubError(f"{hub.url(name)}: {error}") from None
