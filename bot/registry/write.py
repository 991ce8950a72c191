"""Writes an edited registry to its file."""

from __future__ import annotations

from pathlib import Path

from bot import registry
from bot.io import atomic


def write(path: Path, text: str) -> None:
    """Replaces the registry's file in one step. Raises RegistryError for a text that cannot be read back."""
    registry.read_text(text.encode(), path)
    atomic.replace(path, text.encode())
