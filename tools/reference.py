"""Writes docs/registry.md and docs/json.md from the types: `make reference`, after a key or an output changed."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot import registry
from bot.cli.json_outputs import OUTPUTS
from bot.registry.selection import Selection

DOCS = Path(__file__).parents[1] / "docs"

TRAINING, CARD, NEXT, NOW = "training", "card", "next training", "next run"
EFFECTS = {
    "handles": "another model",
    "name": "another model",
    **dict.fromkeys(("base", "recipe", *Selection.model_fields), TRAINING),
    **dict.fromkeys(
        ("consent", "contact", "template", "license", "license_name", "license_link", "tags", "sensitive"),
        CARD,
    ),
    **dict.fromkeys(("prompts", "tracking", "policy.max_copying", "sampling", "communities"), NEXT),
    "namespace": "another fleet",
    "hub": "another fleet",
    **dict.fromkeys(("policy.consent", "policy.removal_within"), CARD),
}
"""What a change of a key leads to for a model that is published, by the key; for all others it is the next run."""

SECTION_EFFECTS = {"recipe": TRAINING, "sampling": NEXT}
"""The same for sections whose keys all lead to one thing."""

REGISTRY_HEAD = """\
# The registry, key by key

Every key of `registry.yaml`. `bot validate` checks a file, with line, column and the fix for every problem; an editor
does while you type, if the first line is `# yaml-language-server: $schema=./registry.schema.json`. An unknown key is an
error, so this page is the whole list. `make reference` writes it from the types that read the file.

*Leads to* says what follows for a model that is published already: `training` it again, its `card` alone, nothing
before the `next training` that is due anyway, or nothing but what the `next run` does by the new value. A model is
compared by the keys that its registry sets: a new default of a later version trains nothing
([upgrading.md](upgrading.md)).

Relative paths start at the registry's folder. Words such as `no`, `007` or `null` are text here, quoted or not.

"""
SECTIONS = (
    ("", "Top level", "RegistryFile", ""),
    ("store", "`store:`", "StoreFile", "A URL alone is the short form: `store: hf://buckets/my-org/posts`."),
    ("policy", "`policy:`", "Policy", ""),
    (
        "",
        "An entry of `models:`, and `defaults:`",
        "EntryFile",
        "All keys but `handles`, `name`, `archive` and `jsonl` may stand in `defaults:` too, for every entry that does "
        "not give them.",
    ),
    (
        "recipe",
        "`recipe:`",
        "Recipe",
        "The name of a recipe is the short form: `recipe: classic` trains as the system of 2020-2023 did. Values on an "
        "entry replace those of `defaults:` one by one.",
    ),
    (
        "sampling",
        "`sampling:`",
        "Sampling",
        "The name of settings is the short form: `sampling: classic` draws as the system of 2020-2023 did. Values on "
        "an entry replace those of `defaults:` one by one.",
    ),
    ("removed", "An entry of `removed:`", "TombstoneFile", "Written by `bot remove` and `bot takedown`."),
    ("x", "`x:`", "XSettings", "For `source: x`."),
)
"""Of each section: the key it stands under, its title, its type in the schema, and what is to be said first."""

BELOW = {
    **{key: key for key in ("store", "policy", "x")},
    **dict.fromkeys(("models", "defaults"), "an-entry-of-models-and-defaults"),
    "removed": "an-entry-of-removed",
}
"""The section that lists what stands below a key of the top level."""

JSON_HEAD = """\
# JSON output, field by field

What commands print on standard output with `--json`; messages for people go to standard error. `make reference` writes
this page from the types that the output is checked against. Fields are added by later versions and keep their meaning:
a program that reads them should ignore those it does not know, and compare codes (`action`, `cause`, `result`,
`state`), never sentences (`reason`, `text`, `notes`).

Exit codes are the same with and without `--json`: 0 fine, 1 some step failed or was deferred, 2 registry or usage
invalid, 3 a guard held steps back, 5 credentials, 70 a bug, 130 interrupted.

