"""Publication over a bad line: whatever is cut, refused or killed at whichever request, exactly one commit results."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hub_runs import hub_at, publish_alone
from hub_server import HubServer
from hub_versions import files

from bot.errors import CredentialsError, HubError
from bot.hub.huggingface import HuggingFaceHub

pytest_plugins = ["hub_fixtures"]

CUTS: list[dict[str, Any]] = [{"cut": cut} for cut in ("before", "within", "after", "answer")]
PASSING: list[dict[str, Any]] = [
    *CUTS,
    *({"status": status} for status in (408, 500, 503, 504)),
    *({"status": status, "landed": True} for status in (500, 503)),
    {
        "status": 502,
        "body": "<html><h1>502 Bad Gateway</h1></html>",
        "headers": {"Content-Type": "text/html"},
    },
    {"status": 429},
    {"status": 429, "headers": {"Retry-After": "1"}},
    {
        "status": 429,
        "headers": {"RateLimit": '"api";r=0;t=1', "RateLimit-Policy": '"fixed window";"api";q=5;w=9'},
    },
]
LASTING: list[dict[str, Any]] = [
    *CUTS[:2],
    *({"status": status} for status in (400, 401, 403, 404, 409, 412, 413, 429, 500, 503)),
    {"status": 409, "body": '{"error": "Cannot create repo: another conflicting operation is in progress"}'},
    {"status": 200, "body": "<html>maintenance</html>"},
    {"status": 200, "body": "[]"},
]


def named(fault: dict[str, Any]) -> str:
    """What a fault is called in the names of tests."""
    extra = "-landed" if fault.get("landed") else "-header" if fault.get("headers") else ""
    return f"{fault.get('cut') or fault['status']}{extra}"


@pytest.fixture
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sleep lasts longer than a blink: the client library's own retries of uploads wait for seconds."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.005)))


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that anything in this process asked to sleep; nothing does."""
    asked: list[float] = []
    monkeypatch.setattr(time, "sleep", asked.append)
    return asked


@pytest.fixture(params=["create", "update"])
def start(
    request: pytest.FixtureRequest, server: HubServer, online: HuggingFaceHub
) -> Callable[[str], str | None]:
    """Puts what a publication starts from under a name, and returns the parent: nothing, or version 1."""

    def prepare(name: str) -> str | None:
        if request.param == "create":
            return None
        return server.store.add(
            f"tester/{name}", {k: v for k, v in files("1").items() if isinstance(v, bytes)}
        )

    return prepare


def requests_of_a_publication(server: HubServer, online: HuggingFaceHub, parent: str | None) -> int:
    """How many requests one takes when nothing goes wrong."""
    server.clear()
    online.publish("clean", files("2"), parent=parent, message="2")
    return len(server.calls)


def publishes_once(server: HubServer, name: str, parent: str | None) -> bool:
    """Whether the repo holds version 2, whole, by one commit of ours."""
    titles = server.titles(f"tester/{name}")
    return server.files(f"tester/{name}") == files("2") and titles == ["setup"] * (parent is not None) + ["2"]


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("fault", PASSING, ids=named)
def test_a_fault_that_passes_is_survived_at_every_request(
    server: HubServer, online: HuggingFaceHub, start: Callable[[str], str | None], fault: dict[str, Any]
) -> None:
    points = requests_of_a_publication(server, online, start("clean"))
    assert points >= 7
    for point in range(points):
        name = f"ada{point}"
        parent = start(name)
        server.clear()
        server.fault(skip=point, **fault)
        commit = online.publish(name, files("2"), parent=parent, message="2")
        assert publishes_once(server, name, parent), (point, server.calls)
        assert commit == server.store.repos[f"tester/{name}"].head.sha
        assert len(server.calls) <= points + 7, (point, server.calls)


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("fault", LASTING, ids=named)
def test_a_fault_that_lasts_is_one_error_after_few_calls_and_the_next_run_publishes(
    server: HubServer, online: HuggingFaceHub, start: Callable[[str], str | None], fault: dict[str, Any]
) -> None:
    points = requests_of_a_publication(server, online, start("clean"))
    for point in range(points):
        name = f"ada{point}"
        parent = start(name)
        server.clear()
        server.fault(skip=point, times=-1, **fault)
        with pytest.raises((HubError, CredentialsError)) as raised:
            online.publish(name, files("2"), parent=parent, message="2")
        assert f"tester/{name}" in str(raised.value)
        assert len(server.calls) <= points + 12, (point, server.calls)
        server.clear()
        repo = online.listing().repos.get(name)
        online.publish(name, files("2"), parent=repo.head if repo else None, message="2")
        assert publishes_once(server, name, parent), (point, fault)


@pytest.mark.parametrize("header", [{"Retry-After": "3600"}, {"RateLimit": '"api";r=0;t=3600'}], ids=str)
def test_a_rate_limit_an_hour_away_defers_at_once_at_every_request(
    server: HubServer,
    online: HuggingFaceHub,
    start: Callable[[str], str | None],
    header: dict[str, str],
    naps: list[float],
) -> None:
    points = requests_of_a_publication(server, online, start("clean"))
    for point in range(points):
        parent = start(f"ada{point}")
        server.clear()
        server.fault(skip=point, times=-1, status=429, headers=header)
        naps.clear()
        with pytest.raises(HubError, match=r"makes sense again from 20\d\d-") as raised:
            online.publish(f"ada{point}", files("2"), parent=parent, message="2")
        assert naps == []
        assert raised.value.transient
        assert raised.value.retry_at is not None
        assert timedelta(minutes=59) < raised.value.retry_at - datetime.now(UTC) < timedelta(minutes=61)
        assert server.count() <= point + 3


def test_several_big_files_defer_at_once_as_well(
    server: HubServer, online: HuggingFaceHub, naps: list[float]
) -> None:
    server.fault(path="/_lfs/", times=-1, status=429, headers={"Retry-After": "3600"})
    several = files("1", runs__tfevents=b"\0events", more__safetensors=b"\0more")
    with pytest.raises(HubError) as raised:
        online.publish("ada", several, parent=None, message="1")
    assert naps == []
    assert raised.value.retry_at is not None


def killed_at_every_request(
    server: HubServer, start: Callable[[str], str | None], landed: bool
) -> Iterator[str]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "bot.hub.folder", "bot.hub.huggingface"])
    for point in range(100):
        name = f"ada{point}"
        parent = start(name)
        server.clear()
        run = context.Process(target=publish_alone, args=(server.url, name, "2", parent))
        server.fault(skip=point, hook=run.kill, landed=landed)
        run.start()
        run.join(30)
        code = run.exitcode
        run.close()
        if code == 0:
            return
        assert code == -9
        yield name
        server.clear()
        repo = hub_at(server).listing().repos.get(name)
        assert parent is None or server.files(f"tester/{name}") in (files("1"), files("2"))
        hub_at(server).publish(name, files("2"), parent=repo.head if repo else None, message="2")
        assert publishes_once(server, name, parent)


@pytest.mark.parametrize("landed", [False, True], ids=["before", "after"])
def test_a_run_killed_at_any_request_leaves_what_the_next_one_completes(
    server: HubServer, start: Callable[[str], str | None], landed: bool
) -> None:
    assert len(list(killed_at_every_request(server, start, landed))) >= 7
