"""What the registry alone says on a model's card: one value, from the entry to the manifest."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from bot.io import digest
from bot.registry import Entry, Registry


@dataclass(frozen=True, slots=True)
class CardSettings:
    """An entry's part of the card; a change of any of it renders the card again.

    `consent` is None where the policy says nothing of it. Prompts are not among them: the card shows the ones that
    its samples answer, which are the manifest's.
    """

    handles: tuple[str, ...]
    contact: str | None
    consent: str | None
    license: str | None
    license_name: str | None
    license_link: str | None
    tags: tuple[str, ...]
    sensitive: bool

    def digest(self) -> str:
        """The short name of exactly these settings, by which a plan sees that a card no longer fits."""
        return digest.of_value(asdict(self))[:16]

    def manifest_fields(self, base_license: str | None = None) -> dict[str, Any]:
        """The fields of a manifest that hold them; where no license is set, the base's."""
        return asdict(self) | {"contact": self.contact or "", "license": self.license or base_license}


def card_settings(registry: Registry, entry: Entry) -> CardSettings:
    """The settings of an entry's card."""
    return CardSettings(
        handles=entry.handles,
        contact=registry.contact,
        consent=entry.consent if registry.policy.consent != "off" else None,
        license=entry.license,
        license_name=entry.license_name,
        license_link=entry.license_link,
        tags=entry.tags,
        sensitive=entry.sensitive,
    )
