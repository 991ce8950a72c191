from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bot.errors import UsageError
from bot.training import device


def test_the_cpu_is_named_with_its_cores() -> None:
    picked = device.pick("cpu")
    assert picked.torch.type == "cpu"
    assert "core" in picked.name


def test_a_gpu_that_is_not_there_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="--device cpu"):
        device.pick("cuda")
    assert device.pick("auto").torch.type == "cpu"


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(UsageError, match="use auto, cpu or cuda"):
        device.pick("abacus")


@pytest.mark.parametrize(
    ("flags", "bf16"), [("fpu avx2", False), ("avx512f avx512_bf16", True), ("amx_bf16", True)]
)
def test_bf16_is_used_where_the_processor_has_units_for_it(
    flags: str, bf16: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: A processor\nflags\t\t: {flags}\n")
    monkeypatch.setattr(device, "CPUINFO", cpuinfo)
    picked = device.pick("cpu")
    assert picked.bf16 is bf16
    assert picked.name.startswith("A processor, ")
    assert picked.dtype == ("bf16 autocast" if bf16 else "fp32")


def test_a_machine_without_cpuinfo_uses_float32(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(device, "CPUINFO", tmp_path / "absent")
    assert not device.pick("cpu").bf16


@pytest.mark.parametrize(
    ("capability", "bf16", "dtype"),
    [((7, 5), False, "fp16 autocast"), ((8, 9), True, "bf16 autocast"), ((6, 1), False, "fp32")],
    ids=["T4", "L4", "P4"],
)
def test_a_gpu_works_in_the_fast_type_that_it_has(
    capability: tuple[int, int], bf16: bool, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A GPU")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bf16)
    assert device.pick("auto").dtype == dtype
