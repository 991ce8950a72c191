"""Whether a base can be trained in the memory that there is, estimated before any of it is loaded.

What is counted is what every training holds, by the number of weights alone. Activations come on top, so what passes
here may still not fit; what is refused cannot.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from bot.errors import TrainingError
from bot.hub import base_model
from bot.hub.base_model import BaseSpec
from bot.registry.recipe import Recipe
from bot.training.device import Device

LOADED = 4
"""Bytes a weight takes in float32, as every base is loaded."""

TRAINED = 16
"""Bytes a weight takes while it is trained: itself, its gradient, and AdamW's two moments, all float32."""

CGROUP = Path("/sys/fs/cgroup/memory.max")
"""Where Linux keeps a container's limit of memory: a number of bytes, or `max`."""


def check(spec: BaseSpec, recipe: Recipe, device: Device) -> None:
    """Raises TrainingError where the base's weights alone take more memory than there is.

    Nothing is checked where their number is not known before they are downloaded.
    """
    count = parameters(spec)
    if count is None:
        return
    whole = recipe.lora_rank is None
    for place, needed, most in (
        (device.name, count * (TRAINED if whole else LOADED), of_device(device)),
        ("this machine", count * LOADED, of_machine()),
    ):
        if most is None or needed <= most:
            continue
        each = "a weight, its gradient and two moments of AdamW" if needed == count * TRAINED else "a weight"
        smaller = " train an adapter (lora_rank)," if whole and most >= count * LOADED else ""
        raise TrainingError(
            f"base {spec.name} has {count:,} weights, which take at least {_gigabytes(needed)} ({needed // count} "
            f"bytes each: {each}), and {place} has {_gigabytes(most)} of memory;{smaller} take a smaller base, or a "
            "machine with more memory"
        )


def parameters(spec: BaseSpec) -> int | None:
    """How many weights the base has, by its files' headers; on the Hub by what is cached, else by its metadata."""
    if spec.gguf is not None:
        return _of_gguf(Path(spec.source) / spec.gguf)
    counted = base_model.count_parameters(spec)
    return _on_hub(spec) if counted is None and spec.id is not None else counted


def _of_gguf(file: Path) -> int | None:
    try:
        from gguf import GGUFReader

        return sum(int(tensor.n_elements) for tensor in GGUFReader(file).tensors) or None
    except Exception:
        return None


def _on_hub(spec: BaseSpec) -> int | None:
    from huggingface_hub import get_safetensors_metadata

    try:
        found: Any = get_safetensors_metadata(str(spec.id), revision=spec.revision)
        return sum(found.parameter_count.values()) or None
    except Exception:
        return None


def of_device(device: Device) -> int | None:
    """Bytes of memory of the device, those in use included."""
    if device.torch.type == "cuda":
        return int(torch.cuda.get_device_properties(device.torch).total_memory)
    return of_machine()


def of_machine() -> int | None:
    """Bytes of memory of the machine, or of the container in which this runs; None where neither is known."""
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None
    try:
        return min(whole, int(CGROUP.read_text()))
    except (OSError, ValueError):
        return whole


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"
