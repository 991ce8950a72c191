"""Find an entry of a registry by its model's name."""

from __future__ import annotations

from bot.errors import RegistryError, UsageError
from bot.registry import Entry, Registry


def find_entry(registry: Registry, name: str) -> Entry:
    """The valid entry of that name. RegistryError for a faulty one, UsageError for one that is not listed."""
    for entry in registry.entries:
        if entry.name == name:
            return entry
    for faulty in registry.faulty:
        if faulty.name == name:
            raise RegistryError(list(faulty.problems))
    names = ", ".join(entry.name for entry in registry.entries[:10]) or "none"
    raise UsageError(f"{registry.path.name} lists no model {name!r}; it lists: {names}")
