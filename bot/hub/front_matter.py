"""The front matter of a card: written so that YAML 1.1 and 1.2 parsers agree, and parsed as the Hub parses it.

Written: keys plain, every string double-quoted, numbers that both versions read as numbers. Read: YAML 1.2's
scalars (`no` and `2026-11-20` are text), no duplicate keys, no aliases, no tags, bounded depth and size.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import yaml

from bot.io.bounded import MAX_DIGITS, Bounds

BOUNDS = Bounds(1 << 20, depth=100)
_FENCED = re.compile(
    r"\A\ufeff?\s*---[ \t]*(?:\r\n|\r|\n)(.*?)(?:\r\n|\r|\n)---[ \t]*(?:\r\n|\r|\n|\Z)", re.DOTALL
)
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NOT_A_KEY = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_PARSER: Any = getattr(yaml, "CParser", yaml.Loader)


def dump(data: Mapping[str, object]) -> str:
    """The front matter with its fences, keys in the mapping's order. ValueError for a value that is not data."""
    return "---\n" + "".join(f"{line}\n" for line in _mapping(data)) + "---\n"


def split(text: str) -> tuple[str, str]:
    """A card's YAML (without fences) and its body. ValueError with a sentence when it has no front matter."""
    match = _FENCED.match(text)
    if match is None:
        raise ValueError(
            "the card has no front matter: its first line is not '---', or no second '---' follows"
        )
    return match[1], text[match.end() :]


def parse(text: str) -> dict[str, Any]:
    """The front matter of a card, whose author is not trusted. ValueError with one sentence when it is damaged."""
    source, _ = split(text)
    if len(source.encode(errors="surrogatepass")) > BOUNDS.size:
        raise ValueError(f"the card's front matter is larger than {BOUNDS.size >> 20} MiB")
    try:
        _check_events(source)
        data = yaml.load(source, _Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(f"the card's front matter is not YAML: {_sentence(error)}") from None
    if data is None:
        return {}
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise ValueError("the card's front matter is not a mapping of names to values")
    return data


def _mapping(data: Mapping[str, object]) -> Iterator[str]:
    for key, value in data.items():
        name = key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _NOT_A_KEY else _string(key)
        if isinstance(value, Mapping) and value:
            yield f"{name}:"
            yield from (f"  {line}" for line in _mapping(value))
        elif isinstance(value, list | tuple) and value:
            yield f"{name}:"
            yield from _sequence(value)
        else:
            yield f"{name}: {_scalar(value)}"


def _sequence(items: list[object] | tuple[object, ...]) -> Iterator[str]:
    for item in items:
        lines: Iterator[str]
        if isinstance(item, Mapping) and item:
            lines = _mapping(item)
        elif isinstance(item, list | tuple) and item:
            lines = _sequence(item)
        else:
            lines = iter((_scalar(item),))
        for number, line in enumerate(lines):
            yield f"  {line}" if number else f"- {line}"


def _scalar(value: object) -> str:
    match value:
        case None:
            return "null"
        case []:
            return "[]"
        case Mapping() if not value:
            return "{}"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if math.isfinite(value):
            text = repr(value)
            # YAML 1.1 reads a number with an exponent only when it also has a point and a sign.
            return text if "e" not in text or "." in text else text.replace("e", ".0e")
        case str():
            return _string(value)
    raise ValueError(f"front matter cannot hold {value!r}")


def _string(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    if quoted.isascii() and "\x7f" not in quoted:
        return quoted
    return "".join(map(_visible, quoted))


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return ""
    if category in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp") and character not in "\u200c\u200d":
        return f"\\U{ord(character):08x}" if ord(character) > 0xFFFF else f"\\u{ord(character):04x}"
    return character


def _check_events(source: str) -> None:
    """Depth is counted on the event stream: libyaml's composer recurses without a bound."""
    depth = 0
    for event in yaml.parse(source, Loader=_PARSER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > BOUNDS.depth:
                raise ValueError(f"the card's front matter is nested deeper than {BOUNDS.depth} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise ValueError(f"the card's front matter has an anchor or alias on line {line}")


def _sentence(error: yaml.YAMLError) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if problem is None:
        return " ".join(str(error).split())
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark is not None else str(problem)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe, refuses duplicate keys, and takes plain scalars as YAML 1.2's core schema does."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's interface

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is not a name", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})\\Z"), _first)


def _int12(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    if len(node.value) > MAX_DIGITS:
        raise yaml.constructor.ConstructorError(
            None, None, f"a number of more than {MAX_DIGITS} digits", node.start_mark
        )
    return int(node.value, 0 if node.value[:2] in ("0o", "0x") else 10)


_Loader.add_constructor("tag:yaml.org,2002:int", _int12)
