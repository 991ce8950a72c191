"""What many tests share: a tiny base made on the spot, and a clean environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from tiny_bases import build_tiny_base

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as bot.training does, before any test imports torch

# No test may fail because a machine is slow: Hypothesis's default deadline is 200 ms.
settings.register_profile("whole", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=10)
settings.load_profile("whole")

SLOW = (
    "apply",
    "cli/commands",
    "cli/demo",
    "corpus/test_corpus.py",
    "corpus/test_splitting.py",
    "github/test_workflow_commands.py",
    "hub/test_endpoint.py",
    "hub/test_folder_kills.py",
    "hub/test_hub_faults.py",
    "hub/test_repo_people.py",
    "peers",
    "project/test_exhaustion.py",
    "project/test_fuzz.py",
    "render/card/test_card.py",
    "render/pictures/test_avatars.py",
    "render/pictures/test_poster.py",
    "render/test_child_process.py",
    "render/test_proposed_cards.py",
    "soak",
    "sources/test_members.py",
    "sources/test_whole_fetch.py",
    "sources/test_x_whole_fetch.py",
    "store",
    "tools",
    "training",
)
"""Folders and files whose tests are marked slow, since they take most of the time: `make test-fast` leaves them out."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test in a place of `SLOW`."""
    root = Path(__file__).parent
    places = [root / place for place in SLOW]
    for item in items:
        if any(place == item.path or place in item.path.parents for place in places):
            item.add_marker(pytest.mark.slow)


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
