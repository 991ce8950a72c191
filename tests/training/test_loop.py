from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_bases import sentences

from bot.errors import TrainingError
from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.training import attention, data, device, evaluate, loading, loop
from bot.training.loss_scale import LossScale
from bot.training.optimiser import learning_rate
from bot.training.progress import Progress

CPU = device.Device(torch.device("cpu"), "A test's processor", bf16=False)
HALF = device.Device(torch.device("cpu"), "A test's processor", bf16=True)
RECIPE = Recipe(block_size=64, learning_rate=0.01, batch_size=4, epochs=3, dropout=0.1)
STREAM = RECIPE.model_copy(update={"layout": "stream"})


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> loading.LoadedBase:
    return loading.load(parse(str(tiny_base)))


Trained = tuple[loop.Run, dict[str, torch.Tensor], list[Progress]]


def run(base: loading.LoadedBase, recipe: Recipe, on: device.Device = CPU) -> Trained:
    masking = base.masking(recipe.block_size, on) if recipe.layout == "packed" else None
    model = base.fresh(recipe, on)
    posts = data.tokenise(base.tokenizer, sentences(200, 1))
    validation = data.tokenise(base.tokenizer, sentences(20, 2))
    reports: list[Progress] = []
    done = loop.train(
        model,
        posts,
        validation,
        base.end,
        recipe,
        on,
        reports.append,
        masking=masking,
        optimiser=base.optimiser,
    )
    return done, {name: value.clone() for name, value in model.state_dict().items()}, reports


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("recipe", [RECIPE, STREAM], ids=["packed", "stream"])
@pytest.mark.parametrize("on", [CPU, HALF], ids=["fp32", "bf16"])
def test_training_lowers_the_loss_on_posts_it_never_saw(
    base: loading.LoadedBase, recipe: Recipe, on: device.Device
) -> None:
    done, _, reports = run(base, recipe, on)
    held_out = [point.held_out for point in done.curve if point.held_out is not None]
    assert len(held_out) == recipe.epochs + 1 == done.epochs + 1
    assert held_out[-1] < held_out[0] - 1
    assert done.best_epoch == recipe.epochs
    assert reports[-1].step == reports[-1].steps == done.steps
    assert reports[-1].left == 0
    assert done.fill_ratio > 0.9
    assert done.warnings == ()


def test_the_loop_learns_what_plain_pytorch_learns(base: loading.LoadedBase) -> None:
    """One pass at a constant order against autograd, `clip_grad_norm_` and AdamW as PyTorch documents them."""
    recipe = STREAM.model_copy(update={"epochs": 1, "dropout": 0.0, "weight_decay": 0.1, "clip": 0.5})
    _, ours, _ = run(base, recipe)
    model = base.fresh(recipe, CPU)
    theirs = type(model)(model.config)
    theirs.load_state_dict(model.state_dict())
    posts = data.tokenise(base.tokenizer, sentences(200, 1))
    layouts, blocks = loop._layouts(posts, base.end, recipe)
    matrices = [p for p in theirs.parameters() if p.ndim >= 2]
    vectors = [p for p in theirs.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups)
    layout, steps = next(layouts), math.ceil(blocks / 4)
    for step in range(steps):
        part = layout.part(4 * step, 4 * step + 4)
        logits = theirs(input_ids=part.inputs).logits
        nn_loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), part.labels.flatten())
        nn_loss.backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, steps, recipe)
        optimiser.step()
        optimiser.zero_grad()
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours[name], value, rtol=1e-3, atol=2e-5)


def test_one_seed_gives_the_same_weights_to_the_byte_and_another_seed_others(
    base: loading.LoadedBase,
) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 1})
    first, second = run(base, recipe)[1], run(base, recipe)[1]
    assert same(first, second)
    assert not same(first, run(base, recipe.model_copy(update={"seed": 7}))[1])


def test_a_model_is_the_same_first_last_or_alone_in_a_fleet(
    tiny_base: Path, base: loading.LoadedBase
) -> None:
    other = RECIPE.model_copy(update={"seed": 3, "weight_decay": 0.1, "dropout": 0.3})
    run(base, other)
    last = run(base, RECIPE)[1]
    run(base, STREAM)
    again = run(base, RECIPE)[1]
    alone = run(loading.load(parse(str(tiny_base))), RECIPE)[1]
    assert same(last, again)
    assert same(last, alone)


