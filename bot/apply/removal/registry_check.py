"""A person's tombstone in the registry: adding it to the text, and whether a registry shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.errors import UsageError
from bot.registry import Registry, edit, read_text


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What a tombstone says: the person's handle, or its hash with `private`, why, since when, and account ids."""

    person: str
    reason: str
    on: date
    private: bool
    accounts: tuple[str, ...] = ()

    def added_to(self, text: str, path: Path) -> str:
        """Returns the registry's text with this tombstone and without the person's entries.

        A text that has the tombstone already is returned as it is. Raises UsageError where it cannot be edited.
        """
        try:
            return edit.remove(
                text,
                self.person,
                reason=self.reason,
                on=self.on,
                private=self.private,
                accounts=self.accounts,
            )
        except UsageError:
            if self.person in read_text(text.encode(), path).gone:
                return text  # an earlier run wrote it
            raise


def is_removed(registry: Registry, person: str) -> bool:
    """Whether the registry holds a tombstone of the person, and no entry with their handle."""
    listed = [entry.handles for entry in registry.entries] + [entry.handles for entry in registry.faulty]
    return person in registry.gone and not any(person in handles for handles in listed)
