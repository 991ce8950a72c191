"""A plan's training in jobs: shared out, found again after a crash, an outcome for every step whatever happens."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from job_runs import CODE, SECRET, done, jobs_at, outcome
from jobs_server import JobsServer, printed

from bot.apply.jobs import run
from bot.apply.jobs.api import MODELS, Jobs, Machine
from bot.apply.jobs.request import Request
from bot.errors import HubError
from bot.hub.folder import FolderHub
from bot.plan.outcome import Outcome
from bot.plan.shards import Shard
from bot.plan.steps import Step

pytest_plugins = ["hub_fixtures"]

REQUEST = Request(2, Machine(), 50, 100, 60, None)


@pytest.fixture
def server(_real_client: None) -> Iterator[JobsServer]:
    with JobsServer(done) as running:
        yield running


def steps(*names: str) -> list[Step]:
    return [Step(name, f"tester/{name}", "train", "missing", (name,)) for name in names]


def train(
    server: JobsServer,
    folder: Path,
    *names: str,
    most: int = 2,
    jobs: Jobs | None = None,
    said: list[str] | None = None,
) -> tuple[dict[str, Outcome], list[str]]:
    said = [] if said is None else said
    outcomes = run.run(
        steps(*names),
        jobs or jobs_at(server),
        FolderHub(folder / "hub", "tester"),
        CODE,
        REQUEST.arguments,
        most=most,
        machine=Machine("t4-small", "python:3.12", 5400),
        environment={"HF_TOKEN": SECRET, "PATH": "/bin"},
        say=said.append,
    )
    assert [outcome.name for outcome in outcomes] == list(names)
    assert SECRET not in "".join(said) + "".join(outcome.reason for outcome in outcomes)
    return {outcome.name: outcome for outcome in outcomes}, said


def test_the_work_is_shared_by_labelled_and_timed_jobs(server: JobsServer, tmp_path: Path) -> None:
    outcomes, said = train(server, tmp_path, "ada", "bob", "cleo")
    assert {outcome.result for outcome in outcomes.values()} == {"done"}
    assert outcomes["ada"].commit == "c1"
    specs = [job.spec for job in server.jobs.values()]
    names = sorted(name for spec in specs for name in json.loads(spec["environment"][MODELS]))
    assert names == ["ada", "bob", "cleo"]
    for spec in specs:
        assert "--max-models 25 --wait 60 --max-change 100% --max-reads 50" in spec["command"][2]
    assert any("completed" in line for line in said)


def test_there_are_no_more_jobs_than_steps(server: JobsServer, tmp_path: Path) -> None:
    outcomes, _ = train(server, tmp_path, "ada", "bob", most=256)
    assert len(server.jobs) == 2
    assert {outcome.result for outcome in outcomes.values()} == {"done"}


def test_no_job_is_started_for_nothing(server: JobsServer, tmp_path: Path) -> None:
    outcomes, _ = train(server, tmp_path, "ada", most=0)
    assert outcomes["ada"].result == "skipped"
    assert train(server, tmp_path)[0] == {}
    assert server.jobs == {}


def test_what_one_jobs_command_cannot_hold_waits(
    server: JobsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "MOST_MODELS", 1)
    outcomes, _ = train(server, tmp_path, "ada", "bob", "cleo")
    assert [outcome.result for outcome in outcomes.values()] == ["done", "done", "skipped"]
    assert "waits for the next run" in outcomes["cleo"].reason


def test_a_run_that_crashed_finds_its_jobs_again_and_starts_none_twice(
    server: JobsServer, tmp_path: Path
) -> None:
    gate = threading.Event()

    def slow(spec: dict[str, Any]) -> tuple[str, list[str]]:
        gate.wait(10)
        return done(spec)

    server.work = slow
    before = jobs_at(server).start(["ada", "bob"], CODE, [], Machine(), {})
    threading.Timer(0.3, gate.set).start()
    outcomes, said = train(server, tmp_path, "ada", "bob", "cleo")
    assert {outcome.result for outcome in outcomes.values()} == {"done"}
    assert len(server.jobs) == 2
    assert f"job {server.url}/jobs/tester/{before} is on its way already, for ada, bob" in said


def test_a_run_that_is_interrupted_says_that_its_jobs_go_on_and_how_to_stop_them(
    server: JobsServer, tmp_path: Path
) -> None:
    gate = threading.Event()
    server.work = lambda spec: (gate.wait(10) and done(spec)) or done(spec)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    jobs, said = jobs_at(server), list[str]()
    jobs.sleep = interrupt
    with pytest.raises(KeyboardInterrupt):
        train(server, tmp_path, "ada", most=1, jobs=jobs, said=said)
    gate.set()
    assert said[-2].startswith(f"job {server.url}/jobs/tester/job0 goes on")
    assert "hf jobs cancel --namespace tester job0" in said[-2]
    assert "the same command again follows them" in said[-1]


def test_jobs_that_cannot_be_listed_start_none(server: JobsServer, tmp_path: Path) -> None:
    server.fault(path="/api/jobs", status=503, times=-1)
    outcomes, _ = train(server, tmp_path, "ada")
    assert outcomes["ada"].result == "failed"
    assert "no job was started for it: could not list the jobs" in outcomes["ada"].reason
    assert server.jobs == {}


def test_a_job_that_cannot_be_started_fails_its_models_alone(server: JobsServer, tmp_path: Path) -> None:
    server.fault(path="/api/jobs/tester$", method="POST", status=402, body='{"error": "no credits left"}')
    outcomes, _ = train(server, tmp_path, "ada", "bob")
    assert sorted(outcome.result for outcome in outcomes.values()) == ["done", "failed"]
    (failed,) = [outcome for outcome in outcomes.values() if outcome.result == "failed"]
    assert re.match(r"no job was started for it: could not start a job .*402.*no credits left", failed.reason)


def test_a_token_that_is_refused_ends_the_starting_and_what_was_started_is_followed(
    server: JobsServer, tmp_path: Path
) -> None:
    server.fault(path="/api/jobs/tester$", method="POST", status=403, skip=1)
    outcomes, _ = train(server, tmp_path, "ada", "bob", "cleo", most=3)
    assert [outcome.result for outcome in outcomes.values()] == ["done", "failed", "failed"]
    assert [outcome.refused for outcome in outcomes.values()] == [False, True, True]
    assert server.count("/api/jobs/tester$", "POST") == 2


def test_a_job_that_was_killed_is_a_failure_with_its_address(server: JobsServer, tmp_path: Path) -> None:
    server.work = lambda spec: ("ERROR", ["Killed"])
    outcomes, _ = train(server, tmp_path, "ada")
    assert outcomes["ada"].result == "failed"
    assert outcomes["ada"].reason == f"its job ended as error (killed): {server.url}/jobs/tester/job0"


@pytest.mark.parametrize(
    "log", [["nothing"], printed("{broken"), printed(json.dumps({"outcomes": [outcome("eve")]}))]
)
def test_where_the_log_is_lost_the_hub_says_the_outcome_of_a_model(
    server: JobsServer, tmp_path: Path, log: list[str]
) -> None:
    hub = FolderHub(tmp_path / "hub", "tester")

    def publishes(spec: dict[str, Any]) -> tuple[str, list[str]]:
        hub.publish("ada", {"README.md": b"# Ada\n"}, parent=None, message="Train")
        return "COMPLETED", log

    server.work = publishes
    outcomes, _ = train(server, tmp_path, "ada", "bob", most=1)
    assert outcomes["ada"].result == "done"
    assert outcomes["ada"].commit == hub.listing().repos["ada"].head
    assert outcomes["bob"].result == "failed"


def test_where_neither_log_nor_hub_says_that_is_said(
    server: JobsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(self: FolderHub) -> None:
        raise HubError("the hub is down")

    monkeypatch.setattr(FolderHub, "listing", down)
    server.work = lambda _: ("COMPLETED", [])
    outcomes, _ = train(server, tmp_path, "ada")
    assert outcomes["ada"].result == "failed"
    assert "whether it was published is not known: the hub is down" in outcomes["ada"].reason


def test_limits_are_shared_out_exactly_and_flags_travel() -> None:
    request = Request(3, Machine(), 10, 100, 60, "train", ("ada",), "s3://bucket/store")
    models = [int(request.arguments(Shard(index, 3))[1]) for index in (1, 2, 3)]
    assert sum(models) == 10
    arguments = request.arguments(Shard(1, 3))
    for flag, value in (
        ("--force", "train"),
        ("--overwrite-edits", "ada"),
        ("--store", "s3://bucket/store"),
        ("--max-change", "100%"),
    ):
        assert arguments[arguments.index(flag) + 1] == value
