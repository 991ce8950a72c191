"""kill -9 at every change that `bot store move` makes: the same command goes on, and all is over in the end."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hub_bench import HubBench
from hub_history import Reader, canary, fill

from bot.__main__ import main
from bot.store.backends import open_files

KILLED = 137

DISK = """
import os, sys
home, limit, *command = sys.argv[1:]
changes = 0
def watch(event, args):
    global changes
    writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
    if (writes or event in ("os.rename", "os.mkdir", "os.remove", "os.rmdir")) and str(args[0]).startswith(home):
        changes += 1
        if changes == int(limit):
            os._exit(137)
sys.addaudithook(watch)
from bot.__main__ import main
sys.exit(main(command))
"""

HUB = """
import os, sys
home, limit, *command = sys.argv[1:]
from bot.hub.client import RetryingClient
changes, send = 0, RetryingClient.send
def counted(self, request, **options):
    global changes
    if request.method not in ("GET", "HEAD"):
        changes += 1
        if changes == abs(int(limit)) and int(limit) > 0:
            os._exit(137)
    answer = send(self, request, **options)
    if changes == abs(int(limit)) and int(limit) < 0:
        os._exit(137)
    return answer
RetryingClient.send = counted
from bot.__main__ import main
sys.exit(main(command))
"""


def run(child: str, home: Path, limit: int, url: str, environment: Mapping[str, str] | None = None) -> int:
    """`bot store move`, killed at the change of that number; the exit code."""
    command = ["store", "move", url, "--registry", str(home / "registry.yaml")]
    arguments = [sys.executable, "-c", child, str(home), str(limit), *command]
    done = subprocess.run(arguments, capture_output=True, check=False, env=environment)
    assert done.returncode in (0, KILLED), done.stderr.decode()
    return done.returncode


def holdings(url: str) -> dict[str, bytes]:
    """Every file, without what a place is made with, and without halves in folders, which their next writes sweep."""
    files = open_files(url)
    paths = [path for path in files.below("") if not path.startswith(".git") and "/.writing-" not in path]
    return files.read_many(paths)


def test_a_move_between_folders_killed_at_any_change_goes_on(tmp_path: Path) -> None:
    template = tmp_path / "template"
    fill(str(template / "old"), "ada")
    (template / "registry.yaml").write_text("version: 1\nstore: file://old  # the old one\nmodels: []\n")
    whole = holdings(str(template / "old"))
    killed = 0
    for limit in range(1, 200):
        home = tmp_path / "home"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(template, home)
        if run(DISK, home, limit, "file://new") != KILLED:
            break
        killed += 1
        held = holdings(str(home / "old")) | holdings(str(home / "new"))
        assert {path: held.get(path) for path in whole} == whole
        assert main(["store", "move", "file://new", "--registry", str(home / "registry.yaml")]) == 0
        assert holdings(str(home / "new")) == whole
        assert holdings(str(home / "old")) == {}
        assert "store: file://new  # the old one\n" in (home / "registry.yaml").read_text()
    assert killed >= 20


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[HubBench]:
    with HubBench(tmp_path / "hub", "--xet") as running:
        yield running


@pytest.mark.parametrize("answered", [False, True])
def test_a_move_out_of_a_repo_into_a_bucket_killed_at_any_call_goes_on_and_leaves_no_post(
    answered: bool, bench: HubBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub
    from huggingface_hub import constants

    for name, value in bench.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    killed = 0
    for limit in range(1, 40):
        old, new = (
            f"hf://datasets/{bench.repo(f'old-{limit}')}",
            f"hf://buckets/{bench.bucket(f'new-{limit}')}",
        )
        fill(old, "ada")
        whole = holdings(old)
        reader = Reader(bench, f"tester/old-{limit}")
        addresses = reader.addresses()
        (tmp_path / "registry.yaml").write_text(f"version: 1\nstore: {old}\nmodels: []\n")
        ended = run(HUB, tmp_path, -limit if answered else limit, new, bench.environment())
        held = holdings(old) | holdings(new)
        assert {path: held.get(path) for path in whole} == whole
        if ended == KILLED:
            killed += 1
            assert main(["store", "move", new, "--registry", str(tmp_path / "registry.yaml")]) == 0
        assert holdings(new) == whole
        assert holdings(old) == {}
        assert canary("ada") not in b"\0".join(reader.bodies([*addresses, *reader.addresses()]))
        assert f"store: {new}\n" in (tmp_path / "registry.yaml").read_text()
        if ended != KILLED:
            break
    huggingface_hub.close_session()
    assert killed >= 5
