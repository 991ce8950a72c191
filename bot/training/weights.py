"""The trainable weights of a model in one buffer, so that they are reset, measured and kept as one."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterable, Mapping
from typing import IO, Any

import torch
from torch import nn

from bot.errors import TrainingError

ALIGNED = 16
"""Alignment of every tensor, in numbers (64 bytes): the width of vector units."""


class Weights:
    """The parameters as views into `values`, their gradients as views into `gradients` (both float32).

    Matrices come first: the first `decayed` numbers are those that weight decay applies to. What the
    parameters hold when this is made is written to an anonymous temporary file, and `reset` restores it.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        chosen = [parameter for parameter in parameters if parameter.requires_grad]
        self._parameters = sorted(chosen, key=lambda parameter: parameter.ndim < 2)
        spans, size, self.decayed = [], 0, 0
        for parameter in self._parameters:
            spans.append((size, size + parameter.numel()))
            size += -(-parameter.numel() // ALIGNED) * ALIGNED
            if parameter.ndim >= 2:
                self.decayed = size
        device = self._parameters[0].device
        self.values = torch.zeros(size, device=device)
        for parameter, (first, last) in zip(self._parameters, spans, strict=True):
            self.values[first:last].copy_(parameter.detach().flatten())
            parameter.data = self.values[first:last].view(parameter.shape)
        self.gradients = torch.zeros(size, device=device)
        self._views = [
            (self.values[first:last].view(one.shape), self.gradients[first:last].view(one.shape))
            for one, (first, last) in zip(self._parameters, spans, strict=True)
        ]
        self._start = WeightSnapshot()
        self._start.write(self.values)

    def reset(self) -> None:
        """The model holds again what it held at first, whatever its parameters were replaced by since."""
        self.attach()
        self._start.read(self.values)
        self.gradients.zero_()

    def state(self) -> dict[str, Any]:
        """What the model holds now."""
        return {"values": self.values}

    def load(self, state: Mapping[str, Any]) -> None:
        """Gives the model the values of a state."""
        self.values.copy_(state["values"])

    def attach(self) -> None:
        """Makes the parameters and their gradients views of the buffers, where they are not."""
        for parameter, (value, gradient) in zip(self._parameters, self._views, strict=True):
            if parameter.data_ptr() != value.data_ptr():
                parameter.data = value
            parameter.grad = gradient

    def detach_as(self, dtype: torch.dtype) -> None:
        """Gives the parameters copies of their values in another type, to be saved; `reset` undoes it."""
        for parameter, (value, _) in zip(self._parameters, self._views, strict=True):
            parameter.grad = None
            parameter.data = value.to(dtype)

    def clip(self, largest: float) -> None:
        """Scales the gradient down to the norm `largest` where it is above; does not wait for the device."""
        norm = torch.linalg.vector_norm(self.gradients)
        if norm.device.type == "cpu" and norm <= largest:
            return  # to ask costs nothing here
        self.gradients.mul_((largest / (norm + 1e-6)).clamp_(max=1.0))


class WeightSnapshot:
    """A copy of the weights in an anonymous temporary file, which costs no memory and vanishes with the process."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - lives as long as this
        weakref.finalize(self, self._file.close)

    def write(self, values: torch.Tensor) -> None:
        """Replaces the copy with these values. TrainingError when the disk has no room for them."""
        self._file.seek(0)
        data = values.cpu().numpy().data.cast("B")
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise TrainingError(
                f"a copy of the weights ({values.nbytes / 1e6:,.0f} MB) could not be kept in "
                f"{tempfile.gettempdir()}: {error}; free some space, or set TMPDIR to a larger disk"
            ) from error

    def read(self, into: torch.Tensor) -> None:
        """Fills the tensor with the values of the copy."""
        self._file.seek(0)
        host = into if into.device.type == "cpu" else torch.empty_like(into, device="cpu")
        data = host.numpy().data.cast("B")
        while data:
            count = self._file.readinto(data)  # type: ignore[attr-defined]
            if not count:
                raise TrainingError(
                    f"the copy of the weights in {tempfile.gettempdir()} was cut off; try again"
                )
            data = data[count:]
        if host is not into:
            into.copy_(host)
