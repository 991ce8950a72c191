"""The gradient of a batch: summed over micro-batches that fit into memory, by a CUDA graph where that is faster.

What fits is measured on CUDA before the first step; where memory runs out all the same, the parts are halved.
"""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from bot.errors import TrainingError
from bot.training import allocator, attention, graphs, loss
from bot.training.attention import Masking
from bot.training.data import Blocks
from bot.training.device import Device
from bot.training.weights import Weights


class Gradients:
    """Fills the weights' gradients, a batch at a time. `micro_batch_size` is in blocks, `warnings` are sentences."""

    def __init__(
        self,
        model: PreTrainedModel,
        weights: Weights,
        masking: Masking | None,
        device: Device,
        batch_size: int,
    ) -> None:
        self._model, self._weights, self._masking, self._device = model, weights, masking, device
        self._replay: graphs.Replay | None = None
        self.micro_batch_size = batch_size
        self.warnings: tuple[str, ...] = ()

    @property
    def uses_graph(self) -> bool:
        """Whether a CUDA graph replays the steps."""
        return self._replay is not None

    def fit(
        self, batch: Blocks, count: int, scale: torch.Tensor | None, *, reserved: int, steps: int
    ) -> None:
        """Measures, on CUDA, how many of the batch's blocks fit at once, and whether replaying a graph is faster.

        `reserved` bytes will be allocated later; `steps` are to come. The gradients are zero afterwards.
        """
        one = allocator.peak(self._device.torch, lambda: self.accumulate(batch.part(0, 1), count, scale))
        if one is None:
            return
        two = (
            allocator.peak(self._device.torch, lambda: self.accumulate(batch.part(0, 2), count, scale)) or one
        )
        free = allocator.free(self._device.torch) - reserved
        size = allocator.fitting(self.micro_batch_size, one, two, free)
        if size < self.micro_batch_size:
            self._warn(len(batch))
            self.micro_batch_size = size
        part = batch.part(0, self.micro_batch_size)
        needed = one + (len(part) - 1) * max(0, two - one)
        if 2 * needed < free and steps >= graphs.LEAST_STEPS:
            self._replay = graphs.faster(self._work, part, count, scale, self._device.torch)
        self._weights.gradients.zero_()

    def accumulate(self, batch: Blocks, count: int, scale: torch.Tensor | None = None) -> torch.Tensor:
        """The batch's mean loss over `count` targets, its gradient added to the weights' and multiplied by `scale`.

        Raises TrainingError where memory does not suffice for one block.
        """
        while True:
            try:
                return self._accumulate(batch, count, scale)
            except (RuntimeError, MemoryError) as error:
                if not allocator.is_exhausted(error):
                    raise
                if self.micro_batch_size == 1:
                    raise TrainingError(
                        f"{self._device.name} has too little memory for one block of {batch.inputs.shape[1]} "
                        "tokens; lower the recipe's block_size, or take a smaller base"
                    ) from error
            self._halve(len(batch))

    def _accumulate(self, batch: Blocks, count: int, scale: torch.Tensor | None) -> torch.Tensor:
        total = torch.zeros((), device=self._device.torch)
        for first in range(0, len(batch), self.micro_batch_size):
            part = batch.part(first, first + self.micro_batch_size)
            if self._replay is not None and self._replay.takes(part):
                total += self._replay(part, count, scale)
            else:
                total += self._work(part, count, scale)
        return total

    def _work(self, part: Blocks, count: int | torch.Tensor, scale: torch.Tensor | None) -> torch.Tensor:
        with self._device.autocast():
            arguments = attention.arguments(self._model, part, self._masking, self._device.compute)
            logits = self._model(**arguments).logits
        value = loss.mean(logits, part.labels, count, scale)
        value.backward()
        return value.detach()

    def _halve(self, blocks: int) -> None:
        self._replay = None
        self._weights.gradients.zero_()
        allocator.release(self._device.torch)
        self._warn(blocks)
        self.micro_batch_size //= 2

    def _warn(self, blocks: int) -> None:
        self.warnings = self.warnings or (
            f"{self._device.name} had too little memory for {self.micro_batch_size} blocks at once, so a step's "
            f"{blocks} are worked on in smaller parts: the same result, more slowly",
        )
