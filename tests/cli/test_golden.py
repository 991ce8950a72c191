"""Command output, word for word: a change of wording touches only tests/golden/."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fleets import Fleet
from golden import FOLDER, check, stable

from bot.__main__ import main
from bot.cli.app import COMMANDS
from bot.cli.commands.store import store

Run = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def _screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Fleet:
    """One published model, two to train, one paused, one faulty, and a tombstone."""
    fleet = Fleet(tmp_path_factory.mktemp("golden"), tiny_base)
    for seed, (handle, posts) in enumerate({"ada": 300, "bob": 300, "cyd": 5}.items(), start=1):
        fleet.posts(handle, posts, seed=seed)
    fleet.entry("ada")
    fleet.write()
    assert fleet.run("apply")[0] == 0
    fleet.entry("ada", "bob")
    fleet.entry("cyd")
    fleet.models += [
        "  - {handles: [eve], paused: true}",
        "  - {handles: [not a handle], jsonl: x.jsonl}",
    ]
    fleet.write()
    with (fleet.folder / "registry.yaml").open("a") as registry:
        registry.write("removed:\n  - {handles: [dave], on: 2026-01-02}\n")
    return fleet


@pytest.fixture
def run(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in the fleet's folder, where no long path wraps a line: the exit code and what it prints."""
    monkeypatch.chdir(fleet.folder)
    places = {str(fleet.folder): "<folder>", str(fleet.base): "<base>"}

    def run(*command: str) -> tuple[int, str]:
        hub = [] if command[0] in {"validate", "corpus"} else ["--hub", "dir:hub"]
        code = main([*command, "--registry", "registry.yaml", *hub])
        return code, stable(capsys.readouterr().out, places)

    return run


@pytest.mark.parametrize(
    ("file", "code", "command"),
    [
        ("validate", 2, ["validate"]),
        ("plan", 0, ["plan"]),
        ("plan.json", 0, ["plan", "--json"]),
        ("apply-dry-run", 0, ["apply", "--dry-run"]),
        ("status", 0, ["status"]),
        ("status.json", 0, ["status", "--json"]),
        ("explain-published", 0, ["explain", "ada"]),
        ("explain-missing", 0, ["explain", "ada-bob"]),
        ("explain-paused", 0, ["explain", "eve"]),
        ("corpus", 0, ["corpus", "ada-bob"]),
        ("corpus-too-little", 0, ["corpus", "cyd"]),
        ("corpus.json", 0, ["corpus", "ada-bob", "--json"]),
    ],
)
def test_a_command_prints_its_golden_file(
    file: str, code: int, command: list[str], run: Run, update_golden: bool
) -> None:
    ended, out = run(*command)
    assert ended == code
    check(file if "." in file else f"{file}.txt", out, update_golden)


def test_doctor_prints_its_golden_findings_about_the_fleet(run: Run, update_golden: bool) -> None:
    code, out = run("doctor", "--json")
    assert code == 2
    parts = [each for each in json.loads(out)["findings"] if each["what"] in {"registry", "hub", "fonts"}]
    check("doctor.json", stable(json.dumps(parts, indent=2), {}), update_golden)


@pytest.mark.parametrize(
    "command", ["", *sorted(COMMANDS), *(f"store {name}" for name in sorted(store.commands))]
)
def test_the_help_of_a_command_is_its_golden_file(
    command: str, update_golden: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), "--help"]) == 0
    check(
        f"help/{command.replace(' ', '-') or 'bot'}.txt", stable(capsys.readouterr().out, {}), update_golden
    )


def test_every_golden_help_belongs_to_a_command() -> None:
    known = {"bot", *COMMANDS, *(f"store-{name}" for name in store.commands)}
    assert {path.stem for path in (FOLDER / "help").glob("*.txt")} == known
