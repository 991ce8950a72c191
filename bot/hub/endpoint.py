"""The Hub's address, for requests and for display. A mirror's address can hold a user's name and password."""

from __future__ import annotations

from collections.abc import Mapping

from bot.sources.files import shown

REAL = "https://huggingface.co"


def address(environment: Mapping[str, str], target: str | None = None) -> str:
    """The address for requests: `target`, else HF_ENDPOINT, else the real Hub. It may hold credentials."""
    return (target or environment.get("HF_ENDPOINT") or REAL).rstrip("/")


def displayed(environment: Mapping[str, str]) -> str:
    """The address for messages, links and pages, without credentials."""
    return shown(address(environment))
