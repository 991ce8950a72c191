"""Training on Hugging Face Jobs, against its endpoints on loopback."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fleet import Fleet
from hub_runs import QUICK, hub_at
from jobs_server import JobsServer

from bot import jobs as room
from bot import registry
from bot.commands.jobs import Request
from bot.commands.options import make_plan
from bot.errors import CredentialsError, HubError
from bot.hub.folder import FolderHub
from bot.job_code import MARKER, Code
from bot.jobs import MODELS, Jobs, Machine
from bot.report import Outcome
from bot.shards import Shard
from bot.steps import Step

pytest_plugins = ["hub_fixtures"]

CODE = Code("https://example.org/org/fleet", "a" * 40, "registry.yaml")
SECRET = "hf_secretofthejob"


def done(spec: dict[str, Any]) -> tuple[str, list[str]]:
    """A job that says that all its models are done."""
    outcomes = [
        {
            "name": name,
            "action": "train",
            "result": "done",
            "reason": "trained",
            "commit": "c1",
            "seconds": 1.0,
        }
        for name in json.loads(spec["environment"][MODELS])
    ]
    return "COMPLETED", ["Collecting torch", MARKER + json.dumps({"outcomes": outcomes})]


@pytest.fixture
def server(_real_client: None) -> Iterator[JobsServer]:
    with JobsServer(done) as running:
        yield running


def steps(*names: str) -> list[Step]:
    return [Step(name, f"tester/{name}", "train", "missing", (name,)) for name in names]


def train(
    server: JobsServer, folder: Path, *names: str, most: int = 2, environment: dict[str, str] | None = None
) -> tuple[dict[str, Outcome], list[str]]:
    said: list[str] = []
    outcomes = room.run(
        steps(*names),
        jobs_at(server),
        FolderHub(folder / "hub", "tester"),
        CODE,
        Request(2, Machine(), 50, 100, 60, None).arguments,
        most=most,
        machine=Machine("t4-small", "python:3.12", 5400),
        environment=environment or {"HF_TOKEN": SECRET, "PATH": "/bin"},
        say=said.append,
    )
    assert [outcome.name for outcome in outcomes] == list(names)
    return {outcome.name: outcome for outcome in outcomes}, said


def jobs_at(server: JobsServer) -> Jobs:
    return Jobs(server.url, "tester", server.token, QUICK, poll_s=0.01)


def test_the_work_is_shared_by_jobs_that_are_labelled_timed_and_given_secrets_as_secrets(
    server: JobsServer, tmp_path: Path
) -> None:
    outcomes, said = train(server, tmp_path, "ada", "bob", "cleo")
    assert {outcome.result for outcome in outcomes.values()} == {"done"}
    assert outcomes["ada"].commit == "c1"
    specs = [job.spec for job in server.jobs.values()]
    assert sorted(name for spec in specs for name in json.loads(spec["environment"][MODELS])) == [
        "ada",
        "bob",
        "cleo",
    ]
    for spec in specs:
        assert spec["labels"]["mynah"] == "tester"
        assert (spec["flavor"], spec["dockerImage"], spec["timeoutSeconds"]) == (
            "t4-small",
            "python:3.12",
            5400,
        )
        assert spec["secrets"] == {"HF_TOKEN": SECRET}
        assert SECRET not in json.dumps({**spec, "secrets": {}})
        assert "--max-models 25 --wait 60 --max-reads 50" in spec["command"][2]
    assert any("completed" in line for line in said)
    assert SECRET not in "".join(said)


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


def test_a_job_whose_start_was_not_answered_is_found_and_not_started_twice(
    server: JobsServer, tmp_path: Path
) -> None:
    gate = threading.Event()
    server.work = lambda spec: (gate.wait(10) and done(spec)) or done(spec)
    server.fault(path="/api/jobs/tester$", method="POST", cut="after")
    threading.Timer(0.3, gate.set).start()
    outcomes, _ = train(server, tmp_path, "ada")
    assert outcomes["ada"].result == "done"
    assert len(server.jobs) == 1


def test_jobs_that_cannot_be_started_fail_their_models_alone(server: JobsServer, tmp_path: Path) -> None:
    server.fault(path="/api/jobs/tester$", method="POST", status=402, body='{"error": "no credits left"}')
    outcomes, _ = train(server, tmp_path, "ada", "bob")
    assert sorted(outcome.result for outcome in outcomes.values()) == ["done", "failed"]
    (failed,) = [outcome for outcome in outcomes.values() if outcome.result == "failed"]
    assert re.match(
        r"no job was started for it: could not start a job: .*402.*no credits left", failed.reason
    )


def test_a_job_that_was_killed_is_a_failure_with_its_address(server: JobsServer, tmp_path: Path) -> None:
    server.work = lambda spec: ("ERROR", ["Killed"])
    outcomes, _ = train(server, tmp_path, "ada")
    assert outcomes["ada"].result == "failed"
    assert outcomes["ada"].reason == f"its job ended as error (killed): {server.url}/jobs/tester/job0"


@pytest.mark.parametrize("line", [MARKER + "{broken", MARKER + '{"outcomes": [{"name": 1}]}', "nothing"])
def test_where_the_log_is_lost_the_hub_tells_what_became_of_a_model(
    server: JobsServer, tmp_path: Path, line: str
) -> None:
    hub = FolderHub(tmp_path / "hub", "tester")

    def publishes(spec: dict[str, Any]) -> tuple[str, list[str]]:
        hub.publish("ada", {"README.md": b"# Ada\n"}, parent=None, message="Train")
        return "COMPLETED", [line]

    server.work = publishes
    outcomes, _ = train(server, tmp_path, "ada", "bob", most=1)
    assert outcomes["ada"].result == "done"
    assert outcomes["ada"].commit == hub.listing().repos["ada"].head
    assert outcomes["bob"].result == "failed"


def test_an_answer_lost_while_following_is_asked_for_again(server: JobsServer, tmp_path: Path) -> None:
    server.fault(path="/api/jobs/tester/job0$", status=502, times=9)
    assert train(server, tmp_path, "ada")[0]["ada"].result == "done"


def test_a_refused_token_starts_nothing(server: JobsServer, tmp_path: Path) -> None:
    jobs = Jobs(server.url, "tester", "hf_wrong", QUICK)
    with pytest.raises(CredentialsError, match="could not list the jobs"):
        jobs.running()
    assert server.jobs == {}
    assert "hf_wrong" not in repr(jobs)


def test_a_job_that_the_hub_forgot_does_not_hang_the_run(server: JobsServer) -> None:
    (ended,) = jobs_at(server).follow(["gone"], lambda _: None)
    assert ended[:2] == ("gone", "UNKNOWN")


def test_a_real_apply_in_a_job_publishes_and_its_outcomes_come_back(
    server: JobsServer, tmp_path: Path, tiny_base: Path
) -> None:
    fleet = Fleet(tmp_path, tiny_base)
    for seed, handle in enumerate(("ada", "bob"), start=1):
        fleet.posts(handle, 250, seed=seed)
        fleet.entry(handle)
    fleet.write()
    path = tmp_path / "registry.yaml"
    path.write_text(path.read_text().replace("namespace: org", "namespace: tester"))

    def work(spec: dict[str, Any]) -> tuple[str, list[str]]:
        (line,) = (line for line in spec["command"][2].splitlines() if line.startswith("bot apply"))
        arguments = shlex.split(line.removesuffix(" || status=$?"))[2:]
        arguments[arguments.index("--registry") + 1] = str(path)
        place = tmp_path / json.loads(spec["environment"][MODELS])[0]
        place.mkdir()
        environment = {**os.environ, **spec["environment"], **spec["secrets"], "HF_ENDPOINT": server.url}
        ended = subprocess.run(
            [sys.executable, "-m", "bot", "apply", *arguments],
            cwd=place,
            env={**environment, "HF_HUB_DISABLE_XET": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        log = [*ended.stderr.splitlines(), MARKER + (place / "outcomes.json").read_text()]
        return ("COMPLETED" if ended.returncode == 0 else "ERROR"), log

    server.work = work
    hub = hub_at(server)
    planned = make_plan(registry.load(path), hub, None)
    outcomes = room.run(
        planned.steps,
        jobs_at(server),
        hub,
        CODE,
        Request(2, Machine(), 50, None, 60, None).arguments,
        most=2,
        machine=Machine(),
        environment={"HF_TOKEN": server.token},
        say=lambda _: None,
    )
    assert [(outcome.name, outcome.result) for outcome in outcomes] == [("ada", "done"), ("bob", "done")]
    assert len(server.jobs) == 2
    assert "model.safetensors" in server.files("tester/ada")
    assert make_plan(registry.load(path), hub, None).counts == {"ok": 2}


def test_limits_are_shared_out_exactly() -> None:
    request = Request(3, Machine(), 10, 100, 60, "train")
    models = [int(request.arguments(Shard(index, 3))[1]) for index in (1, 2, 3)]
    assert sum(models) == 10
    assert request.arguments(Shard(1, 3))[-2:] == ["--force", "train"]


def test_a_hub_that_is_down_is_said(server: JobsServer) -> None:
    server.fault(path="/api/jobs", status=503, times=-1)
    with pytest.raises(HubError, match="could not list the jobs"):
        jobs_at(server).running()
