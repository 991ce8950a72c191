"""kill -9 at every change that `bot import` makes to the store: the next run converges and loses no post."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.store import Store

CHILD = """
import os, sys
store, limit, *command = sys.argv[1:]
changes = 0
def watch(event, args):
    global changes
    writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
    if (writes or event in ("os.rename", "os.mkdir", "os.remove")) and str(args[0]).startswith(store):
        changes += 1
        if changes == int(limit):
            os._exit(137)
sys.addaudithook(watch)
from bot.__main__ import main
sys.exit(main(command))
"""
KILLED = 137


def posts(path: Path, count: int) -> None:
    made = (
        {"id": str(n), "text": f"post {n} sings", "created_at": f"2026-01-01T00:{n:02}:00Z"}
        for n in range(count)
    )
    path.write_text("".join(json.dumps(post) + "\n" for post in made))


def run(home: Path, limit: int) -> int:
    """`bot import`, killed before the change of that number; the exit code."""
    command = ["import", "ada", str(home / "ada.jsonl"), "--registry", str(home / "registry.yaml")]
    child = [sys.executable, "-c", CHILD, str(home / "store"), str(limit), *command]
    return subprocess.run(child, capture_output=True, check=False).returncode


@pytest.mark.parametrize("before", [0, 20])
def test_a_store_killed_at_any_write_converges_in_the_next_run(before: int, tmp_path: Path) -> None:
    (tmp_path / "registry.yaml").write_text("version: 1\nnamespace: org\nstore: file://store\nmodels: []\n")
    killed = 0
    for limit in range(1, 100):
        store = Store(f"file://{tmp_path / 'store'}")
        store.purge("ada")
        if before:
            posts(tmp_path / "ada.jsonl", before)
            assert run(tmp_path, 0) == 0
        posts(tmp_path / "ada.jsonl", 30)
        if run(tmp_path, limit) != KILLED:
            break
        killed += 1
        held = store.load("ada", "jsonl")
        assert len(list(held.posts)) in {before, 30} if held else before == 0
        assert run(tmp_path, 0) == 0
        after, facts = store.load("ada", "jsonl"), store.facts("ada", "jsonl")
        assert after is not None
        assert facts is not None
        assert len(list(after.posts)) == facts.total == 30
        assert not after.warnings
    assert killed >= 5
