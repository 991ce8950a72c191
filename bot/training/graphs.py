"""A step's forward and backward pass as a CUDA graph, taken only where a short measurement says that it is faster.

A small model on a large GPU waits for Python to launch its kernels; a graph launches all of them at once. It reads
and writes the same memory each time, so blocks are copied into buffers of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

import torch

from bot.training.data import Blocks

Work: TypeAlias = Callable[[Blocks, int | torch.Tensor, torch.Tensor | None], torch.Tensor]
"""A forward and a backward pass over blocks: their count of targets and the loss scale to a detached loss."""

LEAST_STEPS = 100
"""Steps of a training from which the measurement, which takes as long as about fifteen of them, is worth it."""

TIMED = 5
"""Passes that are timed, of either kind."""

WARM_UP = 3
"""Passes before a capture: libraries choose and load their kernels in them."""

GAIN = 0.95
"""The share of the time without a graph that one may take at most, to be used."""


class Replay:
    """Passes over blocks of one shape, on buffers that stay where they are; on CUDA a graph replays them."""

    def __init__(self, work: Work, blocks: Blocks, count: int, scale: torch.Tensor | None) -> None:
        """Captures a pass. Raises RuntimeError where the model does something that CUDA cannot capture."""
        self._work, self._blocks = work, blocks.clone()
        self._count = torch.full((), float(count), device=blocks.inputs.device)
        self._scale = None if scale is None else scale.clone()
        self._graph: torch.cuda.CUDAGraph | None = None
        self._value = torch.zeros((), device=blocks.inputs.device)
        if blocks.inputs.device.type == "cuda":
            self._capture()

    def takes(self, blocks: Blocks) -> bool:
        """Whether the blocks have the shape that was captured."""
        return blocks.inputs.shape == self._blocks.inputs.shape

    def __call__(self, blocks: Blocks, count: int, scale: torch.Tensor | None) -> torch.Tensor:
        """The loss of these blocks; their gradient is added to the weights'. Overwrites what it returned last."""
        self._blocks.copy_(blocks)
        self._count.fill_(count)
        if self._scale is not None and scale is not None:
            self._scale.copy_(scale)
        if self._graph is None:
            return self._pass()
        self._graph.replay()
        return self._value

    def _pass(self) -> torch.Tensor:
        return self._work(self._blocks, self._count, self._scale)

    def _capture(self) -> None:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                self._pass()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._value = self._pass()
        self._graph = graph


def faster(
    work: Work, blocks: Blocks, count: int, scale: torch.Tensor | None, device: torch.device
) -> Replay | None:
    """A replay of `work` for blocks of this shape where it takes less time than `work` itself; else None.

    None also where the model cannot be captured. The gradients of the passes it tries are left behind.
    """
    plain = _seconds(lambda: work(blocks, count, scale), device)
    try:
        replay = Replay(work, blocks, count, scale)
        replayed = _seconds(lambda: replay(blocks, count, scale), device)
    except RuntimeError:  # an operation that waits for the device, or no memory for a second set of buffers
        return None
    return replay if replayed < GAIN * plain else None


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """Seconds of a few passes after one that is not counted; waits for the device before and after."""
    work()
    _wait(device)
    began = time.perf_counter()
    for _ in range(TIMED):
        work()
    _wait(device)
    return time.perf_counter() - began


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