"""


def registry_page() -> str:
    """The text of docs/registry.md."""
    schema = registry.schema()
    definitions = {**schema["$defs"], "RegistryFile": schema}
    return REGISTRY_HEAD + "\n".join(_section(*section, definitions) for section in SECTIONS)


def _section(prefix: str, title: str, name: str, first: str, definitions: Mapping[str, Any]) -> str:
    definition = definitions[name]
    rows = [
        (
            f"`{key}`",
            schema_type(field, definitions),
            "**required**" if key in definition.get("required", ()) else _default(field),
            field["description"],
            SECTION_EFFECTS.get(prefix) or EFFECTS.get(f"{prefix}.{key}" if prefix else key, NOW),
            _example(key, field),
        )
        for key, field in definition["properties"].items()
    ]
    lead = f"{definition['description']} {first}".strip()
    return f"## {title}\n\n{lead}\n\n" + table(
        ("key", "type", "default", "what it is", "leads to", "example"), rows
    )


def _example(key: str, field: Mapping[str, Any]) -> str:
    """A line that sets the key, or where the keys below it are listed."""
    if key in BELOW:
        return f"see [below](#{BELOW[key]})"
    value = field["examples"][0] if "examples" in field else field["default"]
    return f"`{key}: {_yaml(not value if isinstance(value, bool) else value)}`"


def schema_type(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """What a value may be, in words, from its JSON Schema."""
    if "$ref" in field:
        return "keys"
    if "anyOf" in field:
        words = [schema_type(each, definitions) for each in field["anyOf"] if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(words))
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        few = len(field["enum"]) < 10
        return ", ".join(f"`{each}`" for each in field["enum"]) if few else "an id of the Hub's licenses"
    kind = field.get("type")
    match kind:
        case "array":
            return f"list of {schema_type(field['items'], definitions)}"
        case "object":
            return "keys with text" if "additionalProperties" in field else "keys"
        case "integer" | "number":
            return ("whole number" if kind == "integer" else "number") + _bounds(field)
        case "boolean":
            return "`true`, `false`"
        case _ if "[hdw]" in str(field.get("pattern")):
            return "time: `12h`, `90d`, `2w`"
        case _:
            return "day" if field.get("format") == "date" else "text"


def _bounds(field: Mapping[str, Any]) -> str:
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    return "".join(f" {word} {field[key]:,}" for key, word in words.items() if key in field)


def _default(field: Mapping[str, Any]) -> str:
    default = field.get("default")
    if default is None or default in ([], {}) or isinstance(default, dict):
        return "–"
    return f"`{_yaml(default)}`"


def _yaml(value: Any) -> str:
    """A value on one line, as a registry writes it."""
    match value:
        case bool() | None:
            return json.dumps(value)
        case dict():
            return "{" + ", ".join(f"{key}: {_yaml(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_yaml, value)) + "]"
        case str() if " " in value or value[:1] in ">=<!~'":
            return f"'{value}'"
        case _:
            return str(value)


def json_page() -> str:
    """The text of docs/json.md."""
    shapes: dict[str, Any] = {}
    commands = []
    for command, kind in OUTPUTS.items():
        commands.append(f"## bot {command} --json\n\n{_doc(kind)}\n\n{_fields(kind, shapes)}")
    done: list[str] = []
    while left := [name for name in shapes if name not in done]:
        done.append(left[0])
        commands.append(f"## {left[0]}\n\n{_doc(shapes[left[0]])}\n\n{_fields(shapes[left[0]], shapes)}")
    return JSON_HEAD + "\n".join(commands)


def _fields(kind: Any, shapes: dict[str, Any]) -> str:
    """The table of an object's fields; the objects inside of it are added to `shapes`."""
    rows = []
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        optional = typing.get_origin(hint) is typing.NotRequired
        inner, text = typing.get_args(typing.get_args(hint)[0] if optional else hint)
        rows.append((f"`{name}`", json_type(inner, shapes) + (", may be absent" if optional else ""), text))
    return table(("field", "type", "what it is"), rows)


def json_type(kind: Any, shapes: dict[str, Any]) -> str:
    """What a field may hold, in words, from its Python type."""
    if typing.is_typeddict(kind):
        name = kind.__name__.removesuffix("Json")
        shapes.setdefault(name, kind)
        return f"[{name}](#{name.lower()})"
    arguments = typing.get_args(kind)
    match typing.get_origin(kind):
        case typing.Literal:
            return ", ".join(f"`{each}`" for each in arguments)
        case types.UnionType:
            return " or ".join(
                "null" if each is types.NoneType else json_type(each, shapes) for each in arguments
            )
        case origin if origin is list:
            return f"list of {json_type(arguments[0], shapes)}"
        case origin if origin is dict:
            return f"object of {json_type(arguments[1], shapes)}"
        case _:
            return {str: "text", int: "integer", float: "number", bool: "true or false", Any: "any"}[kind]


def _doc(kind: Any) -> str:
    return "\n".join(line.strip() for line in (kind.__doc__ or "").strip().splitlines())


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "".join(_lines(head, rows))


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |\n"


PAGES = {"registry.md": registry_page, "json.md": json_page}
"""The pages that are made of types, by their file in docs/."""

if __name__ == "__main__":
    for page, text in PAGES.items():
        (DOCS / page).write_text(text(), encoding="utf-8")
