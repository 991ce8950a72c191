from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from bot.apply.workspace import ABANDONED_S, LOCK, sweep, workspace

KILLED = """
import os, sys, tempfile
tempfile.tempdir = sys.argv[1]
from bot.apply.workspace import workspace
with workspace() as place:
    (place / "model.safetensors").write_bytes(b"weights")
    print(place, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_gone_after_its_run(temporary: Path) -> None:
    with workspace() as place:
        (place / "model.safetensors").write_bytes(b"weights")
        assert sweep() == (0, 1)
        assert place.is_dir()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_run_left_goes_with_the_next_one_and_what_is_in_use_stays(temporary: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(temporary)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdin is not None
    assert run.stdout is not None
    left = Path(run.stdout.readline().strip())
    assert sweep() == (0, 1)
    assert (left / "model.safetensors").exists()
    run.kill()
    run.communicate()
    with workspace() as place:
        assert list(temporary.iterdir()) == [place]


def test_a_folder_without_a_lock_goes_when_it_is_old_and_nobody_elses_ever(temporary: Path) -> None:
    for name in ("bot-old", "bot-new", "else-old"):
        (temporary / name).mkdir()
    (temporary / "bot-link").symlink_to(temporary / "else-old")
    (temporary / "bot-file").touch()
    past = time.time() - ABANDONED_S - 60
    for name in ("bot-old", "else-old"):
        os.utime(temporary / name, (past, past))
    assert sweep() == (1, 1)
    assert {path.name for path in temporary.iterdir()} == {"bot-new", "else-old", "bot-link", "bot-file"}


def test_a_lock_that_nobody_holds_is_no_hindrance(temporary: Path) -> None:
    (temporary / "bot-killed").mkdir()
    (temporary / "bot-killed" / LOCK).touch()
    assert sweep() == (1, 0)
