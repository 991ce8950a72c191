"""What is kept of an interrupted training: private, gone on from, and gone with the people, or after a week."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fleets import Fleet

from bot.__main__ import main
from bot.apply import kept_training
from bot.errors import DeviceLost, Skipped
from bot.registry import Tombstones
from bot.sources.posts import Owner
from bot.training import checkpoint

NOBODY = Tombstones()
SLOW = "{epochs: 30, learning_rate: 0.01, block_size: 64, batch_size: 1}"


NAME = "ada-bob"


def keep(root: Path) -> Path:
    with kept_training.place(root, NAME, [Owner("ada", "17"), Owner("bob", None)]) as folder:
        assert folder is not None
        (folder / checkpoint.FILE).write_bytes(b"weights")
    return folder


def test_only_its_owner_reads_it_and_git_adds_none_of_it(tmp_path: Path) -> None:
    folder = keep(tmp_path)
    assert folder == tmp_path / ".bot" / "training" / "ada-bob"
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    listed = subprocess.run(
        ["git", "-C", str(tmp_path), "status", "--porcelain", "-uall"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout == ""


def test_two_runs_do_not_keep_one_training(tmp_path: Path) -> None:
    with (
        kept_training.place(tmp_path, NAME, []) as first,
        kept_training.place(tmp_path, NAME, []) as second,
    ):
        assert first is not None
        assert second is None


def test_an_outcome_that_a_try_would_repeat_keeps_nothing_and_a_lost_gpu_does(tmp_path: Path) -> None:
    with pytest.raises(Skipped), kept_training.place(tmp_path, NAME, []) as folder:
        raise Skipped("no improvement")
    assert folder is not None
    assert not folder.exists()
    with pytest.raises(DeviceLost), kept_training.place(tmp_path, NAME, []):
        raise DeviceLost("gone")
    assert folder.exists()


@pytest.mark.parametrize("days", [6, 8])
def test_it_expires_after_a_week(days: int, tmp_path: Path) -> None:
    folder = keep(tmp_path)
    kept_training.sweep(tmp_path, NOBODY, datetime.now(UTC) + timedelta(days=days))
    assert folder.exists() == (days < 7)


@pytest.mark.parametrize(
    "gone",
    [Tombstones({"bob": 3}), Tombstones(accounts={"17": 3})],
    ids=["a handle", "an account under another handle"],
)
def test_a_tombstone_removes_it(gone: Tombstones, tmp_path: Path) -> None:
    folder = keep(tmp_path)
    assert kept_training.sweep(tmp_path, gone, datetime.now(UTC)) == 1
    assert not folder.exists()


def test_one_that_does_not_say_whose_it_is_goes(tmp_path: Path) -> None:
    folder = keep(tmp_path)
    (folder / kept_training.PEOPLE).write_text("{")
    assert kept_training.sweep(tmp_path, NOBODY, datetime.now(UTC)) == 1


def test_those_of_others_stay(tmp_path: Path) -> None:
    folder = keep(tmp_path)
    assert kept_training.forget([tmp_path, tmp_path], ["eve"], ["18"]) == 0
    assert kept_training.sweep(tmp_path, Tombstones({"eve": 3}), datetime.now(UTC)) == 0
    assert folder.exists()


def interrupted(fleet: Fleet, number: signal.Signals) -> str:
    """Begins a long training of ada, ends it by the signal once it is going, and returns what was said."""
    command = [sys.executable, "-m", "bot", "apply", "--registry", str(fleet.folder / "registry.yaml")]
    child = subprocess.Popen(
        [*command, "--hub", f"dir:{fleet.folder / 'hub'}", "--device", "cpu"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert child.stderr is not None
    for line in child.stderr:
        if "ada: train" in line:
            break
    folder = fleet.folder / ".bot" / "training" / "ada"
    while not folder.exists():
        time.sleep(0.05)
    time.sleep(1)
    child.send_signal(number)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in err
    assert "the next run goes on from there" in err
    assert stat.S_IMODE((folder / checkpoint.FILE).stat().st_mode) == 0o600
    return err


@pytest.fixture
def fleet(tmp_path: Path, tiny_base: Path) -> Fleet:
    fleet = Fleet(tmp_path, tiny_base)
    fleet.recipe = SLOW
    fleet.posts("ada", 500)
    fleet.entry("ada")
    fleet.write()
    return fleet


def test_after_ctrl_c_the_next_run_goes_on_and_keeps_nothing(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(fleet, signal.SIGINT)
    assert not fleet.published("ada").exists()
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
    assert "ada: goes on after step " in capsys.readouterr().out
    assert not (fleet.folder / ".bot" / "training" / "ada").exists()


def test_sigterm_keeps_it_and_every_way_to_remove_a_person_deletes_it(
    fleet: Fleet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(fleet, signal.SIGTERM)
    monkeypatch.chdir(fleet.folder)
    folder = fleet.folder / ".bot" / "training" / "ada"
    saved = {path.name: path.read_bytes() for path in folder.iterdir()}
    registry = (fleet.folder / "registry.yaml").read_text()
    for command in (
        ["purge", "@Ada"],
        ["remove", "ada", "--reason", "asked"],
        ["takedown", "--handle", "ada", "--reason", "asked", "--hub", "dir:hub"],
    ):
        folder.mkdir(exist_ok=True)
        for name, data in saved.items():
            (folder / name).write_bytes(data)
        (fleet.folder / "registry.yaml").write_text(registry)
        assert main([*command, "--registry", "registry.yaml"]) in (0, 1)
        assert not folder.exists(), command
        assert "1 unfinished training kept on this machine was removed" in capsys.readouterr().out


def test_a_run_with_a_tombstone_deletes_what_is_kept(fleet: Fleet) -> None:
    folder = fleet.folder / ".bot" / "training" / "ada"
    folder.mkdir(parents=True)
    (folder / kept_training.PEOPLE).write_text('[["ada", null]]')
    fleet.models = []
    fleet.top = "removed:\n  - {handles: [ada], on: 2026-01-02}\n"
    fleet.write()
    fleet.run("apply")
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_stops_no_training(
    tmp_path: Path,
) -> None:
    (tmp_path / ".bot").write_text("a file")
    with kept_training.place(tmp_path, NAME, []) as folder:
        assert folder is None
    assert os.listdir(tmp_path) == [".bot"]  # noqa: PTH208
