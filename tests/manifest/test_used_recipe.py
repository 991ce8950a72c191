from __future__ import annotations

import json

import card_facts
import pytest

from bot import manifest
from bot.manifest.used_recipe import UsedRecipe
from bot.registry.recipe import NAMED, Recipe


def with_recipe(recipe: object) -> bytes:
    content = json.loads(card_facts.manifest().to_json())
    return json.dumps({**content, "recipe": recipe}).encode()


@pytest.mark.parametrize(
    "recipe",
    [
        {},
        {"epochs": 4},
        {"lora_rank": None, "seed": 1},
        {"epochs": 4, "of_a_newer_bot": 1.5},
        NAMED["classic"],
    ],
)
def test_what_was_recorded_is_read_and_written_as_it_was(recipe: dict[str, object]) -> None:
    """An adopted model recorded nothing, an older bot less, and a newer one more than is known today."""
    made = manifest.parse(with_recipe(recipe))
    assert made.recipe.recorded() == recipe
    assert json.loads(made.to_json())["recipe"] == recipe
    assert manifest.parse(made.to_json()) == made


def test_the_recipe_of_a_training_is_recorded_whole() -> None:
    used = Recipe(epochs=2, learning_rate=0.001)
    assert UsedRecipe.model_validate(used.model_dump()).recorded() == used.model_dump()


@pytest.mark.parametrize("recipe", [None, [], "classic", {"epochs": "many"}, {"layout": {}}])
def test_what_is_no_recipe_is_a_damaged_manifest(recipe: object) -> None:
    with pytest.raises(ValueError, match="recipe"):
        manifest.parse(with_recipe(recipe))
