"""Killed at any change of the disk, a folder hub shows the old version or the new one, and the next run converges."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from folder_runs import GONE, publish_in_folder
from hub_versions import files

from bot.hub.folder import FolderHub


@pytest.fixture(autouse=True)
def _no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes die here, not the machine."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the hub is."""
    return tmp_path / "hub"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def killed_everywhere(
    home: Path, before: Callable[[FolderHub], str | None], replace: bool, exchange: bool
) -> int:
    """Kills a publication at its 1st, 2nd, 3rd … change of the disk; the next run must find old or new, whole."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "bot.hub.folder", "bot.hub.huggingface"])
    for point in range(300):
        root = home / str(point)
        hub = FolderHub(root, "tester")
        parent = before(hub)
        old = contents(root / "tester" / "ada") if parent else None
        run = context.Process(
            target=publish_in_folder, args=(str(root), "2", parent, replace, exchange, point)
        )
        run.start()
        run.join(30)
        code = run.exitcode
        run.close()
        fresh = FolderHub(root, "tester", wait_s=1)
        repo = fresh.listing().repos.get("ada")
        now = contents(root / "tester" / "ada") if repo and repo.head else None
        new = files("2") if replace else {**(old or {}), **files("2")}
        assert now in (old, new), point
        fresh.publish(
            "ada",
            files("2"),
            parent=repo.head if repo else None,
            message="2",
            remove=GONE if replace and GONE[0] in (now or {}) else (),
        )
        assert contents(root / "tester" / "ada") == new, point
        assert not any((root / "tester" / ".mynah" / "build").iterdir())
        if code == 0:
            return point
        assert code == -signal.SIGKILL
    raise AssertionError("the publication never ended")


@pytest.mark.parametrize("exchange", [True, False], ids=["exchange", "two renames"])
@pytest.mark.parametrize(("existing", "replace"), [(False, True), (True, True), (True, False)])
def test_killed_at_any_change_of_the_disk_the_next_run_converges(
    home: Path, existing: bool, replace: bool, exchange: bool
) -> None:
    def before(hub: FolderHub) -> str | None:
        if not existing:
            return None
        return hub.publish("ada", files("1", gone__txt=b"old"), parent=None, message="1")

    assert killed_everywhere(home, before, replace, exchange) > 10
