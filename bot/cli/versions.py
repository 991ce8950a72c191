"""Versions of what a run depends on, for bug reports. Nothing is imported to learn them."""

from __future__ import annotations

import platform
from importlib import metadata

from bot import __version__

PACKAGES = ("torch", "transformers", "huggingface_hub")


def versions() -> str:
    """Returns the versions of the bot, Python, the system and the packages that matter most, in one line."""
    packages = (f"{name} {_version(name)}" for name in PACKAGES)
    return ", ".join(
        (f"bot {__version__}", f"Python {platform.python_version()}", platform.platform(), *packages)
    )


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
