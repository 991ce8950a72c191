"""Hugging Face Jobs on loopback: started once, found again, followed whatever the Hub answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from job_runs import CODE, SECRET, done, jobs_at, outcome
from jobs_server import JobsServer, printed

from bot.apply.jobs.api import MAX_FAILED_POLLS, MAX_UNKNOWN_STAGE_POLLS, MODELS, POLLED_AT_ONCE, Machine
from bot.errors import CredentialsError, HubError

pytest_plugins = ["hub_fixtures"]


@pytest.fixture
def server(_real_client: None) -> Iterator[JobsServer]:
    with JobsServer(done) as running:
        yield running


def spec(models: object, **labels: str) -> dict[str, Any]:
    """A job as it was posted by somebody."""
    return {
        "command": ["bash"],
        "environment": {MODELS: models if isinstance(models, str) else json.dumps(models)},
        "flavor": "t4-small",
        "labels": labels or {"mynah": "tester"},
    }


def ignore(_: str) -> None:
    """Nobody listens."""


def test_secrets_go_as_secrets_and_settings_as_they_are(server: JobsServer) -> None:
    environment = {
        "HF_TOKEN": SECRET,
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": f"{SECRET}2",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "WANDB_API_KEY": "",
        "PATH": "/bin",
        "GITHUB_TOKEN": "not theirs",
    }
    job = jobs_at(server).start(
        ["ada"], CODE, ["--wait", "60"], Machine("l4x1", "my/image", 5400), environment
    )
    posted = server.jobs[job].spec
    assert posted["secrets"] == {
        "HF_TOKEN": SECRET,
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": f"{SECRET}2",
    }
    assert posted["environment"] == {
        MODELS: '["ada"]',
        "HF_ENDPOINT": server.url,
        "BOT_HUB": server.url,
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    assert SECRET not in json.dumps({**posted, "secrets": {}})
    assert (posted["flavor"], posted["dockerImage"], posted["timeoutSeconds"]) == ("l4x1", "my/image", 5400)
    assert posted["labels"]["mynah"] == "tester"
    assert "\nbot apply --registry registry.yaml --wait 60 --only ada " in posted["command"][2]


def test_an_address_with_a_password_goes_as_a_secret_and_is_never_shown(
    server: JobsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = jobs_at(server)
    address = server.url.replace("://", f"://ada:{SECRET}@")
    api = jobs._api()
    monkeypatch.setattr(type(jobs), "_api", lambda _: api)  # as a mirror that takes its password away
    jobs.endpoint = address
    assert SECRET not in jobs.url("7")
    job = jobs.start(["ada"], CODE, [], Machine(), {"HF_TOKEN": "hf_other"})
    posted = server.jobs[job].spec
    assert posted["secrets"]["HF_ENDPOINT"] == posted["secrets"]["BOT_HUB"] == address
    assert SECRET not in json.dumps({**posted, "secrets": {}})


def test_a_listing_that_filters_nothing_gives_no_job_that_ended_or_is_anothers(server: JobsServer) -> None:
    server.filters = False
    server.add(spec(["ada"]), start=False, stage="COMPLETED")
    server.add(spec(["bob"], mynah="another"), start=False, stage="RUNNING")
    server.add(spec(["cleo"], owner="me"), start=False, stage="RUNNING")
    ours = server.add(spec(["dora"]), start=False, stage="RUNNING")
    assert jobs_at(server).running() == {ours.id: ("dora",)}


@pytest.mark.parametrize(
    "models",
    [
        "",
        "{",
        "7",
        '"ada"',
        "[1]",
        '[["ada"]]',
        '["\\u001b[2Jada"]',
        '["ada\\n::error::x"]',
        "[" * 50_000,
        '["' + "a" * 500 + '"]',
    ],
    ids=lambda text: text[:12],
)
def test_whatever_a_job_carries_as_models_that_is_no_list_of_names_is_none_of_ours(
    server: JobsServer, models: str
) -> None:
    server.add(spec(models), start=False, stage="RUNNING")
    assert jobs_at(server).running() == {}


@pytest.mark.parametrize("environment", [None, [], "x", {MODELS: 7}, {MODELS: None}], ids=str)
def test_an_environment_of_another_kind_is_none_of_ours(server: JobsServer, environment: object) -> None:
    server.add({**spec(["ada"]), "environment": environment}, start=False, stage="RUNNING")
    assert jobs_at(server).running() == {}


@pytest.mark.parametrize("body", ["<html>busy</html>", "[7]", '[{"id": "x"}]', "null"])
def test_an_answer_that_is_no_listing_is_an_error_and_not_no_jobs(server: JobsServer, body: str) -> None:
    server.fault(path="/api/jobs/tester", status=200, body=body, times=-1)
    with pytest.raises(HubError, match="could not list the jobs") as raised:
        jobs_at(server).running()
    assert server.token not in str(raised.value)


def test_a_hub_that_is_down_is_said(server: JobsServer) -> None:
    server.fault(path="/api/jobs", status=503, times=-1)
    with pytest.raises(HubError, match="could not list the jobs"):
        jobs_at(server).running()


def test_a_refused_token_is_a_matter_of_credentials_and_is_not_shown(server: JobsServer) -> None:
    jobs = jobs_at(server, "hf_wrong")
    with pytest.raises(CredentialsError, match="could not list the jobs"):
        jobs.running()
    assert "hf_wrong" not in repr(jobs)


def test_a_token_that_may_not_run_jobs_says_which_right_it_lacks(server: JobsServer) -> None:
    server.fault(path="/api/jobs/tester$", method="POST", status=403, body='{"error": "Forbidden"}')
    with pytest.raises(CredentialsError, match=r"403.*the right to run jobs in tester"):
        jobs_at(server).start(["ada"], CODE, [], Machine(), {})


def test_a_job_whose_start_was_not_answered_is_found_and_not_started_twice(server: JobsServer) -> None:
    gate = threading.Event()
    server.work = lambda spec: (gate.wait(10) and done(spec)) or done(spec)
    server.fault(path="/api/jobs/tester$", method="POST", cut="after")
    assert jobs_at(server).start(["ada"], CODE, [], Machine(), {}) == "job0"
    gate.set()
    assert len(server.jobs) == 1


def test_an_answer_lost_while_following_is_asked_for_again(server: JobsServer) -> None:
    job = server.add(spec(["ada"]))
    server.fault(path="/api/jobs/tester/job0$", status=502, times=30)
    assert [ended[:2] for ended in jobs_at(server).follow([job.id], ignore)] == [(job.id, "COMPLETED")]


def test_a_hub_that_never_answers_again_ends_the_following_and_says_why(server: JobsServer) -> None:
    server.fault(path="/api/jobs", status=502, times=-1)
    jobs = jobs_at(server)
    rounds: list[float] = []
    jobs.sleep = rounds.append
    (ended,) = jobs.follow(["job0"], ignore)
    assert ended[1] == "UNKNOWN"
    assert "it answered 502" in ended[2]
    assert len(rounds) == MAX_FAILED_POLLS


def test_a_rate_limit_is_waited_for_as_long_as_the_hub_asks(server: JobsServer) -> None:
    job = server.add(spec(["ada"]))
    server.fault(path="/api/jobs/tester/job0$", status=429, headers={"Retry-After": "300"})
    jobs = jobs_at(server)
    pauses: list[float] = []
    jobs.sleep = pauses.append
    assert [ended[1] for ended in jobs.follow([job.id], ignore)] == ["COMPLETED"]
    assert 290 < pauses[0] <= 300


def test_many_jobs_are_asked_after_less_often(server: JobsServer) -> None:
    gone = datetime.now(UTC) + timedelta(seconds=1)
    for _ in range(4 * POLLED_AT_ONCE):
        server.add(spec(["ada"]), start=False, stage="RUNNING")
    jobs = jobs_at(server)
    pauses: list[float] = []

    def end(seconds: float) -> None:
        pauses.append(seconds)
        for job in server.jobs.values():
            job.stage = "COMPLETED"

    jobs.sleep = end
    assert len(list(jobs.follow(list(server.jobs), ignore))) == 4 * POLLED_AT_ONCE
    assert pauses == [pytest.approx(4 * jobs.poll_s)]
    assert datetime.now(UTC) < gone + timedelta(seconds=30)


def test_a_stage_that_nobody_knows_ends_the_following_after_a_while(server: JobsServer) -> None:
    job = server.add(spec(["ada"]), start=False, stage="EVAPORATED\x1b[2J")
    said: list[str] = []
    jobs = jobs_at(server)
    rounds: list[float] = []
    jobs.sleep = rounds.append
    (ended,) = jobs.follow([job.id], said.append)
    assert ended[:2] == (job.id, "EVAPORATED2J")
    assert len(rounds) == MAX_UNKNOWN_STAGE_POLLS
    assert said == [f"job {server.url}/jobs/tester/{job.id}: evaporated2j"]


def test_a_job_that_the_hub_forgot_does_not_hang_the_run(server: JobsServer) -> None:
    (ended,) = jobs_at(server).follow(["gone"], ignore)
    assert ended[:2] == ("gone", "UNKNOWN")


def test_a_token_that_is_revoked_on_the_way_ends_the_following(server: JobsServer) -> None:
    job = server.add(spec(["ada"]), start=False, stage="RUNNING")
    jobs = jobs_at(server)
    jobs.sleep = lambda _: server.tokens.clear()
    (ended,) = jobs.follow([job.id], ignore)
    assert ended[1] == "UNKNOWN"
    assert server.token not in ended[2]


@pytest.mark.parametrize(
    "log",
    [
        [],
        ["nothing"],
        [printed('{"outcomes": []}')[0][:-9]],
        printed("{broken"),
        printed('{"outcomes": [{"name": 1}]}'),
        printed(json.dumps({"outcomes": [outcome("ada")]}))[:-1],
        ["mynah-outcomes ???"],
        printed(" " * (17 << 20)),
    ],
    ids=range(8),
)
def test_a_log_that_is_lost_or_damaged_says_nothing(server: JobsServer, log: list[str]) -> None:
    server.work = lambda _: ("COMPLETED", log)
    job = server.add(spec(["ada"]))
    assert list(jobs_at(server).follow([job.id], ignore))
    assert jobs_at(server).outcomes(job.id) == []


def test_a_log_that_may_not_be_read_says_nothing(server: JobsServer) -> None:
    job = server.add(spec(["ada"]))
    for status in (401, 404, 500):
        server.fault(path="/logs", status=status)
        assert jobs_at(server).outcomes(job.id) == []
