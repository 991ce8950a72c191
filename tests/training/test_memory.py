from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bot.errors import TrainingError
from bot.hub.base_model import BaseSpec, parse
from bot.registry.recipe import Recipe
from bot.training import device, memory

CPU = device.Device(torch.device("cpu"), "A test's processor", bf16=False)
LARGE = BaseSpec("large", "org/large", id="org/large")
LORA = Recipe(lora_rank=8)


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "of_machine", lambda: 16_000_000_000)


def with_weights(monkeypatch: pytest.MonkeyPatch, count: int | None) -> None:
    monkeypatch.setattr(memory, "parameters", lambda _: count)


def test_a_base_too_large_to_train_is_refused_with_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    with_weights(monkeypatch, 1_500_000_000)
    with pytest.raises(TrainingError) as caught:
        memory.check(LARGE, Recipe(), CPU)
    for part in (
        "base large",
        "1,500,000,000 weights",
        "at least 24.0 GB (16 bytes each",
        "16.0 GB",
        "lora_rank",
    ):
        assert part in str(caught.value)
    memory.check(LARGE, LORA, CPU)


def test_a_base_too_large_to_load_is_refused_for_an_adapter_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with_weights(monkeypatch, 7_000_000_000)
    with pytest.raises(TrainingError, match=r"at least 28\.0 GB \(4 bytes each: a weight\)") as caught:
        memory.check(LARGE, LORA, CPU)
    assert "lora_rank" not in str(caught.value)


@pytest.mark.parametrize("count", [None, 124_000_000, 1_000_000_000])
def test_what_fits_or_is_not_known_passes(count: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    with_weights(monkeypatch, count)
    memory.check(LARGE, Recipe(), CPU)


def test_a_gpu_is_asked_for_its_own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = device.Device(torch.device("cuda"), "Tesla T4", bf16=False, fp16=True)
    monkeypatch.setattr(memory, "of_device", lambda _: 15_000_000_000)
    with_weights(monkeypatch, 999_000_000)
    with pytest.raises(TrainingError, match=r"Tesla T4 has 15\.0 GB"):
        memory.check(LARGE, Recipe(), gpu)


def test_the_weights_of_a_folder_are_counted_and_those_of_an_unknown_repo_are_not(tiny_base: Path) -> None:
    assert memory.parameters(parse(str(tiny_base)))
    assert memory.parameters(BaseSpec("gone", "org/gone", id="org/gone")) is None


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(memory, "CGROUP", limit)
    whole = memory.of_machine()
    limit.write_text("1000000\n")
    assert memory.of_machine() == 1_000_000
    limit.write_text("max\n")
    assert memory.of_machine() == whole
