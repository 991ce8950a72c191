"""The hardware: which device trains, what it is called, and the type of its fast matrix products."""

from __future__ import annotations

import contextlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import torch

from bot.errors import UsageError

DType: TypeAlias = torch.dtype
CPUINFO = Path("/proc/cpuinfo")
TENSOR_CORES = (7, 0)
"""The first compute capability whose matrix units multiply float16 (V100; a T4 is 7.5)."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where tensors live. `bf16`: the matrix units multiply bfloat16 faster than float32; `fp16`: they know
    float16 alone, whose gradients need a loss scale. Weights are float32 in either case.
    """

    torch: torch.device
    name: str
    bf16: bool
    fp16: bool = False

    @property
    def dtype(self) -> str:
        """The arithmetic of forward and backward passes, as the card names it; weights stay float32."""
        if self.bf16:
            return "bf16 autocast"
        return "fp16 autocast" if self.fp16 else "fp32"

    @property
    def compute(self) -> DType:
        """The type of matrix products, and of what they give."""
        if self.bf16:
            return torch.bfloat16
        return torch.float16 if self.fp16 else torch.float32

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Forward passes run in bfloat16 or float16 inside, where that helps."""
        if self.compute is torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.torch.type, dtype=self.compute)


def pick(wanted: str = "auto") -> Device:
    """The device asked for: `auto` takes a GPU when there is one. UsageError for `cuda` where there is none."""
    if wanted not in {"auto", "cpu", "cuda"}:
        raise UsageError(f"device {wanted!r} is not known; use auto, cpu or cuda")
    if torch.cuda.is_available() and wanted != "cpu":
        bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        fp16 = not bf16 and torch.cuda.get_device_capability() >= TENSOR_CORES
        return Device(torch.device("cuda"), torch.cuda.get_device_name(), bf16, fp16)
    if wanted == "cuda":
        raise UsageError(
            "CUDA was asked for and PyTorch sees no GPU; install a CUDA build of torch and check nvidia-smi, "
            "or use --device cpu"
        )
    model, flags = _cpu()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    name = f"{model}, {cores} {'core' if cores == 1 else 'cores'}"
    return Device(torch.device("cpu"), name, bool(flags & {"avx512_bf16", "amx_bf16"}))


def _cpu() -> tuple[str, set[str]]:
    """The processor's name and feature flags, as Linux reports them; elsewhere the architecture and no flags."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine(), set()
    facts: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            facts.setdefault(name.strip(), value.strip())
    return facts.get("model name", platform.machine()), set(facts.get("flags", "").split())
