"""Reads untrusted JSON within bounds of size, depth, number and length; `Unreadable` is the only error.

Archives, manifests, plans, outcomes, events and responses of networks are read here: none of them can exhaust the
machine, or hold a value that causes an error later.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound="BaseModel")

MAX_DIGITS = 100
"""Maximum of digits in an integer: real ones have at most twenty."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of an untrusted text.

    `size` in bytes, `depth` in nested lists and objects, `values` in scalars, lists and objects together, `text`
    in characters of one string. `whole` refuses half of a surrogate pair, which UTF-8 cannot encode.
    """

    size: int
    depth: int = 64
    values: int = 1_000_000
    text: int = 1 << 20
    whole: bool = True


ANSWERS = Bounds(64 << 20, text=8 << 20, whole=False)
"""Bounds of a network's response: its reader has a lower limit of size, and texts are cleaned field by field."""


class Unreadable(ValueError):
    """JSON beyond its bounds, damaged, or of another shape. The message is a sentence without contents."""


def read_json(data: bytes | str, bounds: Bounds, what: str) -> Any:
    """The JSON value of these bytes. Raises Unreadable; `what` names the text in its sentence: `the event`."""
    raw = _encoded(data, what)
    if len(raw) > bounds.size:
        raise Unreadable(f"{what} is larger than {_size(bounds.size)}")
    _check_shape(raw, bounds, what)
    try:
        value = DECODER.decode(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable(f"{what} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"{what} is not JSON (line {error.lineno}, column {error.colno})") from None
    except ValueError as error:  # of the hooks below
        raise Unreadable(f"{what} holds {error}") from None
    except RecursionError:
        raise Unreadable(f"{what} is nested too deeply") from None
    if len(raw) > bounds.text or (bounds.whole and _SURROGATE.search(raw)):
        _check_texts(value, bounds, what)
    return value


def read_file(path: Path, bounds: Bounds, what: str) -> Any:
    """The JSON value of a file, read up to the bound. Raises Unreadable and OSError."""
    with path.open("rb") as file:
        return read_json(file.read(bounds.size + 1), bounds, what)


def read_model(model: type[M], data: bytes | str, bounds: Bounds, what: str) -> M:
    """The JSON value as a pydantic model. Raises Unreadable with the place of the first error."""
    return fit(model, read_json(data, bounds, what), what)


def fit(model: type[M], value: object, what: str) -> M:
    """A JSON value as a pydantic model. Raises Unreadable as `read_model`."""
    from pydantic import ValidationError

    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Unreadable(_first_error(error, what)) from None


def _first_error(error: ValidationError, what: str) -> str:
    """The place and kind of the first error, without contents: `outcomes.0.name: Field required`."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))[:100]
    place = "".join(character if character.isprintable() else "?" for character in place)
    return f"{place or what}: {first['msg']}"


def _encoded(data: bytes | str, what: str) -> bytes:
    try:
        return data if isinstance(data, bytes) else data.encode()
    except UnicodeEncodeError:
        raise Unreadable(f"{what} holds half of a surrogate pair, which is no character") from None


_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_BRACKETS = b"[]{}"
_OTHERS = bytes(byte for byte in range(256) if byte not in _BRACKETS)
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def _check_shape(raw: bytes, bounds: Bounds, what: str) -> None:
    """Checks depth and number of values before parsing; skips strings only where they could matter."""
    if _most_values(raw) <= bounds.values and raw.count(b"[") + raw.count(b"{") <= bounds.depth:
        return
    if raw.count(b'"') - raw.count(b'\\"') > 4 * bounds.values:  # a key and a value have two each
        raise Unreadable(f"{what} holds more than {bounds.values:,} values")
    bare = _STRING.sub(b"", raw)
    if _most_values(bare) > bounds.values:
        raise Unreadable(f"{what} holds more than {bounds.values:,} values")
    brackets = bare.translate(None, _OTHERS)
    if max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > bounds.depth:
        raise Unreadable(f"{what} is nested deeper than {bounds.depth} levels")


def _most_values(raw: bytes) -> int:
    """An upper bound of the number of values: each is the first of its list or object, or follows a comma."""
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{") + 1


def _check_texts(value: Any, bounds: Bounds, what: str) -> None:
    for text in _texts(value):
        if len(text) > bounds.text:
            raise Unreadable(f"{what} holds a text of more than {bounds.text:,} characters")
        if bounds.whole and not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise Unreadable(f"{what} holds half of a surrogate pair, which is no character")


def _texts(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case list() as items:
                waiting += items
            case dict() as items:
                yield from items
                waiting += items.values()


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond all bounds")
    return number


def _constant(name: str) -> float:
    raise ValueError(f"{name}, which is no number of JSON")


DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_number, parse_constant=_constant)
"""Decodes one value; ValueError for numbers beyond all bounds. It limits neither depth nor size."""


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count:,} bytes"
