"""Read a mapping of the registry's text as its type, with every fault at its line and column.

What is wrong is noted and removed, so that the rest of the same mapping is checked in the same run.
"""

from __future__ import annotations

from collections.abc import Mapping as Keys
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bot.registry.recipe import Recipe
from bot.registry.sampling import Sampling
from bot.registry.schema import EntryFile, Policy, Preferences, RegistryFile, Rules, StoreFile, XSettings
from bot.registry.values import nearest
from bot.registry.yaml_tree import Fault, Mapping, Node, Scalar, Sequence, unprintable
from bot.sources.handles import shown

M = TypeVar("M", bound=BaseModel)

_SECTIONS: Keys[str, type[BaseModel]] = {
    "defaults": Preferences,
    "policy": Policy,
    "recipe": Recipe,
    "sampling": Sampling,
    "store": StoreFile,
    "x": XSettings,
}
_ATTEMPTS = 8

MAX_FAULTS = 100
"""Faults reported of one mapping: more are no help to a person, and a hostile file has half a million."""


def to_data(node: Node, faults: list[Fault]) -> Any:
    """Text, lists and dicts for a node. A key's value may be null; a list's items are always text.

    Repeated keys and characters that no value may hold are added to `faults`; such a value is left out.
    """
    match node:
        case Scalar():
            if node.style == '"' and (character := unprintable(node.text)):
                faults.append(node.fault(f"the value holds a forbidden character ({character}): take it out"))
                return None
            return node.text.rstrip("\n") if node.style in ("|", ">") else node.text
        case Sequence():
            return [value for item in node.items if (value := to_data(item, faults)) is not None]
        case Mapping():
            for first, second in node.repeated[:MAX_FAULTS]:
                message = f"key {shown(second.text)} stands twice, here and on line {first.line}: keep one"
                faults.append(second.fault(message, f"repeated key {second.text}"))
            return {
                key: None if isinstance(value, Scalar) and value.is_null else to_data(value, faults)
                for key, (_, value) in node.items.items()
            }


def read(model: type[M], node: Mapping, data: dict[str, Any], faults: list[Fault]) -> tuple[M, set[str]]:
    """The mapping as its type, without what is wrong in it, and the keys in which something was wrong."""
    wrong: set[str] = set()
    for _ in range(_ATTEMPTS):
        try:
            return model.model_validate(data), wrong
        except ValidationError as error:
            errors = error.errors(include_url=False)
        # A value that several keys make wrong shows only once each of them is right; the rest is reported already.
        holding = {found["loc"][:-1] for found in errors}
        reported = [
            found
            for found in errors
            if (not wrong or found["type"] == "value_error")
            and not (found["type"] == "too_short" and found["loc"] in holding)
        ]
        faults.extend(_place(node, found).fault(_sentence(model, found)) for found in reported[:MAX_FAULTS])
        if len(reported) > MAX_FAULTS:
            faults.append(node.fault(f"and {len(reported) - MAX_FAULTS:,} further faults in here"))
        wrong |= {str(found["loc"][0]) for found in errors if found["loc"]}
        if len(errors) > MAX_FAULTS:
            break
        for found in sorted(errors, key=lambda found: _order(found["loc"]), reverse=True):
            _prune(data, found["loc"])
    return model.model_validate({key: value for key, value in data.items() if key not in wrong}), wrong


def _order(loc: tuple[int | str, ...]) -> tuple[tuple[int, str], ...]:
    """Later items of a list first when reversed, so that removing one moves none that is still to go."""
    return tuple((part, "") if isinstance(part, int) else (-1, part) for part in loc)


def _prune(data: Any, loc: tuple[Any, ...]) -> None:
    """Removes the value at `loc`, or the nearest one around it that exists."""
    held: list[tuple[Any, Any]] = []
    for part in loc:
        here = part in data if isinstance(data, dict) else isinstance(data, list) and part in range(len(data))
        if not here:
            break
        held.append((data, part))
        data = data[part]
    if held:
        container, last = held[-1]
        del container[last]


