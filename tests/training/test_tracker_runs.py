"""Runs of trackers that a removal deletes: offline on this machine, online through the real client on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from bot.manifest import Tracking
from bot.training import tracker_runs

KEY = "0123456789" * 4
ONLINE = Tracking(service="wandb", run="abc123", run_url="https://wandb.example/acme/mynah/runs/abc123")


class Answers(BaseHTTPRequestHandler):
    """The three questions of the client: who am I, which run is this, delete it."""

    runs: ClassVar[set[str]] = set()
    deleted: ClassVar[list[Any]] = []
    refuses: ClassVar[bool] = False

    def log_message(self, *_: object) -> None: ...

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        query, given = asked["query"], asked.get("variables") or {}
        data: dict[str, Any] = {"viewer": {"id": "V", "entity": "acme", "username": "t", "flags": "{}"}}
        data["viewer"]["teams"] = {"edges": []}
        if "deleteRun" in query and not self.refuses:
            self.deleted.append(given)
            self.runs.clear()
            data = {"deleteRun": {"clientMutationId": None}}
        elif "deleteRun" in query:
            data = {}
        elif "project(" in query:
            data = {"project": {"internalId": "1", "run": self.run(given.get("name"))}}
        body = {"data": data} if data else {"data": None, "errors": [{"message": "permission denied"}]}
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def run(self, name: str | None) -> dict[str, Any] | None:
        if name not in self.runs:
            return None
        nothing = dict.fromkeys(
            ("sweepName", "group", "jobType", "commit", "heartbeatAt", "historyKeys", "notes")
        )
        return {
            **nothing,
            "id": "S1",
            "projectId": "1",
            "tags": [],
            "name": name,
            "displayName": name,
            "state": "finished",
            "config": "{}",
            "readOnly": False,
            "createdAt": "2026-01-01T00:00:00Z",
            "description": "",
            "systemMetrics": "{}",
            "summaryMetrics": "{}",
            "historyLineCount": 0,
            "user": {"name": "t", "username": "t"},
        }


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Answers]]:
    """A Weights & Biases on loopback that holds the run abc123."""
    Answers.runs, Answers.deleted, Answers.refuses = {"abc123"}, [], False
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield Answers
    server.shutdown()
    server.server_close()


def delete(run: Tracking, **environment: str) -> list[tracker_runs.Deletion]:
    return tracker_runs.delete([run, run], environment)


def test_a_run_that_went_online_is_deleted_and_looked_for_again(service: type[Answers]) -> None:
    (deletion,) = delete(ONLINE, WANDB_API_KEY=KEY)
    assert deletion == tracker_runs.Deletion(
        True, "Weights & Biases: run acme/mynah/abc123 was deleted, and is not found any more"
    )
    assert service.deleted == [{"id": "S1", "deleteArtifacts": True}]
    (again,) = delete(ONLINE, WANDB_API_KEY=KEY)
    assert again.gone
    assert "not there any more" in again.sentence


def test_a_run_that_the_key_may_not_delete_is_reported_with_the_call(service: type[Answers]) -> None:
    service.refuses = True
    (deletion,) = delete(ONLINE, WANDB_API_KEY=KEY)
    assert not deletion.gone
    assert "wandb.Api().run('acme/mynah/abc123').delete(delete_artifacts=True)" in deletion.sentence
    assert KEY not in deletion.sentence


def test_without_a_key_or_the_package_the_call_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    (deletion,) = delete(ONLINE)
    assert not deletion.gone
    assert "WANDB_API_KEY is not set: python -c" in deletion.sentence
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (deletion,) = delete(ONLINE, WANDB_API_KEY=KEY)
    assert "the package wandb is missing: python -c" in deletion.sentence


def test_an_offline_run_is_deleted_from_its_folder(tmp_path: Path) -> None:
    for name in ("offline-run-20260101_000000-abc123", "offline-run-20260101_000000-def456"):
        (tmp_path / "wandb" / name).mkdir(parents=True)
    run = Tracking(service="wandb", run="abc123", project="mynah")
    (deletion,) = delete(run, WANDB_DIR=str(tmp_path))
    assert deletion.gone
    assert [path.name for path in (tmp_path / "wandb").iterdir()] == ["offline-run-20260101_000000-def456"]
    (deletion,) = delete(run, WANDB_DIR=str(tmp_path))
    assert not deletion.gone
    assert "abc123" in deletion.sentence


@pytest.mark.parametrize("odd", ["../../x", "*", "", "a/b", "a'b"])
def test_an_id_that_somebody_edited_reaches_no_path_and_no_call(odd: str, tmp_path: Path) -> None:
    (tmp_path / "wandb" / "offline-run-1-abc").mkdir(parents=True)
    for run in (
        Tracking(service="wandb", run=odd),
        Tracking(service="wandb", run=odd, run_url=f"https://wandb.example/a/b')/runs/{odd}"),
        Tracking(service="trackio", run=odd, project="x'; import os"),
    ):
        for deletion in delete(run, WANDB_DIR=str(tmp_path)):
            assert not deletion.gone
            assert "b')" not in deletion.sentence
            assert "import os" not in deletion.sentence
    assert (tmp_path / "wandb" / "offline-run-1-abc").is_dir()


def fake_trackio(monkeypatch: pytest.MonkeyPatch, names: list[str]) -> None:
    module = ModuleType("trackio")
    module.__spec__ = ModuleSpec("trackio", None)
    listed = lambda project: [  # noqa: E731
        SimpleNamespace(name=name, delete=lambda name=name: names.remove(name)) for name in list(names)
    ]
    vars(module)["Api"] = lambda: SimpleNamespace(runs=listed)
    monkeypatch.setitem(sys.modules, "trackio", module)


def test_trackios_runs_on_this_machine_are_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["abc123", "def456"]
    fake_trackio(monkeypatch, names)
    (deletion,) = delete(Tracking(service="trackio", run="abc123", project="mynah"))
    assert deletion.gone
    assert names == ["def456"]
    (deletion,) = delete(Tracking(service="trackio", run="abc123", project="mynah"))
    assert "is not on this machine" in deletion.sentence


def test_trackios_space_and_missing_package_are_reported_with_what_to_do() -> None:
    space = Tracking(service="trackio", run="abc123", run_url="https://huggingface.co/spaces/org/runs")
    (deletion,) = delete(space)
    assert deletion.sentence == (
        "Trackio: run abc123 at https://huggingface.co/spaces/org/runs: delete it there"
    )
    (deletion,) = delete(Tracking(service="trackio", run="abc123", project="mynah"))
    assert "trackio.Api().runs('mynah')" in deletion.sentence


def test_a_note_keeps_the_newest_runs() -> None:
    note: dict[str, Any] = {"runs": "damaged"}
    for number in range(tracker_runs.MOST + 5):
        note["runs"] = tracker_runs.added(note, Tracking(service="wandb", run=str(number)))
    assert [run["run"] for run in note["runs"]] == [str(n) for n in range(5, tracker_runs.MOST + 5)]


def test_no_tracker_is_imported_where_there_is_nothing_to_delete() -> None:
    code = (
        "import sys, bot.apply.removal.takedown, bot.apply.removal.report, bot.training.tracker_runs as t;"
        "t.delete([], {});"
        "sys.exit(bool({'wandb', 'trackio', 'torch', 'transformers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
