"""Read a mapping of the registry's text as its type, with every fault at its line and column.

What is wrong is noted and removed, so that the rest of the same mapping is checked in the same run.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bot.errors import WrongValue
from bot.registry.advice import as_list, did_you_mean, nearest, replaced
from bot.registry.fault import Fault
from bot.registry.schema import TombstoneFile
from bot.registry.unknown_keys import unknown_key
from bot.registry.yaml_tree import Mapping, Node, Scalar, Sequence, unprintable
from bot.sources.handles import shown

M = TypeVar("M", bound=BaseModel)

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
        faults.extend(
            _fault(model, node, found) for found in reported[:MAX_FAULTS] if not _misspelt(node, found)
        )
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


def _around(node: Node, loc: tuple[Any, ...]) -> tuple[Node, Node, Scalar | None]:
    """The node that an error is about, as far as it is there; what holds it; and the key that it stands under."""
    key, around = None, node
    for part in loc:
        if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            around, node = node, node.items[part]
        elif isinstance(node, Mapping) and (pair := node.items.get(str(part))):
            around = node
            key, node = pair
    return node, around, key


def _misspelt(node: Mapping, found: Any) -> bool:
    """Whether a key is missing because it stands there under a word that is nearly right, which is a fault already."""
    if found["type"] != "missing":
        return False
    place = _around(node, found["loc"])[0]
    missing = str(found["loc"][-1])
    return isinstance(place, Mapping) and any(
        nearest(key, TombstoneFile.model_fields) == missing for key in place.items if key != missing
    )


def _fault(model: type[BaseModel], node: Mapping, found: Any) -> Fault:
    """The fault for one of pydantic's errors: what is wrong, how to fix it, and what to write."""
    loc, kind, value = found["loc"], found["type"], found["input"]
    context: dict[str, Any] = found.get("ctx", {})
    place, around, key_node = _around(node, loc)
    key = next((part for part in reversed(loc) if isinstance(part, str) and part), "")
    if kind == "extra_forbidden" and key_node is not None and isinstance(around, Mapping):
        return unknown_key(model, loc, around, key_node)
    if value is None and kind != "missing":
        return place.fault(f"{key} has no value: give one, or take the key out")
    match kind:
        case "value_error":
            error = context["error"]
            said = f"{key}: {f'{shown(value)}: ' if isinstance(value, str) else ''}{error}"
            instead = error.instead if isinstance(error, WrongValue) else ()
            return place.fault(said, replacements=[replaced(place, text) for text in instead])
        case "literal_error":
            return _not_one_of(key, value, context["expected"], place)
        case "list_type" | "tuple_type":
            advice, replacements = as_list(key, place)
            return place.fault(f"{key} must be a list: {advice}", replacements=replacements)
        case "model_type" | "dict_type" if isinstance(around, Sequence):
            return _no_mapping(key, value, place)
    message = _MESSAGES.get(kind, "{key}: {msg}")
    close = _number(value, whole=message is _WHOLE) if message in (_WHOLE, _NUMBER) else None
    if message is _BOOLEAN and isinstance(value, str):
        close = nearest(value, ("true", "false"))
    said = message.format(**{**context, "key": key, "value": _brief(value), "msg": found["msg"]})
    return place.fault(
        f"{said}{did_you_mean(close)}", replacements=[replaced(place, close)] if close is not None else []
    )


def _no_mapping(key: str, value: object, place: Node) -> Fault:
    """The fault of an item of a list (of `removed`) that is a word, say, and should be a mapping."""
    if not isinstance(value, str):
        return place.fault(f"an item of {key} must be a mapping: write handles: [ada_example]")
    advice, replacements = as_list("handles", place)
    whole = [replaced(place, f"handles: {each.text}") for each in replacements]
    return place.fault(f"an item of {key} must be a mapping: {advice}", replacements=whole)


def _number(value: object, *, whole: bool) -> str | None:
    """A number as YAML has it, for one with separators between thousands, a k, or a percent sign."""
    if not isinstance(value, str):
        return None
    if re.fullmatch(r"\d{1,3}([,.' ]\d{3})+" if whole else r"\d{1,3}([,' ]\d{3})+", value, re.ASCII):
        return re.sub(r"\D", "", value)
    if whole and (found := re.fullmatch(r"(\d{1,9})[kK]", value, re.ASCII)):
        return f"{found[1]}000"
    if not whole and (found := re.fullmatch(r"(\d{1,3}(?:\.\d{1,9})?) ?%", value, re.ASCII)):
        return f"{float(found[1]) / 100:g}"
    return None


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


def _not_one_of(key: str, value: object, expected: str, place: Node) -> Fault:
    if not isinstance(value, str):
        return place.fault(f"{key} must be one word, not {_brief(value)}: {expected}")
    words = expected.replace("'", "").replace(" or ", ", ").split(", ")
    close = nearest(value, words) or (words[0] if len(words) == 1 else None)
    return place.fault(
        f"{key}: {shown(value)} is not one of {expected}{did_you_mean(close)}",
        replacements=[replaced(place, close)] if close is not None else [],
    )


def _brief(value: object) -> str:
    """A wrong value in a message: a text as written, anything else by its kind."""
    if isinstance(value, str):
        return shown(value)
    return "a list" if isinstance(value, list) else "a mapping"
