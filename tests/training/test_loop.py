from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from conftest import sentences

from bot.base import parse
from bot.errors import TrainingError
from bot.progress import Progress
from bot.recipe import Recipe
from bot.training import data, device, loading, loop

CPU = device.Device(torch.device("cpu"), "test", bf16=False)
RECIPE = Recipe(block_size=64, learning_rate=0.01, batch_size=4, epochs=3)


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> loading.LoadedBase:
    return loading.load(parse(str(tiny_base)))


def run(base: loading.LoadedBase, recipe: Recipe) -> tuple[loop.Run, dict[str, torch.Tensor], list[Progress]]:
    model = base.fresh(recipe, CPU)
    posts = data.tokenise(base.tokenizer, sentences(200, 1))
    validation = data.tokenise(base.tokenizer, sentences(20, 2))
    reports: list[Progress] = []
    done = loop.train(model, posts, validation, base.end, recipe, CPU, reports.append)
    return done, model.state_dict(), reports


def test_training_lowers_the_loss_on_posts_it_never_saw(base: loading.LoadedBase) -> None:
    done, _, reports = run(base, RECIPE)
    held_out = [point.held_out for point in done.curve if point.held_out is not None]
    assert len(held_out) == RECIPE.epochs + 1
    assert held_out[-1] < held_out[0] - 1
    assert done.best_epoch == RECIPE.epochs
    assert reports[-1].step == reports[-1].steps == done.steps
    assert reports[-1].left == 0


def test_one_seed_gives_the_same_weights_to_the_byte_and_another_seed_others(
    base: loading.LoadedBase,
) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 1, "dropout": 0.1})
    first, second = run(base, recipe)[1], run(base, recipe)[1]
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = run(base, recipe.model_copy(update={"seed": 7}))[1]
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_the_weights_of_the_best_epoch_stay(base: loading.LoadedBase) -> None:
    recipe = RECIPE.model_copy(update={"learning_rate": 0.9, "epochs": 2, "warmup": 0.0})
    done, weights, _ = run(base, recipe)
    held_out = [point.held_out or math.inf for point in done.curve]
    assert done.best_epoch == held_out.index(min(held_out))
    if done.best_epoch == 0:
        assert all(torch.equal(weights[name], value) for name, value in base.model.state_dict().items())


def test_a_loss_that_is_not_a_number_ends_training_with_what_to_do(base: loading.LoadedBase) -> None:
    model = base.fresh(RECIPE, CPU)
    with torch.no_grad():
        next(iter(model.parameters()))[:] = math.nan
    posts = data.tokenise(base.tokenizer, sentences(20, 1))
    with pytest.raises(TrainingError, match="Lower the recipe's learning_rate"):
        loop.train(model, posts, posts[:2], base.end, RECIPE, CPU, lambda _: None)


def test_the_schedule_rises_to_the_peak_and_falls_to_zero() -> None:
    recipe = Recipe(learning_rate=1.0, warmup=0.1)
    rates = [loop.learning_rate(step, 100, recipe) for step in range(100)]
    assert max(rates) == rates[10] == 1.0
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.001
    assert loop.learning_rate(0, 100, Recipe(learning_rate=1.0)) == 1.0
