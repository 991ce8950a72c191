"""Memory: how glibc hands it out, and how running out of it looks."""

from __future__ import annotations

import ctypes
import gc
import platform

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt, from its malloc.h."""


def keep_freed() -> bool:
    """Tells glibc to use freed memory again and not to return it after every step; True where that worked.

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


def release(device: torch.device) -> None:
    """Gives back what a step that failed had allocated."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
