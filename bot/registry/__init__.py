"""The registry: registry.yaml as typed entries, and everything wrong with it, by line and column."""

from bot.registry.contents import FaultyEntry, Registry, StoreSettings, Tombstone
from bot.registry.entry import Entry
from bot.registry.loader import load, read_text
from bot.registry.schema import Policy, XSettings, schema
from bot.registry.tombstones import Tombstones
from bot.sources.handles import Source

__all__ = [
    "Entry",
    "FaultyEntry",
    "Policy",
    "Registry",
    "Source",
    "StoreSettings",
    "Tombstone",
    "Tombstones",
    "XSettings",
    "load",
    "read_text",
    "schema",
]
