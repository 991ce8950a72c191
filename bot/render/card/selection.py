"""How the posts of a model were selected and changed, as its card says it."""

from __future__ import annotations

from typing import Any

from bot.manifest import Manifest
from bot.registry.selection import MASK


def selection(manifest: Manifest) -> dict[str, Any] | None:
    """The selection as a template sees it; None for a model of a version that had none."""
    given = manifest.selection
    if not given:
        return None
    return {
        "replies": given.get("replies"),
        "stripped": sum(account.changed.get("stripped", 0) for account in manifest.accounts),
        "masked": sum(account.changed.get("masked", 0) for account in manifest.accounts),
        "mask": MASK if given.get("mentions") == "mask" else None,
        "since": given.get("since"),
        "until": given.get("until"),
        "apps": list(given.get("apps") or ()),
        "joined": given.get("threads") == "join",
        "lines": given.get("lines") == "keep",
    }
