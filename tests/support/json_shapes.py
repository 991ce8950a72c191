"""Whether a JSON value has the fields and types of a TypedDict."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any


def mismatches(value: Any, kind: Any, where: str = "") -> Iterator[str]:
    """Yields where a JSON value differs from its type: fields that are missing, unknown, or of another type."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    match origin:
        case typing.Annotated | typing.NotRequired:
            yield from mismatches(value, arguments[0], where)
        case types.UnionType | typing.Union:
            if all(list(mismatches(value, each)) for each in arguments):
                yield f"{where}: {value!r}"
        case typing.Literal:
            if value not in arguments:
                yield f"{where}: {value!r}"
        case _ if typing.is_typeddict(kind):
            yield from _fields(value, kind, where)
        case _ if not isinstance(value, _classes(origin or kind)):
            yield f"{where}: {value!r}"
        case _ if origin is list:
            for each in value:
                yield from mismatches(each, arguments[0], f"{where}[]")
        case _ if origin is dict:
            for key, each in value.items():
                yield from mismatches(each, arguments[1], f"{where}.{key}")


def _classes(kind: Any) -> Any:
    """The classes of values that JSON writes for this type: 0 for 0.0, too."""
    return {Any: object, float: (int, float)}.get(kind, kind)


def _fields(value: Any, kind: Any, where: str) -> Iterator[str]:
    hints = typing.get_type_hints(kind, include_extras=True)
    for key, hint in hints.items():
        if key not in value and typing.get_origin(hint) is not typing.NotRequired:
            yield f"{where}.{key} is missing"
    for key, each in value.items():
        if key in hints:
            yield from mismatches(each, hints[key], f"{where}.{key}")
        elif kind.__name__ != "AccountJson" or not isinstance(each, int | None):
            yield f"{where}.{key} is not in docs/json.md"
