"""The differences between an entry and what is published, as values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.hub.published import Published
from bot.plan.inputs import Desired
from bot.plan.steps import Change
from bot.registry import asked
from bot.registry.card_settings import CardSettings


def training_changes(entry: Desired, published: Published | None) -> tuple[Change, ...]:
    """The differences between an entry and the published model that only training removes.

    What an older version published is known by a digest alone, so a change of its recipe may have no values.
    """
    if published is None:
        return ()
    changes = []
    if sorted(entry.handles) != sorted(published.handles):
        changes.append(Change("handles", ", ".join(published.handles), ", ".join(entry.handles)))
    if entry.base != published.base:
        changes.append(Change("base", published.base, entry.base))
    if not asked.is_as_published(entry.asked, published):
        different = asked.differences(entry.asked, published)
        changes += _value_changes(different) if different else [Change("recipe")]
    return tuple(changes)


def card_changes(settings: CardSettings, published: Published) -> tuple[Change, ...]:
    """The differences between the card's settings and the published ones, without values where those are unknown."""
    if published.settings is None:
        return (Change("card"),)
    different = settings.differences(published.settings)
    old, new = (tuple(values or ()) for values in different.pop("tags", ((), ())))
    tags = [
        *(Change("tag", tag, None) for tag in old if tag not in new),
        *(Change("tag", None, tag) for tag in new if tag not in old),
    ]
    order = [Change("order of tags")] if old != new and not tags else []
    handles = [] if different or tags or order else [Change("order of handles")]
    return (*_value_changes(different), *tags, *order, *handles)


def _value_changes(different: Mapping[str, tuple[object, object]]) -> list[Change]:
    return [Change(key, _text(old), _text(new)) for key, (old, new) in different.items()]


def _text(value: object) -> str | None:
    """A value as a registry writes it; None for one that is not set."""
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(map(str, value)) or "none"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def listed(changes: Iterable[Change]) -> str:
    """The changes as a part of a sentence; of handles and bases, whose values are long, the name alone."""
    words = [one.what if one.what in ("handles", "base") else str(one) for one in changes]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
