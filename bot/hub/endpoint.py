"""The Hub's address: as it is asked, and as it may be shown. A mirror's can hold a user's name and password."""

from __future__ import annotations

from collections.abc import Mapping

from bot.sources.files import shown

REAL = "https://huggingface.co"


def address(environment: Mapping[str, str], target: str | None = None) -> str:
    """What is asked: `target`, else HF_ENDPOINT, else the real Hub. It may hold credentials: not to be printed."""
    return (target or environment.get("HF_ENDPOINT") or REAL).rstrip("/")


def displayed(environment: Mapping[str, str]) -> str:
    """The address for messages, links and pages: without credentials."""
    return shown(address(environment))
