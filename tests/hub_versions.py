"""Versions of a model to publish in tests of the hub, and a hub with little patience."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from hub_server import HubServer

from bot.hub.client import Pace
from bot.hub.huggingface import HuggingFaceHub

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
QUICK = Pace(
    connect_s=2,
    read_s=2,
    tries=4,
    pause_s=0.005,
    wait_s=20,
    sleep=lambda seconds: time.sleep(min(seconds, 0.005)),
)


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


def hub_at(
    server: HubServer, namespace: str = "tester", token: str | None = HubServer.token, pace: Pace = QUICK
) -> HuggingFaceHub:
    """A hub on the server."""
    return HuggingFaceHub(server.url, namespace, token=token, pace=pace)


def publish_alone(url: str, name: str, version: str, parent: str | None) -> None:
    """A whole run of its own, for a process that gets killed."""
    from huggingface_hub import constants

    constants.HF_HUB_OFFLINE, constants.HF_HUB_DISABLE_XET = False, True
    hub = HuggingFaceHub(url, "tester", token=HubServer.token, pace=QUICK)
    hub.publish(name, files(version), parent=parent, message=version)
