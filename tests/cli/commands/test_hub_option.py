"""Which hub a command opens: --hub, else BOT_HUB, else the registry's, for every command alike."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bot import registry
from bot.__main__ import main
from bot.cli.commands.options import open_hub
from bot.hub.huggingface import HuggingFaceHub

PUBLISHED = Path(__file__).parents[2] / "data" / "formats" / "1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fleet whose registry says where its hub is."""
    shutil.copytree(PUBLISHED, tmp_path / "fleet")
    path = tmp_path / "fleet" / "registry.yaml"
    path.write_text(path.read_text().replace("version: 1\n", "version: 1\nhub: dir:hub\n"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "fleet"


def actions(folder: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> set[str]:
    capsys.readouterr()
    assert main(["plan", "--json", "--registry", str(folder / "registry.yaml"), *flags]) == 0
    return {step["action"] for step in json.loads(capsys.readouterr().out)["steps"] if step["name"] == "ada"}


def test_the_registry_sets_the_hub_for_commands_without_a_flag(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "train" not in actions(folder, capsys)
    assert main(["status", "--json", "--registry", str(folder / "registry.yaml")]) == 0
    states = {model["name"]: model["action"] for model in json.loads(capsys.readouterr().out)["models"]}
    assert states["ada"] != "train"
    site = ["site", "--out", str(folder / "site"), "--registry", str(folder / "registry.yaml")]
    assert main(site) == 0
    pictures = [path for path in (folder / "site").rglob("*") if path.parent.name == "avatars"]
    assert pictures, "profile pictures of a folder hub are copied"


def test_the_variable_goes_before_the_registry_and_the_flag_before_both(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_HUB", f"dir:{folder / 'empty'}")
    assert actions(folder, capsys) <= {"train", "blocked"}
    assert "train" not in actions(folder, capsys, "--hub", f"dir:{folder / 'hub'}")


def test_a_hub_that_a_strangers_registry_names_gets_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    text = b"version: 1\nnamespace: org\nhub: https://hub.example.org\n"
    found = registry.read_text(text, tmp_path / "registry.yaml")
    theirs = open_hub(None, found, from_stranger=True)
    ours = open_hub("https://hub.example.org", found, from_stranger=True)
    assert isinstance(theirs, HuggingFaceHub)
    assert isinstance(ours, HuggingFaceHub)
    assert (theirs._token, ours._token) == (None, "hf_secret")


def test_a_folder_hub_without_a_folder_is_refused(folder: Path) -> None:
    assert main(["plan", "--registry", str(folder / "registry.yaml"), "--hub", "dir:"]) == 2


def test_a_registry_for_home_keeps_its_models_in_a_folder_beside_it(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "home"), "--local", "--yes", "--namespace", "me"]) == 0
    assert registry.load(tmp_path / "home" / "registry.yaml").hub == f"dir:{tmp_path}/home/models"
