"""The demo as a person runs it, on its own archives; a tiny base stands in for the shipped one, to save time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.cli import demo


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    for name in ("registry.yaml", "ORIGIN.md"):
        shutil.copyfile(demo.HERE / name, folder / name)
    text = (folder / "registry.yaml").read_text()
    assert "epochs: 4" in text
    (folder / "registry.yaml").write_text(
        text.replace("epochs: 4", "epochs: 1").replace("block_size: 256", "block_size: 64")
    )
    shutil.copytree(demo.HERE / "archives", folder / "archives")
    shutil.copytree(tiny_base, folder / "base")
    return folder


def test_the_demo_makes_two_models_skips_one_and_shows_where_to_look(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "HERE", inputs)
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--out", "out"]) == 0
    said = capsys.readouterr().out
    assert "skipped  poor_richard" in said
    assert "too little text: 2,013 of 6,000 characters" in said
    assert "Apply: 2 done, 1 skipped." in said
    assert "out/index.html" in said
    assert (
        max(len(line) for line in said.splitlines() if "/python" not in line and "/bot plan" not in line)
        <= 90
    )

    repos = tmp_path / "out" / "hub" / "demo"
    assert {path.name for path in repos.iterdir() if not path.name.startswith(".")} == {
        "devils_dict-jargon_file",
        "king_james_1611",
    }
    cyborg = json.loads((repos / "devils_dict-jargon_file" / "bot.json").read_text())
    assert [account["handle"] for account in cyborg["accounts"]] == ["devils_dict", "jargon_file"]
    for account in cyborg["accounts"]:
        assert account["downloaded"] == sum(account["dropped"].values()) + account["kept"]
        assert {"retweets", "short", "edited", "duplicates"} <= set(account["dropped"])
    page = (tmp_path / "out" / "index.html").read_text()
    assert "demo/king_james_1611" in page
    assert "<script" not in page

    assert main(["demo", "--out", "out"]) == 0
    assert "Nothing to do: 1 skipped, 2 up to date." in capsys.readouterr().out


def test_the_demo_writes_over_nothing_that_is_not_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["demo", "--out", str(tmp_path)]) == 2
    assert "not a demo's folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
