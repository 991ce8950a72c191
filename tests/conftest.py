"""What many tests share: a tiny base made on the spot, and a clean environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tiny_bases import build_tiny_base

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as bot.training does, before any test imports torch


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --update-golden, which writes the files of tests/golden/ instead of comparing with them."""
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite tests/golden/ from what is printed"
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are written in this run."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads the environment's tokens or the user's caches, or asks the network for anything."""
    for name in ("HF_TOKEN", "HF_ENDPOINT", "X_BEARER_TOKEN", "WANDB_API_KEY", "GITHUB_ACTIONS", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny base, made once a session. Do not write into it."""
    return build_tiny_base(tmp_path_factory.mktemp("bases") / "tiny")
