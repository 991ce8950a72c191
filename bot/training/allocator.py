"""Memory: how glibc hands it out, how much a step takes of a GPU's, and how running out of it looks."""

from __future__ import annotations

import ctypes
import gc
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from bot.errors import DeviceLost, TrainingError

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt, from its malloc.h."""


def keep_freed() -> bool:
    """Makes glibc use freed memory again and not return it after every step; True where that worked.

    Else a step's tensors are mapped, zeroed by the kernel and unmapped each time, which takes a tenth to
    a third of a step on a CPU.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    largest = 32 * 1024 * 1024  # glibc takes no more for M_MMAP_THRESHOLD
    return bool(
        libc.mallopt(M_MMAP_THRESHOLD, largest) and libc.mallopt(M_TRIM_THRESHOLD, ctypes.c_int(2**31 - 1))
    )


def is_exhausted(error: BaseException) -> bool:
    """Whether an exception says that the device, or the machine, has no memory left."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


FAILED = ("CUDA error", "CUBLAS_STATUS", "CUDNN_STATUS", "cuDNN error", "NCCL error", "Triton Error [CUDA]")
"""How the messages of a GPU's failures begin or what they hold, where PyTorch has no class of its own for them."""

SPARE = 0.9
"""The share of a GPU's free memory that is planned with: the rest is lost between blocks of different sizes."""


def peak(device: torch.device, work: Callable[[], object]) -> int | None:
    """The most bytes that `work` takes of a GPU beyond those allocated before; None on a CPU, where it is not run."""
    if device.type != "cuda":
        return None
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    work()
    return torch.cuda.max_memory_allocated(device) - before


def free(device: torch.device) -> int:
    """Bytes that a GPU has left for this process: unused by anybody, or kept by PyTorch for the next tensor."""
    unused, _ = torch.cuda.mem_get_info(device)
    return unused + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def fitting(blocks: int, one: int, two: int, free: int) -> int:
    """How many of a step's blocks fit into `free` bytes at once: all of them, or half, a quarter, … but at least one.

    `one` and `two` are the bytes that one and two blocks take, some of which do not depend on their number.
    """
    each = max(1, two - one)
    most = 1 + max(0, int(SPARE * free) - one) // each
    while blocks > most:
        blocks = -(-blocks // 2)
    return blocks


@contextmanager
def failures_named(device: str) -> Iterator[None]:
    """Inside, a failure of the device (by its name) is raised as DeviceLost, and no memory as TrainingError."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if is_exhausted(error):
            raise TrainingError(
                f"{device} has too little memory for this model: {_first_line(error)}; lower the recipe's "
                "block_size or batch_size, take a smaller base, or end what else uses the memory"
            ) from error
        if not is_failed(error):
            raise
        raise DeviceLost(
            f"{device} failed while it trained: {_first_line(error)}; nothing of this model is published. Run again; "
            "if it fails again, look at nvidia-smi and the driver's log, or use --device cpu"
        ) from error


def is_failed(error: BaseException) -> bool:
    """Whether an exception says that a GPU failed, so that this process can use it no more."""
    if isinstance(error, torch.AcceleratorError):
        return True
    return isinstance(error, RuntimeError) and any(mark in str(error) for mark in FAILED)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:200]


def release(device: torch.device) -> None:
    """Gives back what a step that failed had allocated."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
