"""What to say of a key that the registry does not know: where it belongs, or which one was meant."""

from __future__ import annotations

from collections.abc import Mapping as Keys
from typing import Any

from pydantic import BaseModel

from bot.errors import Replacement
from bot.registry.advice import as_list, did_you_mean, nearest
from bot.registry.fault import Fault
from bot.registry.recipe import Recipe
from bot.registry.sampling import Sampling
from bot.registry.schema import (
    EntryFile,
    Policy,
    Preferences,
    RegistryFile,
    Rules,
    StoreFile,
    TombstoneFile,
    XSettings,
)
from bot.registry.yaml_text import scalar
from bot.registry.yaml_tree import Mapping, Scalar
from bot.sources.handles import shown

_SECTIONS: Keys[str, type[BaseModel]] = {
    "defaults": Preferences,
    "policy": Policy,
    "recipe": Recipe,
    "removed": TombstoneFile,
    "sampling": Sampling,
    "store": StoreFile,
    "x": XSettings,
}
_BELOW: Keys[str, type[BaseModel]] = {"recipe": Recipe, "sampling": Sampling}
"""Keys of an entry that hold keys of their own, which people look for in the entry itself."""


def unknown_key(model: type[BaseModel], loc: tuple[Any, ...], around: Mapping, key: Scalar) -> Fault:
    """The fault of this key of the mapping `around`, which `model` is read from; `loc` is pydantic's."""
    section = next((_SECTIONS[part] for part in reversed(loc[:-1]) if part in _SECTIONS), model)
    hint, replacements = _advice(section, around, key)
    return key.fault(f"unknown key {shown(key.text)}{hint}", replacements=replacements)


def _advice(section: type[BaseModel], around: Mapping, key: Scalar) -> tuple[str, tuple[Replacement, ...]]:
    word, known = key.text, (RegistryFile if section is Rules else section).model_fields
    if section is Rules and word in EntryFile.model_fields:
        return "; it belongs to an entry of models: or to defaults: (check the indentation)", ()
    if section is Preferences and word in EntryFile.model_fields:
        return "; it belongs to one entry, not to all", ()
    if section is EntryFile and word in RegistryFile.model_fields:
        return "; it belongs to the top of the file (check the indentation)", ()
    value = around.items[word][1]
    if issubclass(section, Preferences):
        for holder, below in _BELOW.items():
            if word in below.model_fields:
                return _inside(holder, key, value, free=holder not in around.items)
    close = nearest(word, known)
    if close is None:
        return f"; known here are {', '.join(known)}", ()
    if close in around.items:
        return (
            f"{did_you_mean(close)} It stands here already, on line {around.items[close][0].line}: keep one",
            (),
        )
    if close == "handles" and isinstance(value, Scalar):
        advice, replacements = as_list("handles", value)
        start = key.start.index
        return f": {advice}", tuple(
            Replacement(start, each.end, f"handles: {each.text}") for each in replacements
        )
    return did_you_mean(close), (Replacement(key.start.index, key.end.index, close),)


def _inside(holder: str, key: Scalar, value: Any, *, free: bool) -> tuple[str, tuple[Replacement, ...]]:
    """The advice to write a key of a recipe, say, below `recipe:`."""
    if not isinstance(value, Scalar) or value.style in ("|", ">") or not free:
        return f"; it belongs below {holder}: (check the indentation)", ()
    text = f"{holder}: {{{key.text}: {value.text if value.style is None else scalar(value.text)}}}"
    return f": write {text}", (Replacement(key.start.index, value.end.index, text),)
