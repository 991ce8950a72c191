from __future__ import annotations

from pathlib import Path

import pytest

import bot
from bot.io import origin
from bot.manifest import provenance

RUN = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "org/fleet",
    "GITHUB_RUN_ID": "42",
    "GITHUB_SHA": "abc",
}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The bot as in site-packages: no checkout around it, and nothing recorded."""
    package = tmp_path / "site-packages" / "bot"
    package.mkdir(parents=True)
    for module in (provenance, origin):
        monkeypatch.setattr(module, "PACKAGE", package)
    provenance._commit.cache_clear()
    origin.find.cache_clear()


@pytest.fixture(autouse=True)
def _afterwards() -> object:
    yield
    provenance._commit.cache_clear()
    origin.find.cache_clear()


def test_a_run_on_actions_is_named_by_its_address() -> None:
    made = provenance.from_environment(RUN)
    assert made.version == bot.__version__
    assert made.run_url == "https://github.com/org/fleet/actions/runs/42"


@pytest.mark.usefixtures("installed")
def test_the_commit_of_a_fleet_is_not_the_commit_of_the_bot(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    assert provenance.from_environment(RUN | {"GITHUB_WORKSPACE": str(fleet)}).commit is None
    (fleet / "bot").mkdir()
    (fleet / "bot" / "__main__.py").touch()
    assert provenance.from_environment(RUN | {"GITHUB_WORKSPACE": str(fleet)}).commit == "abc"


@pytest.mark.usefixtures("installed")
def test_an_installed_bot_names_the_commit_that_its_build_recorded(tmp_path: Path) -> None:
    recorded = origin.Origin("https://github.com/org/mynah", "b" * 40)
    (tmp_path / "site-packages" / "bot" / origin.FILE).write_text(recorded.as_json())
    assert provenance.from_environment(RUN).commit == "b" * 40


def test_a_run_elsewhere_has_no_address() -> None:
    assert provenance.from_environment({}).run_url is None
    assert provenance.from_environment({"GITHUB_RUN_ID": "42"}).run_url is None
