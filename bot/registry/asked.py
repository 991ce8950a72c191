"""What a registry asks of a training, compared across versions of the bot.

A published model is compared by the values that its registry sets. A key that is not set means the default of the
version that published the model, so that a new default or a new key of a later version changes no published model:
it takes effect at the next training that is due anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.hub.published import Published
from bot.io import digest
from bot.registry.entry import Entry
from bot.registry.recipe import NAMED
from bot.registry.selection import UNCHANGED

_FIRST: Mapping[str, Any] = {
    "epochs": 4,
    "patience": 1,
    "learning_rate": 5e-4,
    "warmup": 0.1,
    "layout": "packed",
    "batch_size": 4,
    "block_size": 256,
    "weight_decay": 0.0,
    "clip": 1.0,
    "dropout": 0.0,
    "weights": "bf16",
    "lora_rank": None,
    "held_out": 0.1,
    "seed": 42,
}
_SECOND: Mapping[str, Any] = {**_FIRST, "learning_rate": "auto", "voices": "unnamed"}
_THIRD: Mapping[str, Any] = {
    **_SECOND,
    "epochs": 3,
    "batch_size": 2,
    "replies": "strip",
    "mentions": "mask",
    "since": None,
    "until": None,
    "apps": [],
    "threads": "keep",
    "lines": "join",
}

DEFAULTS = (_FIRST, _SECOND, _THIRD)
"""The values that training depends on, by generation (the first is 1): what a key that is not set meant then. A new
default, and a new key, is a new generation; what was released is never edited. The last one holds today's."""

BEFORE: Mapping[str, Any] = {"voices": "unnamed", **UNCHANGED.model_dump(mode="json")}
"""For each key younger than the first generation, the value that trains as the bot did before the key existed."""

CURRENT = len(DEFAULTS)
"""The generation that this version publishes with."""


def values_of(entry: Entry) -> dict[str, Any]:
    """The values that the registry sets for an entry, in its defaults or on the entry, by key."""
    return {**entry.recipe.model_dump(exclude_unset=True), **entry.selection.values()}


def recipe_digest(asked: Mapping[str, Any], generation: int | None = None) -> str:
    """Short digest of the values `asked`, with the defaults of a generation (the current one) where nothing is asked.

    A later generation than this version knows counts as the current one.
    """
    defaults = _defaults(generation)
    old = {key: value for key, value in asked.items() if key in defaults or value != BEFORE[key]}
    return digest.short({**defaults, **old})


def digests(asked: Mapping[str, Any]) -> tuple[str, ...]:
    """The digest of the values in each generation, the first one first."""
    return tuple(recipe_digest(asked, generation) for generation in range(1, CURRENT + 1))


def is_as_published(asked: Mapping[str, Any], published: Published) -> bool:
    """Whether the model was trained as the values ask, with the defaults of the version that published it."""
    return recipe_digest(asked, published.defaults or 1) == published.recipe


def differences(asked: Mapping[str, Any], published: Published) -> dict[str, tuple[Any, Any]] | None:
    """The published and the asked value of each key that differs; None where the published values are not known.

    The value of a key that is no longer asked is today's default, which the next training uses.
    """
    before = _published_values(published)
    if before is None:
        return None
    defaults = _defaults(published.defaults or 1)
    old = {key: before.get(key, defaults.get(key, BEFORE.get(key))) for key in {**before, **asked}}
    new = {key: asked.get(key, DEFAULTS[-1].get(key)) for key in old}
    return {key: (old[key], new[key]) for key in sorted(old) if old[key] != new[key]}


def has_older_defaults(asked: Mapping[str, Any], published: Published) -> bool:
    """Whether a training with the same values would differ from the published one, since defaults changed."""
    generation = published.defaults or 1
    before, now = ({**BEFORE, **_defaults(one), **asked} for one in (generation, CURRENT))
    return generation < CURRENT and before != now


def published_fields(entry: Entry) -> dict[str, Any]:
    """The fields of `Published` that name what was asked of an entry's training."""
    asked = values_of(entry)
    return {"version": 2, "recipe": recipe_digest(asked), "defaults": CURRENT, "asked": asked}


def _defaults(generation: int | None) -> Mapping[str, Any]:
    return DEFAULTS[min(max(generation or CURRENT, 1), CURRENT) - 1]


def _published_values(published: Published) -> Mapping[str, Any] | None:
    """The values that were asked of a published model: kept with it, or recognised by their digest."""
    if published.asked is not None:
        return published.asked
    known: list[Mapping[str, Any]] = [{}, *NAMED.values()]
    return next((asked for asked in known if is_as_published(asked, published)), None)
