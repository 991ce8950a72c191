"""Runs of the bot against a test Hub: hubs with little patience, and processes to be killed."""

from __future__ import annotations

import time

from hub_server import HubServer
from hub_versions import files

from bot.hub.huggingface import HuggingFaceHub
from bot.io.retry import RetryPolicy

QUICK = RetryPolicy(
    connect_s=2,
    read_s=2,
    tries=4,
    pause_s=0.005,
    wait_s=20,
    sleep=lambda seconds: time.sleep(min(seconds, 0.005)),
)


def hub_at(
    server: HubServer,
    namespace: str = "tester",
    token: str | None = HubServer.token,
    policy: RetryPolicy = QUICK,
) -> HuggingFaceHub:
    """A hub on the server."""
    return HuggingFaceHub(server.url, namespace, token=token, policy=policy)


def publish_alone(url: str, name: str, version: str, parent: str | None) -> None:
    """A whole run of its own, for a process that gets killed."""
    from huggingface_hub import constants

    constants.HF_HUB_OFFLINE, constants.HF_HUB_DISABLE_XET = False, True
    hub = HuggingFaceHub(url, "tester", token=HubServer.token, policy=QUICK)
    hub.publish(name, files(version), parent=parent, message=version)
