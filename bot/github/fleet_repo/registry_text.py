"""The first registry.yaml of a fleet: the one that lists every key, with the answers of `bot init` filled in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from bot import registry
from bot.errors import RegistryError, UsageError
from bot.io import paths
from bot.registry import Source, hub_names

_PLAIN = re.compile(r"[A-Za-z][\w./:@+-]*", re.ASCII)
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_MARGIN = 42
"""The column in which the comments of the shipped registry begin."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The answers: None, or empty, for what is left open. `local`: nothing on GitHub, the store is a folder."""

    namespace: str | None = None
    contact: str | None = None
    sources: tuple[Source, ...] = ()
    gpu_runner: str | None = None
    local: bool = False


def registry_text(settings: Settings, schema: str | None) -> str:
    """Returns the text of registry.yaml; `schema` is the address of its JSON Schema, if there is one.

    Raises UsageError for an answer that a registry cannot hold.
    """
    text = paths.shipped("registry.yaml").read_text(encoding="utf-8").replace(", docs/removal.md)", ")")
    _, _, rest = text.partition("\n")
    text = f"# yaml-language-server: $schema={schema}\n{rest}" if schema else rest.removeprefix("#\n")
    if settings.namespace is not None:
        text = _filled(text, "namespace", settings.namespace)
        if not settings.local:
            text = _filled(text, "store", f"hf://buckets/{settings.namespace}/posts")
    if settings.local:
        line = _line("hub", "dir:models", "# models stay in this folder; without the line they go to the Hub")
        text = re.sub(r"(?m)^(?:# )?contact: ", lambda found: f"{line}\n{found[0]}", text, count=1)
    if settings.contact is not None:
        text = _filled(text, "contact", settings.contact)
    if settings.sources:
        line = _line("  source", settings.sources[0], "# where posts come from, if an entry does not say")
        text = text.replace("\n  base: ", f"\n{line}\n  base: ", 1)
    _check(text, settings)
    return text


def _filled(text: str, key: str, value: str) -> str:
    """The text with the line of a key, commented or not, holding this value; its comment stays."""
    pattern = re.compile(rf"(?m)^(?:# )?{key}: (?:\S+)[ ]*(#[^\n]*)?$")
    return pattern.sub(lambda found: _line(key, value, found[1] or ""), text, count=1)


def _line(key: str, value: str, comment: str) -> str:
    plain = _PLAIN.fullmatch(value) and not value.endswith(":") and value.lower() not in _WORDS
    return (
        f"{key}: {value if plain else json.dumps(value, ensure_ascii=False)}".ljust(_MARGIN - 1)
        + f" {comment}".rstrip()
    )


def _check(text: str, settings: Settings) -> None:
    """UsageError for a text that a registry refuses, in the words of `bot validate`."""
    if settings.namespace is not None and (why := hub_names.refusal(settings.namespace)):
        raise UsageError(f"the namespace {settings.namespace!r} is no name on the Hub: {why}")
    try:
        problems = registry.read_text(text.encode(), Path("registry.yaml")).problems
    except RegistryError as error:
        problems = tuple(error.problems)
    if problems:
        raise UsageError("; ".join(problem.message for problem in problems))
