"""The registry's entry for an older model that it does not list: as that was made, and paused, so that it stays so."""

from __future__ import annotations

from pathlib import Path

from bot.apply.adopt import takeover
from bot.apply.adopt.old_card import OldCard
from bot.errors import UsageError
from bot.registry import Registry, edit, read_text
from bot.sources import handles

RECIPE = "classic"


def shown(name: str, old: OldCard, registry: Registry) -> str:
    """The entry on one line, for a person; a consent that the policy asks for is left open."""
    parts = [f"handles: [{', '.join(old.handles)}]"]
    parts += [f"name: {chosen}"] if (chosen := _chosen_name(name, old)) else []
    parts += ["source: x", f"recipe: {RECIPE}"]
    parts += [f"base: {old.base}"] if old.base else []
    parts += ["consent: …"] if registry.policy.consent == "required" else []
    return f"- {{{', '.join(parts)}, paused: true}}"


def added(text: str, path: Path, name: str, old: OldCard, consent: str | None) -> str:
    """The registry's text with the entry. Raises UsageError where it cannot be, as for a consent that is needed."""
    try:
        new = _added(text, name, old, consent, None)
    except UsageError as error:
        raise UsageError(f"{path.name} does not get its entry: {error}") from None
    entry = next(each for each in read_text(new.encode(), path).entries if each.name == name.lower())
    if takeover.base_mismatch(old, entry) is None:
        return new
    return _added(text, name, old, consent, old.base)


def _added(text: str, name: str, old: OldCard, consent: str | None, base: str | None) -> str:
    return edit.add(
        text,
        old.handles,
        source="x",
        consent=consent,
        name=_chosen_name(name, old),
        base=base,
        recipe=RECIPE,
        paused=True,
    )


def _chosen_name(name: str, old: OldCard) -> str | None:
    """The name where the handles do not make it."""
    return None if handles.repo_name(old.handles) == name.lower() else name.lower()