def _place(node: Node, found: Any) -> Node:
    """The node that an error is about: the value, an unknown key, or what a missing one is missing from."""
    key = None
    for part in found["loc"]:
        if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
        elif isinstance(node, Mapping) and (pair := node.items.get(str(part))):
            key, node = pair
    return key if key is not None and found["type"] == "extra_forbidden" else node


def _sentence(model: type[BaseModel], found: Any) -> str:
    """The sentence for one of pydantic's errors: what is wrong and how to fix it."""
    loc, kind, value = found["loc"], found["type"], found["input"]
    context: dict[str, Any] = found.get("ctx", {})
    key = next((part for part in reversed(loc) if isinstance(part, str) and part), "")
    if kind == "extra_forbidden":
        section = next((_SECTIONS[part] for part in reversed(loc[:-1]) if part in _SECTIONS), model)
        return _unknown(key, section)
    if value is None and kind != "missing":
        return f"{key} has no value: give one, or take the key out"
    match kind:
        case "value_error":
            return f"{key}: {f'{shown(value)}: ' if isinstance(value, str) else ''}{context['error']}"
        case "literal_error":
            return _not_one_of(key, value, context["expected"])
        case "list_type" | "tuple_type":
            example = value if isinstance(value, str) and len(value) < 40 else "..."
            return f"{key} must be a list: write [{example}]"
    message = _MESSAGES.get(kind, "{key}: {msg}")
    return message.format(**{**context, "key": key, "value": _brief(value), "msg": found["msg"]})


_WHOLE = "{key}: {value} is not a whole number"
_NUMBER = "{key}: {value} is not a number"
_BOOLEAN = "{key}: {value} is neither true nor false"
_MAPPING = "{key} must be a mapping: keys with values, indented below it or in {{}}"
_EMPTY = "{key} is empty: give a value, or take the key out"
_MESSAGES = {
    "missing": "{key} is missing",
    "place": "{why}",
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "string_type": "{key} must be a single text, without brackets or an indented block",
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "finite_number": "{key} must be a finite number, not {value}",
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "bool_parsing": _BOOLEAN,
    "bool_type": _BOOLEAN,
    "string_pattern_mismatch": "{key}: {value} does not have the form {pattern}",
    "string_too_short": _EMPTY,
    "too_short": _EMPTY,
    "string_too_long": "{key} is too long: at most {max_length} characters",
    "too_long": "{key} is too long: at most {max_length} items",
    "greater_than_equal": "{key}: {value} is too small, the least is {ge}",
    "greater_than": "{key}: {value} is too small, it must be more than {gt}",
    "less_than_equal": "{key}: {value} is too large, the most is {le}",
    "less_than": "{key}: {value} is too large, it must be less than {lt}",
}
"""pydantic's kinds of error, each with its sentence; the names in braces are `_sentence`'s and pydantic's context."""


def _not_one_of(key: str, value: object, expected: str) -> str:
    if not isinstance(value, str):
        return f"{key} must be one word, not {_brief(value)}: {expected}"
    close = nearest(value, expected.replace("'", "").replace(" or ", ", ").split(", "))
    return f"{key}: {shown(value)} is not one of {expected}{close}"


def _unknown(key: str, section: type[BaseModel]) -> str:
    known = (RegistryFile if section is Rules else section).model_fields
    if section is Rules and key in EntryFile.model_fields:
        hint = "; it belongs to an entry of models: or to defaults: (check the indentation)"
    elif section is Preferences and key in EntryFile.model_fields:
        hint = "; it belongs to one entry, not to all"
    elif section is EntryFile and key in RegistryFile.model_fields:
        hint = "; it belongs to the top of the file (check the indentation)"
    else:
        hint = nearest(key, known) or f"; known here are {', '.join(known)}"
    return f"unknown key {shown(key)}{hint}"


def _brief(value: object) -> str:
    """A wrong value in a message: a text as written, anything else by its kind."""
    if isinstance(value, str):
        return shown(value)
    return "a list" if isinstance(value, list) else "a mapping"