def test_the_weights_of_the_best_pass_stay_and_patience_ends_training(base: loading.LoadedBase) -> None:
    wild = RECIPE.model_copy(update={"learning_rate": 0.9, "epochs": 4, "patience": 2})
    base.fresh(wild, CPU)
    before = {name: value.clone() for name, value in base.model.state_dict().items()}
    done, weights, _ = run(base, wild)
    held_out = [point.held_out or math.inf for point in done.curve]
    assert done.best_epoch == held_out.index(min(held_out)) == 0
    assert done.epochs == 2
    assert done.steps == done.curve[-1].step
    assert same(weights, before)
    assert run(base, wild.model_copy(update={"patience": 0}))[0].epochs == 4


def test_an_earlier_pass_that_was_better_is_brought_back(
    base: loading.LoadedBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = data.num_targets(data.tokenise(base.tokenizer, sentences(20, 2)))
    told = iter([5.0, 3.0, 4.0, 4.5])
    monkeypatch.setattr(evaluate, "losses", lambda *_: [next(told) * counted])
    done, weights, _ = run(base, RECIPE.model_copy(update={"patience": 0}))
    told = iter([5.0, 3.0, 4.0])
    ended, at_best, _ = run(base, RECIPE)
    assert (done.best_epoch, ended.best_epoch, ended.epochs) == (1, 1, 2)
    assert same(weights, at_best)


def starved(limit: int, kind: Callable[[], BaseException]) -> Callable[..., Any]:
    """`attention.arguments` as it is on a device without room for more than `limit` blocks."""

    def arguments(model: Any, blocks: data.Blocks, *rest: Any) -> Any:
        if len(blocks) > limit:
            raise kind()
        return plainly(model, blocks, *rest)

    plainly = attention.arguments
    return arguments


@pytest.mark.parametrize(
    "kind",
    [
        lambda: torch.OutOfMemoryError("CUDA out of memory"),
        lambda: RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError,
    ],
)
def test_without_memory_for_a_batch_its_parts_give_the_same_model_and_it_is_said_once(
    base: loading.LoadedBase, kind: Callable[[], BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 1, "dropout": 0.0})
    _, whole, _ = run(base, recipe)
    monkeypatch.setattr(attention, "arguments", starved(1, kind))
    done, parts, _ = run(base, recipe)
    for name, value in whole.items():
        # AdamW steps as far for a gradient of rounding errors (a key's bias has no other) as for a real one.
        torch.testing.assert_close(parts[name], value, rtol=1e-3, atol=1e-4)
    (warning,) = done.warnings
    assert "too little memory for 4 blocks at once" in warning


def test_without_memory_for_one_block_it_is_said_what_to_do(
    base: loading.LoadedBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "arguments", starved(0, MemoryError))
    with pytest.raises(TrainingError, match="too little memory for one block of 64 tokens; lower"):
        run(base, RECIPE)


def test_another_error_of_the_device_is_not_taken_for_one_of_memory(
    base: loading.LoadedBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "arguments", starved(0, lambda: RuntimeError("CUDA error: assert")))
    with pytest.raises(RuntimeError, match="CUDA error: assert"):
        run(base, RECIPE)


def test_a_loss_that_is_not_a_number_ends_training_with_what_to_do(
    base: loading.LoadedBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LossScale, "step", lambda self, *_: self._optimiser.weights.values.fill_(math.nan))
    with pytest.raises(TrainingError, match="Lower the recipe's learning_rate"):
        run(base, RECIPE)


def test_a_base_whose_loss_is_not_a_number_is_refused_before_training(base: loading.LoadedBase) -> None:
    model = base.fresh(RECIPE, CPU)
    with torch.no_grad():
        next(iter(model.parameters()))[:] = math.nan
    posts = data.tokenise(base.tokenizer, sentences(20, 1))
    with pytest.raises(TrainingError, match="loss of the base itself is nan in fp32: choose another base"):
        loop.train(model, posts, posts[:2], base.end, RECIPE, CPU, lambda _: None)


def test_a_loss_that_stays_far_above_the_bases_ends_training_with_what_to_do(
    base: loading.LoadedBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "REPORT_EVERY", 0.0)
    wild = RECIPE.model_copy(update={"learning_rate": 1.0, "epochs": 30, "patience": 0, "warmup": 0.0})
    with pytest.raises(
        TrainingError, match=r"far above the base's for \d+ steps.*Lower the recipe's learning_rate"
    ):
        run(base, wild)


def test_the_schedule_rises_to_the_peak_and_falls_to_zero() -> None:
    recipe = Recipe(learning_rate=1.0, warmup=0.1)
    rates = [learning_rate(step, 100, recipe) for step in range(100)]
    assert max(rates) == rates[10] == 1.0
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.001
    assert learning_rate(0, 100, Recipe(learning_rate=1.0, warmup=0.0)) == 1.0
