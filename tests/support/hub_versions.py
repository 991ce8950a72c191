"""Versions of a model to publish in tests of the hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FACTS: dict[str, Any] = {
    "version": 1,
    "handles": ["ada_example"],
    "recipe": "0123",
    "base": "openai-community/gpt2",
    "template": "4567",
    "card": "89ab",
    "newest_post": "2026-11-01T00:00:00Z",
    "trained_at": "2026-11-02T00:00:00Z",
}


def card(facts: object = None, body: str = "# Ada", **front: object) -> bytes:
    """A README whose front matter holds our facts."""
    matter = {"tags": ["mynah"], "mynah": FACTS if facts is None else facts, **front}
    return f"---\n{json.dumps(matter)}\n---\n{body}\n".encode()


def manifest(note: str = "1", **facts: object) -> bytes:
    """A `bot.json` as far as a hub reads it."""
    return json.dumps({"published": {**FACTS, **facts}, "recipe": {}, "note": note}).encode()


def files(version: str = "1", **more: bytes) -> dict[str, Path | bytes]:
    """A small version of a model: text, weights through large-file storage, events."""
    named = {name.replace("__", "/"): data for name, data in more.items()}
    return {
        "README.md": card(body=f"# {version}"),
        "bot.json": manifest(version),
        "config.json": b"{}",
        "model.safetensors": b"\0weights" + version.encode() * 50,
        "assets/ada_example.png": b"\x89PNG" + version.encode(),
        **named,
    }
