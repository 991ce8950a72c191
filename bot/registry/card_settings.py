"""What the registry alone says on a model's card: one value, from the entry to the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bot.io import digest
from bot.registry import Entry, Registry

_LATER = ("removal_within",)


@dataclass(frozen=True, slots=True)
class CardSettings:
    """An entry's part of the card; a change of any of it renders the card again.

    `consent` is None where the policy says nothing of it. Prompts are not among them: the card shows the ones that
    its samples answer, which are the manifest's.
    """

    handles: tuple[str, ...]
    contact: str | None
    removal_within: str | None
    consent: str | None
    license: str | None
    license_name: str | None
    license_link: str | None
    tags: tuple[str, ...]
    sensitive: bool

    def digest(self) -> str:
        """The short name of exactly these settings, by which a plan sees that a card no longer fits.

        A setting that older versions did not have counts only where it is set, so that their cards still fit.
        """
        return digest.short({key: value for key, value in asdict(self).items() if value or key not in _LATER})

    def published_fields(self) -> dict[str, Any]:
        """The fields of `Published` that name these settings: their digest, and each one that is set."""
        given = {key: value for key, value in asdict(self).items() if value and key != "handles"}
        return {"card": self.digest(), "settings": given}

    def differences(self, published: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """The published and the wanted value of each setting that differs, handles apart."""
        wanted = asdict(self)
        pairs = {key: (published.get(key), wanted[key]) for key in wanted if key != "handles"}
        return {key: (old, new) for key, (old, new) in pairs.items() if (old or new) and not _same(old, new)}

    def manifest_fields(self, base_license: str | None = None) -> dict[str, Any]:
        """The fields of a manifest that hold them; where no license is set, the base's."""
        return asdict(self) | {"contact": self.contact or "", "license": self.license or base_license}


def _same(old: Any, new: Any) -> bool:
    return list(old or ()) == list(new or ()) if isinstance(new, tuple) else old == new


def card_settings(registry: Registry, entry: Entry) -> CardSettings:
    """The settings of an entry's card."""
    return CardSettings(
        handles=entry.handles,
        contact=registry.contact,
        removal_within=registry.policy.removal_within,
        consent=entry.consent if registry.policy.consent != "off" else None,
        license=entry.license,
        license_name=entry.license_name,
        license_link=entry.license_link,
        tags=entry.tags,
        sensitive=entry.sensitive,
    )
