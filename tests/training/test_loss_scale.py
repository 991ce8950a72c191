from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_bases import sentences

from bot.errors import TrainingError
from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.training import data, device, loading, loop, loss
from bot.training.loss_scale import LASTING, LossScale

CPU = device.Device(torch.device("cpu"), "A test's processor", bf16=False)
FP16 = device.Device(torch.device("cpu"), "A test's T4", bf16=False, fp16=True)
RECIPE = Recipe(block_size=64, learning_rate=0.01, batch_size=4, epochs=2, patience=0)


@pytest.fixture
def base(tiny_base: Path) -> loading.LoadedBase:
    return loading.load(parse(str(tiny_base)))


def run(base: loading.LoadedBase, on: device.Device, recipe: Recipe = RECIPE) -> loop.Run:
    posts = data.tokenise(base.tokenizer, sentences(200, 1))
    validation = data.tokenise(base.tokenizer, sentences(20, 2))
    model = base.fresh(recipe, on)
    return loop.train(
        model,
        posts,
        validation,
        base.end,
        recipe,
        on,
        lambda _: None,
        masking="mask",
        optimiser=base.optimiser,
    )


def test_fp16_reaches_the_losses_of_fp32(base: loading.LoadedBase) -> None:
    plain, half = run(base, CPU), run(base, FP16)
    for one, other in zip(plain.curve, half.curve, strict=True):
        assert one.held_out is not None
        assert other.held_out == pytest.approx(one.held_out, abs=0.005)
    assert (plain.skipped_steps, half.skipped_steps) == (None, 0)
    assert {parameter.dtype for parameter in base.model.parameters()} == {torch.float32}


def overflowing(at: Callable[[int], bool]) -> Callable[..., torch.Tensor]:
    """`loss.mean` whose gradient overflows in the calls, counted from 0, that `at` names."""
    calls = iter(range(1_000_000))

    def mean(logits: torch.Tensor, *rest: Any) -> torch.Tensor:
        value = plainly(logits, *rest)
        return value + logits.float().sum() * float("inf") if at(next(calls)) else value

    plainly = loss.mean
    return mean


def test_a_step_that_overflows_is_left_out_and_counted(
    base: loading.LoadedBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    plainly = loss.mean

    def mean(
        logits: torch.Tensor, labels: torch.Tensor, count: int, scale: torch.Tensor | None
    ) -> torch.Tensor:
        calls.append(1)
        huge = None if scale is None else scale * 1e30
        return plainly(logits, labels, count, huge if len(calls) in {4, 6} else scale)

    calls: list[int] = []
    monkeypatch.setattr(loss, "mean", mean)
    done = run(base, FP16)
    assert done.skipped_steps == 2
    held_out = [point.held_out or 0 for point in done.curve]
    assert held_out[-1] < held_out[0] - 1


def test_the_scale_begins_where_the_first_batch_does_not_overflow(base: loading.LoadedBase) -> None:
    model = base.fresh(RECIPE, FP16)
    assert base.optimiser is not None
    scale = LossScale(base.optimiser, FP16)
    gradients = base.optimiser.weights.gradients

    def gradient() -> None:
        assert scale.factor is not None
        gradients.fill_(float("inf") if scale.factor > 1024 else 1.0)

    scale.calibrate(gradient)
    assert scale.factor == 1024
    assert not gradients.any()
    assert not model.training


def test_overflow_at_every_scale_ends_training_before_its_first_step(
    base: loading.LoadedBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "mean", overflowing(lambda call: True))
    with pytest.raises(
        TrainingError, match=r"overflowed at any loss scale in fp16.*A test's T4.*--device cpu"
    ):
        run(base, FP16)


def test_overflow_that_lasts_later_ends_training(
    base: loading.LoadedBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "mean", overflowing(lambda call: call > 3))
    monkeypatch.setattr(loop, "REPORT_EVERY", 0.0)
    monkeypatch.setattr(loop, "check_finite", lambda *_: None)
    long = RECIPE.model_copy(update={"epochs": 10})
    with pytest.raises(TrainingError, match=f"in {LASTING} steps in a row in fp16"):
        run(base, FP16, long)


def test_a_base_without_numbers_in_fp16_is_refused(base: loading.LoadedBase) -> None:
    base.fresh(RECIPE, FP16)
    with torch.no_grad():
        base.model.get_output_embeddings().weight.mul_(1e7)
    posts = data.tokenise(base.tokenizer, sentences(50, 1))
    with pytest.raises(
        TrainingError, match=r"the base itself is nan in fp16 autocast: train with --device cpu"
    ):
        loop.train(base.model, posts, posts[:3], base.end, RECIPE, FP16, lambda _: None)
