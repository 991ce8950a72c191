from __future__ import annotations

import os
import platform
import resource
from pathlib import Path

import pytest
import torch
from tiny_bases import sentences

from bot.errors import DeviceLost, TrainingError
from bot.hub.base_model import parse
from bot.registry.recipe import Recipe
from bot.training import allocator, data, device, loading, loop

CPU = device.Device(torch.device("cpu"), "test", bf16=False)
STATM = Path("/proc/self/statm")


def in_use() -> int:
    """Bytes of memory that this process holds now; where only its peak is told, that."""
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_glibc_is_asked_to_keep_freed_memory_and_other_libraries_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert allocator.keep_freed() is (platform.libc_ver()[0] == "glibc")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not allocator.keep_freed()


def test_only_a_lack_of_memory_is_one() -> None:
    assert allocator.is_exhausted(torch.OutOfMemoryError("CUDA out of memory"))
    assert allocator.is_exhausted(MemoryError())
    assert allocator.is_exhausted(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"))
    assert not allocator.is_exhausted(RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**50)
    assert allocator.is_exhausted(raised.value)


def test_memory_is_flat_from_the_third_model_of_a_fleet_to_the_last(tiny_base: Path) -> None:
    base = loading.load(parse(str(tiny_base)))
    recipe = Recipe(block_size=64, epochs=1, learning_rate=1e-3)
    resident = []
    for seed in range(12):
        model = base.fresh(recipe, CPU)
        posts = data.tokenise(base.tokenizer, sentences(150, seed))
        loop.train(
            model,
            posts,
            posts[:9],
            base.end,
            recipe,
            CPU,
            lambda _: None,
            optimiser=base.optimiser,
        )
        resident.append(in_use())
    assert resident[-1] - resident[2] < 4_000_000


@pytest.mark.parametrize(
    "error",
    [
        torch.AcceleratorError("CUDA error: unspecified launch failure\nCompile with TORCH_USE_CUDA_DSA"),
        RuntimeError("CUDA error: device-side assert triggered"),
        RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    ],
)
def test_a_gpu_that_fails_is_named_in_a_sentence(error: RuntimeError) -> None:
    with pytest.raises(DeviceLost, match=r"^Tesla T4 failed while it trained: .*nvidia-smi") as caught:  # noqa: SIM117
        with allocator.failures_named("Tesla T4"):
            raise error
    assert "\n" not in str(caught.value)


def test_memory_that_does_not_suffice_outside_of_a_step_is_a_sentence_too() -> None:
    with pytest.raises(TrainingError, match="Tesla T4 has too little memory for this model"):  # noqa: SIM117
        with allocator.failures_named("Tesla T4"):
            raise torch.OutOfMemoryError("CUDA out of memory")


def test_another_error_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match=r"^a bug$") as caught, allocator.failures_named("Tesla T4"):
        raise RuntimeError("a bug")
    assert type(caught.value) is RuntimeError
