"""docs/registry.md and docs/json.md are what the types say, and what they say of keys is what a plan does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import reference
import yaml

from bot import registry
from bot.hub import Listing, Repo
from bot.hub.published import Published
from bot.plan import assemble
from bot.plan.desired import desired
from bot.plan.inputs import Desired, PlanInput
from bot.registry import asked
from bot.registry.schema import EntryFile, Policy, Preferences

NOW = datetime(2026, 11, 28, tzinfo=UTC)
TOP = {"version": "1", "namespace": "org", "contact": "https://example.org/removal"}
ENTRY = {"handles": "[ada.example.social]", "source": "bluesky", "consent": "self"}

CHANGED = {
    "source": "jsonl",
    "consent": "https://example.org/agreed",
    "base": "openai-community/gpt2-medium",
    "recipe": "{epochs: 2}",
    "prompts": "[Listen]",
    "sampling": "{temperature: 0.5}",
    "communities": "true",
    "accounts": "{ada.example.social: 'did:plc:4242'}",
    "max_age": "2d",
    "min_new_posts": "5",
    "template": "other",
    "license": "mit",
    "license_name": "house rules",
    "license_link": "https://example.org/license",
    "tags": "[poetry]",
    "sensitive": "true",
    "tracking": "wandb",
    "handles": "[bob.example.social]",
    "name": "other",
    "contact": "https://example.org/other",
    "policy.consent": "off",
    "policy.max_copying": "0.5",
    "policy.removal": "delete",
    "policy.removal_within": "7d",
    "namespace": "other",
    "hub": "dir:hub",
    "paused": "true",
    "replies": "drop",
    "mentions": "keep",
    "since": "2020-01-01",
    "until": "2040-01-01",
    "apps": "[IFTTT]",
    "threads": "join",
    "lines": "keep",
}
"""Another value of each key."""


@pytest.mark.parametrize("page", reference.PAGES)
def test_a_page_is_current(page: str) -> None:
    text = (reference.DOCS / page).read_text(encoding="utf-8")
    assert text == reference.PAGES[page](), "write it again: make reference"


def test_every_key_is_on_the_page_with_an_example_that_the_schema_accepts() -> None:
    schema = registry.schema()
    for name, definition in {**schema["$defs"], "": schema}.items():
        for key, field in definition["properties"].items():
            assert field["description"], (name, key)
            assert key in reference.BELOW or "examples" in field or field["default"] is not None, (name, key)
            for example in field.get("examples", ()):
                assert yaml.safe_load(reference._yaml(example)) is not None


def written(values: dict[str, str], entry: dict[str, str], folder: Path) -> registry.Registry:
    lines = [*(f"{key}: {value}" for key, value in values.items()), "models:", "  - {"]
    text = "\n".join(lines) + ", ".join(f"{key}: {value}" for key, value in entry.items()) + "}\n"
    return registry.read_text(text.encode(), folder / "registry.yaml")


def published(wanted: Desired, entry: registry.Entry) -> Published:
    assert wanted.card is not None
    return Published(
        handles=wanted.handles,
        **asked.published_fields(entry),
        base=wanted.base,
        template=wanted.template,
        card=wanted.card.digest(),
        prompts=wanted.prompts,
        newest_post=NOW,
        trained_at=NOW - timedelta(days=1),
    )


def action(changed: registry.Registry, folder: Path) -> str:
    """What a plan does with a model of the registry above once this one stands in its place."""
    before = written(TOP, ENTRY, folder)
    (wanted,), (entry,) = desired(before), before.entries
    repo = Repo(wanted.name, "0" * 40, published=published(wanted, entry))
    steps = assemble.plan(
        PlanInput(tuple(desired(changed)), Listing({repo.name: repo}), str(changed.namespace), NOW)
    ).steps
    return next(step.action for step in steps if step.name == changed.entries[0].name)


@pytest.mark.parametrize("key", [key for key in CHANGED if key not in {"namespace", "hub"}])
def test_what_a_change_of_a_key_leads_to_is_what_a_plan_says(key: str, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "other.md.j2").write_text("other")
    values: dict[str, Any] = dict(TOP)
    entry = dict(ENTRY)
    if key.startswith("policy."):
        values["policy"] = f"{{{key.removeprefix('policy.')}: {CHANGED[key]}}}"
    elif key in values:
        values[key] = CHANGED[key]
    else:
        entry[key] = CHANGED[key]
    if key.startswith("license_"):
        entry |= {each: CHANGED[each] for each in ("license_name", "license_link")} | {"license": "other"}
    expected = {
        reference.TRAINING: "train",
        reference.CARD: "card",
        reference.NEXT: "ok",
        reference.NOW: "ok",
        "another model": "train",
    }
    assert (
        action(written(values, entry, tmp_path), tmp_path)
        == expected[reference.EFFECTS.get(key, reference.NOW)]
    )


def test_every_key_of_an_entry_and_of_the_policy_was_tried() -> None:
    known = {*EntryFile.model_fields} - {"archive", "jsonl", "sampling"}
    assert known <= CHANGED.keys()
    assert {f"policy.{key}" for key in Policy.model_fields} <= CHANGED.keys()
    assert set(Preferences.model_fields) <= EntryFile.model_fields.keys()
