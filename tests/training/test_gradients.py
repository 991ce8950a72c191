from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_bases import sentences
from torch.utils._python_dispatch import TorchDispatchMode

from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.training import allocator, data, device, graphs, loading
from bot.training.data import IGNORED, Blocks
from bot.training.gradients import Gradients
from bot.training.packing import Packer

CPU = device.Device(torch.device("cpu"), "A test's device", bf16=False)
RECIPE = Recipe(block_size=64, batch_size=8)


@pytest.fixture
def base(tiny_base: Path) -> loading.LoadedBase:
    base = loading.load(parse(str(tiny_base)))
    base.fresh(RECIPE, CPU)
    return base


@pytest.fixture
def batch(base: loading.LoadedBase) -> Blocks:
    posts = data.tokenise(base.tokenizer, sentences(200, 1))
    return Packer(posts, 64, base.end, seed=1).layout().part(0, 8)


def made(base: loading.LoadedBase) -> tuple[Gradients, torch.Tensor]:
    assert base.weights is not None
    return Gradients(base.model, base.weights, "mask", CPU, 8), base.weights.gradients


def targets(blocks: Blocks) -> int:
    return int((blocks.labels != IGNORED).sum())


def peaks(*sizes: int) -> Callable[..., int]:
    """`allocator.peak` of a device on which passes take these numbers of bytes."""
    answers = iter(sizes)

    def peak(_: torch.device, work: Callable[[], object]) -> int:
        work()
        return next(answers)

    return peak


def test_blocks_that_do_not_fit_by_measurement_are_worked_on_in_parts_and_it_is_said(
    base: loading.LoadedBase, batch: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allocator, "peak", peaks(100, 150))
    monkeypatch.setattr(allocator, "free", lambda _: 400)
    gradients, held = made(base)
    gradients.fit(batch, targets(batch), None, reserved=100, steps=1000)
    assert gradients.micro_batch_size == 4  # 90 % of 300 bytes: 100 and three times 50
    assert "had too little memory for 8 blocks at once" in gradients.warnings[0]
    assert not gradients.uses_graph
    assert not held.any()


@pytest.mark.parametrize(("free", "wanted"), [(10_000, 16), (400, 4), (150, 1), (0, 1), (-5, 1)])
def test_as_many_blocks_as_fit_are_planned_with_at_least_one(free: int, wanted: int) -> None:
    assert allocator.fitting(16, 100, 180, free) == wanted


def test_on_a_cpu_nothing_is_measured(base: loading.LoadedBase, batch: Blocks) -> None:
    gradients, _ = made(base)
    gradients.fit(batch, targets(batch), None, reserved=0, steps=10_000)
    assert (gradients.micro_batch_size, gradients.uses_graph, gradients.warnings) == (8, False, ())


@pytest.mark.parametrize(
    ("plain", "replayed", "taken"), [(1.0, 0.5, True), (1.0, 0.99, False), (1.0, 2.0, False)]
)
def test_a_graph_is_used_only_where_it_was_measured_to_be_faster(
    plain: float,
    replayed: float,
    taken: bool,
    base: loading.LoadedBase,
    batch: Blocks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = iter([plain, replayed])
    monkeypatch.setattr(graphs, "_seconds", lambda *_: next(seconds))
    monkeypatch.setattr(allocator, "peak", peaks(100, 150))
    monkeypatch.setattr(allocator, "free", lambda _: 1 << 30)
    gradients, held = made(base)
    gradients.fit(batch, targets(batch), None, reserved=0, steps=graphs.LEAST_STEPS)
    assert gradients.uses_graph is taken
    assert not held.any()


def test_a_short_training_measures_no_graph(
    base: loading.LoadedBase, batch: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphs, "faster", lambda *_: pytest.fail("measured"))
    monkeypatch.setattr(allocator, "peak", peaks(100, 150))
    monkeypatch.setattr(allocator, "free", lambda _: 1 << 30)
    gradients, _ = made(base)
    gradients.fit(batch, targets(batch), None, reserved=0, steps=graphs.LEAST_STEPS - 1)
    assert not gradients.uses_graph


def test_replayed_passes_give_the_gradients_of_plain_ones(
    base: loading.LoadedBase, batch: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    gradients, held = made(base)
    first, scale = batch.part(0, 4), torch.tensor(8.0)
    gradients._replay = graphs.Replay(gradients._work, first, targets(first), scale)
    gradients.micro_batch_size = 4
    value = gradients.accumulate(batch, targets(batch), scale)
    replayed = held.clone()
    held.zero_()
    gradients._replay = None
    assert torch.equal(gradients.accumulate(batch, targets(batch), scale), value)
    torch.testing.assert_close(held, replayed)


def test_what_cannot_be_captured_is_run_as_before(batch: Blocks) -> None:
    def fails_when_captured(blocks: Blocks, count: Any, scale: Any) -> torch.Tensor:
        if isinstance(count, torch.Tensor):
            raise RuntimeError("operation not permitted when stream is capturing")
        return torch.zeros(())

    assert graphs.faster(fails_when_captured, batch, 5, None, torch.device("cpu")) is None


class Waits(TorchDispatchMode):
    """Counts the operations that make the host wait for the device."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = str(func)
        if any(part in name for part in ("_local_scalar_dense", "nonzero", "is_nonzero", "masked_select")):
            self.seen[name] += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("fp16", [False, True])
def test_a_step_does_not_wait_for_the_device(base: loading.LoadedBase, batch: Blocks, fp16: bool) -> None:
    from bot.training.loss_scale import LossScale

    assert base.optimiser is not None
    assert base.weights is not None
    on = device.Device(torch.device("cpu"), "test", bf16=False, fp16=fp16)
    base.optimiser.restart(RECIPE)
    scale = LossScale(base.optimiser, on)
    gradients = Gradients(base.model, base.weights, "mask", on, 4)
    count = targets(batch)

    def step() -> None:
        gradients.accumulate(batch, count, scale.factor)
        scale.step(0.01, 1.0)

    step()  # AdamW allocates its moments
    with Waits() as waits:
        step()
    assert waits.seen.total() <= 1  # the norm, which is asked for on a CPU alone
