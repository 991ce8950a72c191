from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from registry_texts import EXAMPLE, HEAD, problems

from bot import registry

ROOT = Path(__file__).parents[2]


class Core(yaml.SafeLoader):
    """Reads as editors do: numbers and booleans of YAML 1.2, and no dates."""


Core.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if not tag.endswith((":timestamp", ":bool"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Core.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))


def errors(text: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(registry.schema())
    return [error.message for error in validator.iter_errors(yaml.load(text, Loader=Core))]


def test_the_schema_in_the_tree_is_current() -> None:
    assert json.loads((ROOT / "registry.schema.json").read_text()) == registry.schema(), (
        "write it anew: bot schema > registry.schema.json"
    )


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(registry.schema())


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE,
        (Path(__file__).parent / "as_shipped.yaml").read_text(),
        HEAD + "models: [{handles: [no, 007, null, 1e5], consent: self}]",
        HEAD
        + "store: {url: 's3://a', keep: 2w}\nmodels: [{handles: [a], name: 7, consent: self, recipe: classic}]",
        HEAD
        + "models: [{handles: [a, b], source: archive, archive: {a: x.zip}, consent: self, tags: [2024]}]",
    ],
)
def test_the_schema_accepts_what_the_types_accept(text: str) -> None:
    assert errors(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "modles: []",
        "models: [{}]",
        "models: [{handles: []}]",
        "models: [{handles: ada}]",
        "models: [{handles: [a], source: y}]",
        "models: [{handles: [a], max_age: 3 months}]",
        "models: [{handles: [a], recipe: {epochs: 0}}]",
        "models: [{handles: [a], recipe: grand}]",
        "models: [{handles: [a], license: MIT}]",
        "defaults: {handles: [a]}",
        "removed: [{on: 2026-01-01}]",
        "store: [a]",
        "version: 2",
    ],
)
def test_the_schema_refuses_what_the_types_refuse(tmp_path: Path, text: str) -> None:
    assert errors(text)
    assert problems(text, tmp_path)


def test_every_key_says_what_it_is_for() -> None:
    def undescribed(schema: Any, path: str) -> list[str]:
        keys = schema.get("properties", {}).items()
        return [f"{path}.{key}" for key, value in keys if "description" not in value]

    schema = registry.schema()
    missing = undescribed(schema, "")
    for name, part in schema["$defs"].items():
        missing += undescribed(part, name)
    assert missing == []
