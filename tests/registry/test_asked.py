from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.hub.published import Published
from bot.registry import asked, read_text
from bot.registry.recipe import NAMED, Recipe

OTHER = {
    "epochs": 5,
    "patience": 3,
    "learning_rate": 1e-3,
    "warmup": 0.2,
    "layout": "stream",
    "batch_size": 2,
    "block_size": 64,
    "weight_decay": 0.1,
    "clip": 2.0,
    "dropout": 0.2,
    "weights": "fp32",
    "voices": "named",
    "held_out": 0.2,
    "seed": 1,
    "lora_rank": 8,
}


def values(text: str) -> dict[str, Any]:
    head = "version: 1\nmodels: [{handles: [ada], source: jsonl, consent: self}]\ndefaults:\n"
    return asked.values_of(read_text(f"{head}  {text}\n".encode(), Path("registry.yaml")).entries[0])


def published(recipe: str, **facts: Any) -> Published:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return Published(
        handles=("ada",), recipe=recipe, base="b", template="t", card="c", trained_at=when, **facts
    )


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later version: another default, and a key that the version before did not have."""
    newer = {**asked.DEFAULTS[-1], "epochs": 7, "later": "strip"}
    monkeypatch.setattr(asked, "DEFAULTS", (*asked.DEFAULTS, newer))
    monkeypatch.setattr(asked, "BEFORE", {**asked.BEFORE, "later": "keep"})
    monkeypatch.setattr(asked, "CURRENT", asked.CURRENT + 1)


def test_the_last_generation_holds_the_defaults_of_today() -> None:
    assert {key: asked.DEFAULTS[-1][key] for key in Recipe.model_fields} == Recipe().model_dump()


def test_every_later_key_says_what_its_absence_meant() -> None:
    later_keys = {key for defaults in asked.DEFAULTS[1:] for key in defaults} - asked.DEFAULTS[0].keys()
    assert later_keys == asked.BEFORE.keys()


def test_the_digests_of_the_first_generation_are_those_that_models_were_published_with() -> None:
    assert asked.recipe_digest({}, 1) == "6dcaf4db81ca0a84"
    assert asked.recipe_digest({"epochs": 9}, 1) == "b21fb464bd39d528"
    assert asked.recipe_digest(NAMED["classic"], 1) == "74208de32b08c3f9"


def test_the_digests_of_the_second_generation_are_those_that_models_were_published_with() -> None:
    assert asked.recipe_digest({}, 2) == "011974bf096dd8c5"
    assert asked.recipe_digest({"epochs": 2}, 2) == "c60e4eaea1ad084f"


def test_what_a_registry_sets_is_asked_and_nothing_else() -> None:
    assert values("max_age: 3d") == {}
    assert values("recipe: {epochs: 4}") == {"epochs": 4}
    assert values("recipe: classic") == NAMED["classic"]


def test_each_value_counts_and_a_default_that_is_written_out_does_not() -> None:
    assert OTHER.keys() == Recipe.model_fields.keys()
    assert len({asked.recipe_digest({key: value}) for key, value in OTHER.items()}) == len(OTHER)
    same = asked.recipe_digest({})
    assert {asked.recipe_digest({key: asked.DEFAULTS[-1][key]}) for key in OTHER} == {same}


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("given", [{}, {"epochs": 9}, NAMED["classic"], {"later": "keep"}])
def test_a_new_default_or_key_changes_no_published_model(given: Mapping[str, Any]) -> None:
    old = {key: value for key, value in given.items() if key in asked.DEFAULTS[0]}
    model = published(asked.recipe_digest(old, 1), defaults=1)
    assert asked.is_as_published(given, model)
    assert asked.has_older_defaults(given, model)


@pytest.mark.usefixtures("later")
def test_what_is_asked_for_changes_a_published_model() -> None:
    model = published(asked.recipe_digest({}, 1), defaults=1)
    assert not asked.is_as_published({"later": "drop"}, model)
    assert asked.differences({"later": "drop"}, model) == {"later": ("keep", "drop")}
    assert not asked.is_as_published({"epochs": 7}, model)  # what the new default would be is asked for


def test_the_values_of_a_change_are_known_where_they_were_published_or_can_be_recognised() -> None:
    kept = published(asked.recipe_digest({"epochs": 2}), asked={"epochs": 2}, defaults=asked.CURRENT)
    assert asked.differences({"seed": 1}, kept) == {"epochs": (2, Recipe().epochs), "seed": (42, 1)}
    default = published(asked.recipe_digest({}, 1))
    assert asked.differences({"epochs": 2}, default) == {"epochs": (4, 2)}
    classic = published(asked.recipe_digest(NAMED["classic"], 1))
    assert asked.differences({**NAMED["classic"], "seed": 1}, classic) == {"seed": (42, 1)}
    assert asked.differences({}, published("0123")) is None


def test_what_is_published_names_what_was_asked_and_survives_json() -> None:
    text = b"version: 1\nmodels: [{handles: [ada], source: jsonl, consent: self, recipe: {clip: 2}}]\n"
    fields = asked.published_fields(read_text(text, Path("registry.yaml")).entries[0])
    model = published(**json.loads(json.dumps(fields)))
    assert (model.version, model.defaults, model.asked) == (2, asked.CURRENT, {"clip": 2.0})
    assert asked.is_as_published({"clip": 2.0}, model)
    assert not asked.has_older_defaults({}, model)


def test_a_new_key_that_trains_as_before_is_no_newer_default(monkeypatch: pytest.MonkeyPatch) -> None:
    first = asked.DEFAULTS[0]
    monkeypatch.setattr(asked, "DEFAULTS", (first, {**first, "voices": "unnamed"}))
    monkeypatch.setattr(asked, "CURRENT", 2)
    old = published(asked.recipe_digest({}, 1), defaults=1)
    assert asked.is_as_published({}, old)
    assert not asked.has_older_defaults({}, old)
    assert not asked.is_as_published({"voices": "named"}, old)
