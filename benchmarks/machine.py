"""What this machine can do at best: matrix products and memory traffic, measured, for floors beside results."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable

import torch
import transformers

from bot.training import device


def describe() -> str:
    """The machine and the versions, in one line."""
    return (
        f"{device.pick('auto').name}; Python {platform.python_version()}, torch {torch.__version__}, "
        f"transformers {transformers.__version__}"
    )


def products(dtype: torch.dtype, on: str = "cpu", size: int = 1024) -> float:
    """Operations a second of the fastest of several products of square matrices; a multiply and an add are two."""
    one, other = (torch.randn(size, size, dtype=dtype, device=on) for _ in range(2))
    return 2 * size**3 / _fastest(lambda: one @ other, on)


def traffic(on: str = "cpu", size: int = 64_000_000) -> float:
    """Bytes a second read and written while a long vector is scaled."""
    vector = torch.ones(size, device=on)
    return 8 * size / _fastest(lambda: vector.mul_(1.0), on)


def _fastest(work: Callable[[], object], on: str, tries: int = 40) -> float:
    """Seconds of the fastest of several runs: of the device on CUDA, of this process's time on a CPU's cores."""
    clock = time.perf_counter if on == "cuda" else time.process_time
    best = float("inf")
    for _ in range(tries):
        began = clock()
        work()
        if on == "cuda":
            torch.cuda.synchronize()
        best = min(best, clock() - began)
    return best


def environment(threads: int) -> dict[str, str]:
    """What both sides of a comparison run under."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "passive",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
