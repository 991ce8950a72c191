"""What messages propose to write instead: replacements of parts of the registry's text, and words that are near."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from bot.errors import Replacement
from bot.registry.yaml_errors import straightened
from bot.registry.yaml_text import value as as_text
from bot.registry.yaml_tree import Mapping, Node, Scalar, Sequence
from bot.sources.handles import author_of, bare

_SHOWN = 60
"""Characters of a proposal that stand in a message; a longer one is described."""

_ALIASES = {
    "handle": "handles",
    "user": "handles",
    "users": "handles",
    "username": "handles",
    "twitter": "x",
    "zip": "archive",
}
"""Words that people write for ones of ours that look different."""


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that this word is nearly, or a common name of; None where none is near."""
    words = tuple(words)
    alias = _ALIASES.get(word.lower())
    return alias if alias in words else _nearest(word[:64].lower(), words)


@lru_cache(maxsize=512)
def _nearest(word: str, words: tuple[str, ...]) -> str | None:
    """Cached: a fleet that mistakes a key mistakes it in every entry."""
    import difflib

    lower = {each.lower(): each for each in sorted(words)}
    return next((lower[each] for each in difflib.get_close_matches(word, list(lower), n=1)), None)


def did_you_mean(word: str | None) -> str:
    """`; did you mean 'handles'?`, or nothing for None."""
    return f"; did you mean '{word}'?" if word is not None else ""


def replaced(node: Node, text: str) -> Replacement | None:
    """The node replaced by this YAML text; None for a block of several lines, whose end holds what follows it."""
    if isinstance(node, Scalar) and node.style in ("|", ">"):
        return None
    if not isinstance(node, Scalar) and not node.flow:
        return None
    return Replacement(node.start.index, node.end.index, text)


def with_key(mapping: Mapping, key: str, text: str) -> Replacement | None:
    """The mapping with this YAML text under the key: for the value that it has, or as its first key."""
    if (there := mapping.get(key)) is not None:
        return replaced(there, text)
    start = mapping.start.index
    if mapping.flow:
        return Replacement(start + 1, start + 1, f"{key}: {text}{', ' if mapping.items else ''}")
    return Replacement(start, start, f"{key}: {text}\n{' ' * (mapping.column - 1)}")


def as_list(key: str, node: Node) -> tuple[str, tuple[Replacement, ...]]:
    """How to write the value of `key`, which should be a list: `write handles: [ada]`, and the replacement."""
    if isinstance(node, Scalar) and node.text:
        items = _items(key, node.text)
    elif key == "handles" and not isinstance(node, Scalar):
        items = _names(node)
    else:
        items = []
    if not items:
        return f"write {key}: [...]" if key != "handles" else "write handles: [ada_example]", ()
    text = as_text(items)
    found = replaced(node, text)
    shown = (
        f"write {key}: {text}" if len(text) <= _SHOWN else f'put it into quotes and brackets: {key}: ["..."]'
    )
    return shown, (found,) if found is not None else ()


def names_in(text: str) -> list[str]:
    """The handles that one text names, with spaces or commas between them, in normal form where they have one."""
    words = re.split(r"[\s,]+", straightened(text) or text.strip("[] \t"))
    return [author_of(each) or bare(each) for each in words if each]


def _items(key: str, text: str) -> list[str]:
    if key == "handles":
        return names_in(text)
    if key == "tags":
        return [each.strip() for each in text.split(",") if each.strip()]
    return [straightened(text) or text]


def _names(node: Node) -> list[str]:
    """The words in brackets within brackets, or the keys of a mapping."""
    if isinstance(node, Mapping):
        return [name for key in node.items for name in names_in(key)]
    if isinstance(node, Sequence):
        return [name for item in node.items for name in _names(item)]
    return names_in(node.text)
