from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.registry.recipe import NAMED, Recipe


def test_only_what_differs_from_the_defaults_is_reported() -> None:
    assert Recipe().differences() == {}
    assert Recipe(epochs=9, dropout=0.2).differences() == {"epochs": 9, "dropout": 0.2}


def test_classic_is_the_recipe_of_2020() -> None:
    classic = Recipe.named("classic")
    assert (classic.learning_rate, classic.epochs, classic.batch_size, classic.block_size) == (
        1.372e-4,
        4,
        1,
        1024,
    )
    assert (classic.warmup, classic.weight_decay, classic.clip, classic.dropout) == (0, 0, 1, 0.1)
    assert (classic.layout, classic.patience, classic.weights) == ("stream", 0, "fp32")
    with pytest.raises(KeyError):
        Recipe.named("romantic")
    assert NAMED["classic"].keys() == Recipe.model_fields.keys()


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 0},
        {"learning_rate": 0},
        {"clip": float("inf")},
        {"held_out": 0.0},
        {"seed": -1},
        {"steps": 5},
        {"layout": "padded"},
        {"weights": "int4"},
    ],
)
def test_values_that_make_no_training_are_refused(values: dict[str, float | str]) -> None:
    with pytest.raises(ValidationError):
        Recipe.model_validate(values)
