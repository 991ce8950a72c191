from __future__ import annotations

import errno
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from bot.errors import TrainingError
from bot.training.weights import Weights, WeightSnapshot


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.LayerNorm(5), nn.Linear(5, 2))


def test_what_a_model_computes_stays_as_it_was() -> None:
    model, asked = network(), torch.ones(1, 3)
    before = model(asked)
    Weights(model.parameters())
    assert torch.equal(model(asked), before)


def test_a_reset_brings_every_bit_back_whatever_happened() -> None:
    model = network()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    held = Weights(model.parameters())
    held.values.add_(1.0)
    model(torch.ones(1, 3)).sum().backward()
    held.detach_as(torch.bfloat16)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    held.reset()
    assert all(torch.equal(now, then) for now, then in zip(model.parameters(), before, strict=True))
    assert not held.gradients.any()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_gradients_gather_in_the_one_buffer() -> None:
    model = network()
    held = Weights(model.parameters())
    held.attach()
    model(torch.ones(1, 3)).sum().backward()
    norm = sum(float(p.grad.norm() ** 2) for p in model.parameters() if p.grad is not None) ** 0.5
    assert float(held.gradients.norm()) == pytest.approx(norm)
    held.clip(norm / 2)
    assert float(held.gradients.norm()) == pytest.approx(norm / 2, rel=1e-4)
    held.clip(norm)
    assert float(held.gradients.norm()) == pytest.approx(norm / 2, rel=1e-4)


def test_only_matrices_lie_where_weight_decay_applies() -> None:
    model = network()
    held = Weights(model.parameters())
    before = [parameter.detach().clone() for parameter in model.parameters()]
    held.values[: held.decayed] += 1
    for parameter, then in zip(model.parameters(), before, strict=True):
        assert torch.equal(parameter.detach(), then + 1 if parameter.ndim >= 2 else then)


def test_frozen_parameters_are_left_alone() -> None:
    model = network()
    first = next(iter(model.parameters())).requires_grad_(False)
    address = first.data_ptr()
    Weights(model.parameters())
    assert first.data_ptr() == address


def test_a_copy_gives_back_what_was_written_last() -> None:
    kept, values = WeightSnapshot(), torch.arange(10.0)
    kept.write(values)
    kept.write(values * 2)
    into = torch.zeros(10)
    kept.read(into)
    assert torch.equal(into, values * 2)


def test_a_full_disk_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    with pytest.raises(TrainingError, match="No space left on device; free some space, or set TMPDIR"):
        WeightSnapshot().write(torch.zeros(4))


def test_a_copy_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = WeightSnapshot()
    kept.write(torch.zeros(4))
    assert list(tmp_path.iterdir()) == []
