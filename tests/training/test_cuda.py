"""What only a GPU can show: a captured graph gives the losses of plain steps, and no step waits for the device."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_bases import sentences

from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.training import data, device, graphs, loading, loop
from bot.training.data import IGNORED
from bot.training.gradients import Gradients
from bot.training.loss_scale import LossScale
from bot.training.packing import Packer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no GPU")
RECIPE = Recipe(block_size=64, learning_rate=0.01, batch_size=4, epochs=2, patience=0)


@pytest.fixture
def base(tiny_base: Path) -> loading.LoadedBase:
    return loading.load(parse(str(tiny_base)))


@pytest.fixture(params=["own", "fp16"])
def gpu(request: pytest.FixtureRequest) -> device.Device:
    found = device.pick("cuda")
    return found if request.param == "own" else replace(found, bf16=False, fp16=True)


def run(base: loading.LoadedBase, on: device.Device) -> loop.Run:
    masking = base.masking(RECIPE.block_size, on)
    posts = data.tokenise(base.tokenizer, sentences(200, 1))
    validation = data.tokenise(base.tokenizer, sentences(20, 2))
    model = base.fresh(RECIPE, on)
    return loop.train(
        model,
        posts,
        validation,
        base.end,
        RECIPE,
        on,
        lambda _: None,
        masking=masking,
        optimiser=base.optimiser,
    )


def test_a_graph_gives_the_losses_of_plain_steps(
    base: loading.LoadedBase, gpu: device.Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = run(base, gpu)
    monkeypatch.setattr(graphs, "LEAST_STEPS", 1)
    monkeypatch.setattr(graphs, "GAIN", float("inf"))
    replayed = run(base, gpu)
    assert (plain.graph, replayed.graph) == (False, True)
    for one, other in zip(plain.curve, replayed.curve, strict=True):
        assert other.held_out == pytest.approx(one.held_out, abs=0.02)


def test_a_step_does_not_wait_for_the_gpu(base: loading.LoadedBase, gpu: device.Device) -> None:
    masking = base.masking(RECIPE.block_size, gpu)
    model = base.fresh(RECIPE, gpu)
    assert base.weights is not None
    assert base.optimiser is not None
    base.optimiser.restart(RECIPE)
    scale = LossScale(base.optimiser, gpu)
    gradients = Gradients(model, base.weights, masking, gpu, 4)
    posts = data.tokenise(base.tokenizer, sentences(200, 1))
    batch = Packer(posts, 64, base.end, seed=1).layout().part(0, 4).to(gpu.torch)
    count = int((batch.labels != IGNORED).sum())

    def step() -> None:
        gradients.accumulate(batch, count, scale.factor)
        scale.step(0.01, 1.0)

    step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
