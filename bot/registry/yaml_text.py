"""Values as YAML text on one line, which every reader takes for what was meant."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping as Keys
from collections.abc import Sequence as Items

Value = str | bool | Items[str]
"""A value of an item's key: a text, true or false, or a list of texts."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.@/~+-]*|[a-z][a-z0-9]*://[A-Za-z0-9_./~%?=&+@-]+|\d{4}-\d\d-\d\d")
_SPECIAL = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])


def scalar(text: str, quoted: bool = False) -> str:
    """Text as a YAML scalar that every reader takes for text; plain where that is sure, dates too."""
    if not quoted and _PLAIN.fullmatch(text) and text.lower() not in _SPECIAL:
        return text
    return json.dumps(text, ensure_ascii=False)


def value(given: Value, quoted: bool = False) -> str:
    """A text, true or false, or a list in brackets."""
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, str):
        return scalar(given, quoted)
    return f"[{', '.join(scalar(each, quoted) for each in given)}]"


def flow_mapping(item: Keys[str, Value], quoted: bool = False) -> str:
    """A mapping in braces."""
    inside = ", ".join(f"{scalar(key, quoted)}: {value(each, quoted)}" for key, each in item.items())
    return f"{{{inside}}}"
