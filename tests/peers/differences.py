"""How an answer of a stub differs from that of the server that it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def differences(ours: Any, real: Any, where: str = "") -> Iterator[str]:
    """Where a stub's value has a field that the real one lacks, or one of another type; null has every type."""
    if ours is None or real is None:
        return
    if type(ours) is not type(real):
        yield f"{where}: {type(real).__name__}"
    elif isinstance(ours, dict):
        for key, value in ours.items():
            if key in real:
                yield from differences(value, real[key], f"{where}.{key}")
            else:
                yield f"{where}.{key} is not there"
    elif isinstance(ours, list):
        for ours_each, real_each in zip(ours, real, strict=False):
            yield from differences(ours_each, real_each, f"{where}[]")
