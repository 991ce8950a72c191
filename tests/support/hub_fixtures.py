"""Both homes of repos as fixtures. Use: `pytest_plugins = ["hub_fixtures"]`; values are in `hub_versions`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_runs import hub_at
from hub_server import HubServer

from bot.hub import Hub, open_hub
from bot.hub.huggingface import HuggingFaceHub


@pytest.fixture
def _real_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The client library as it is outside tests, with a home of its own, and uploading through LFS."""
    import huggingface_hub
    from huggingface_hub import constants

    for name in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_UPDATE_CHECK", "HF_HUB_DISABLE_XET"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    yield
    huggingface_hub.close_session()


@pytest.fixture
def server(_real_client: None) -> Iterator[HubServer]:
    """A Hub on loopback, empty."""
    with HubServer() as running:
        yield running


@pytest.fixture
def online(server: HubServer) -> HuggingFaceHub:
    """The namespace `tester` on the server, with a token that may write and little patience."""
    return hub_at(server)


@pytest.fixture(params=["folder", "online"])
def hub(request: pytest.FixtureRequest, tmp_path: Path) -> Hub:
    """Each home in turn: what both promise."""
    if request.param == "folder":
        return open_hub(f"dir:{tmp_path / 'hub'}", "tester")
    online: Hub = request.getfixturevalue("online")
    return online
