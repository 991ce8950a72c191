"""What commands print with --json has the fields and types that docs/json.md says, and no others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
import pytest
from fleets import Fleet
from golden import FOLDER
from json_shapes import mismatches

from bot.cli.app import COMMANDS, cli
from bot.cli.json_outputs import OUTPUTS, DoctorOutput, FindingJson

WRITTEN = Path(__file__).parents[1] / "data" / "formats" / "1"


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """Two published models, and posts that are newer."""
    shutil.copytree(WRITTEN, tmp_path / "fleet")
    made = Fleet(tmp_path / "fleet", tmp_path / "fleet" / "small")
    made.posts("ada", 250)
    made.posts("bob", 260, seed=2)
    return made


def test_the_check_sees_what_differs() -> None:
    wrong = {"findings": [{"what": "gpu", "state": "fine", "more": 1}]}
    assert len(list(mismatches(wrong, DoctorOutput))) == 3
    assert not list(mismatches({"what": "gpu", "state": "ok", "text": ""}, FindingJson))


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        ("plan", ["--shards", "2"]),
        ("plan", []),
        ("apply", ["--dry-run"]),
        ("apply", ["--only", "ada", "--force", "card"]),
        ("status", []),
        ("corpus", ["ada-bob"]),
        ("doctor", []),
        ("site", ["--out", "SITE"]),
    ],
)
def test_a_command_prints_what_its_type_says(
    command: str, flags: list[str], fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_HUB", f"dir:{fleet.folder / 'hub'}")
    where = [flag.replace("SITE", str(fleet.folder / "site")) for flag in flags]
    _, out = fleet.run(command, "--json", *where)
    assert list(mismatches(json.loads(out), OUTPUTS[command])) == []


@pytest.mark.parametrize("name", ["plan", "status", "corpus"])
def test_golden_files_have_the_types_too(name: str) -> None:
    value = json.loads((FOLDER / f"{name}.json").read_text())
    assert list(mismatches(value, OUTPUTS[name])) == []


def test_every_command_with_json_has_a_type() -> None:
    context = click.Context(cli)
    found = {
        name
        for name in COMMANDS
        if (command := cli.get_command(context, name)) is not None
        and any("--json" in parameter.opts for parameter in command.params)
    }
    assert found == OUTPUTS.keys()
