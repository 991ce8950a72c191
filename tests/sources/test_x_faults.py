"""Refusals, rate limits and failures of X and its network: what is waited for, tried again, or asked no more."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from x_clock import Clock, numbers, opened
from x_server import PROBLEMS, XServer, post
from x_specs import SPECS

from bot.errors import Deferred, SourceError
from bot.io import http
from bot.io.retry import RetryPolicy
from bot.sources import Cost, Options
from bot.sources.budget import Budget, Limit
from bot.sources.x.calls import OUTAGE
from bot.sources.x.source import X
from bot.sources.x.wire import Wire

CANARY = "canarypost"


@pytest.fixture(params=SPECS)
def x(request: pytest.FixtureRequest) -> Iterator[XServer]:
    with XServer(request.param) as server:
        server.add("ada_example", [post(n, f"{CANARY} {n}") for n in range(250, 0, -1)])
        server.add("bob_example", posts=20)
        yield server


def read(source: X, handle: str = "ada_example", **more: Any) -> list[int]:
    return numbers(source.read(handle, **more))


@pytest.mark.parametrize(
    ("status", "problem", "reason"),
    [
        (402, {"title": "CreditsDepleted", "type": f"{PROBLEMS}credits"}, "no credits"),
        (
            429,
            {"title": "UsageCapExceeded", "type": f"{PROBLEMS}usage-capped"},
            "the plan's reads are used up",
        ),
        (401, {"title": "Unauthorized", "type": "about:blank"}, "X refuses the token"),
        (
            403,
            {"title": "Client Forbidden", "type": f"{PROBLEMS}client-forbidden"},
            "does not let this token read",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/by/username/", "/tweets"])
def test_x_is_asked_nothing_more_once_it_said_no_to_all(
    x: XServer, path: str, status: int, problem: dict[str, str], reason: str
) -> None:
    x.fault(path=path, times=-1, status=status, problem=problem)
    clock, budget = Clock(), Budget([Limit("--max-reads", 1_000)])
    source = opened(x, clock, budget)
    with pytest.raises(Deferred, match=reason):
        read(source)
    asked = len(x.calls)
    for _ in range(3):
        with pytest.raises(Deferred, match=reason) as caught:
            read(source, "bob_example")
        assert caught.value.retry_at is None
    assert len(x.calls) == asked
    assert clock.slept == []
    assert budget.spent == source.cost.reads == sum(x.billed.values())


def test_the_credits_that_end_between_two_pages_keep_what_was_paid_for(x: XServer) -> None:
    x.fault(path="/tweets", skip=1, times=-1, status=402, problem={"title": "CreditsDepleted"})
    source = opened(x)
    posts = iter(source.read("ada_example").posts)
    assert numbers(islice(posts, 100)) == list(range(250, 150, -1))
    with pytest.raises(Deferred, match="no credits"):
        next(posts)
    assert source.cost == Cost(101, 0.51)


def test_a_wrong_token_is_off(x: XServer) -> None:
    source = opened(x, environment={"X_BEARER_TOKEN": "another"})
    with pytest.raises(Deferred, match="X_BEARER_TOKEN is wrong"):
        read(source)


def test_a_rate_limit_that_ends_soon_is_waited_for(x: XServer) -> None:
    clock = Clock()
    reset = str(int(clock.time.timestamp()) + 40)
    x.fault(path="/tweets", skip=1, status=429, headers={"x-rate-limit-reset": reset}, problem={})
    source = opened(x, clock)
    assert len(read(source)) == 250
    assert [round(seconds) for seconds in clock.slept] == [40]
    assert source.cost.reads == 251


def test_a_rate_limit_that_lasts_defers_and_later_entries_are_not_asked_for(x: XServer) -> None:
    clock = Clock()
    reset = clock.time + timedelta(minutes=14)
    x.fault(
        path="/by/username/",
        times=-1,
        status=429,
        headers={"x-rate-limit-reset": str(int(reset.timestamp()))},
        problem={"title": "Too Many Requests", "type": "about:blank"},
    )
    source = opened(x, clock)
    for handle in ("ada_example", "bob_example"):
        with pytest.raises(
            Deferred, match="rate limit for this is used up until 12:14 UTC on 2026-11-01"
        ) as caught:
            read(source, handle)
        assert caught.value.retry_at == reset
    assert clock.slept == []
    assert len(x.calls) - len(x.refused) == 1
    x.faults.clear()
    clock.time = reset
    assert len(read(source)) == 250


def test_the_limit_of_profiles_is_none_of_timelines(x: XServer) -> None:
    clock = Clock()
    source = opened(x, clock)
    timeline = source.read("ada_example")
    x.fault(path="/by/username/", times=-1, status=429, problem={})
    with pytest.raises(Deferred):
        read(source, "bob_example")
    assert len(numbers(timeline)) == 250


@pytest.mark.parametrize("headers", [{}, {"x-rate-limit-reset": "never"}, {"x-rate-limit-reset": "9" * 40}])
def test_a_rate_limit_without_an_end_defers_for_a_window(x: XServer, headers: dict[str, str]) -> None:
    clock = Clock()
    x.fault(path="/tweets", times=-1, status=429, headers=headers, body="")
    source = opened(x, clock)
    with pytest.raises(Deferred) as caught:
        read(source)
    assert caught.value.retry_at == clock.time + timedelta(minutes=15)
    assert x.paths().count("/2/users/1000/tweets") + len([c for c in x.calls if c.status == 429]) == 1


def test_a_rate_limit_that_never_ends_is_waited_for_a_few_times_only(x: XServer) -> None:
    clock = Clock()
    x.fault(path="/tweets", times=-1, status=429, headers={"x-rate-limit-reset": "1"}, problem={})
    with pytest.raises(Deferred, match="again and again"):
        read(opened(x, clock))
    assert clock.slept == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503, "body": "<html>busy</html>"},
        {"status": 500, "problem": {"title": "Internal Server Error", "type": "about:blank"}},
        {"cut": "before"},
        {"cut": "after"},
        {"cut": "answer"},
        {"status": 200, "body": "<html>Welcome</html>"},
        {"status": 200, "body": '{"data": [{"id": "178500", "text": "canarypost'},
        {"status": 200, "body": "[]"},
        {"delay_s": 0.8},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/by/username/", "/tweets"])
def test_what_may_pass_is_tried_again(x: XServer, path: str, fault: dict[str, Any]) -> None:
    x.fault(path=path, times=2, **fault)
    clock = Clock()
    source = opened(x, clock)
    assert len(read(source)) == 250
    assert clock.slept == [1.5, 3.0]
    assert source.cost == Cost(251, 1.26)


@pytest.mark.parametrize(
    ("fault", "reason", "billed"),
    [
        ({"status": 503, "body": ""}, "X answered 503", 0),
        ({"cut": "before"}, "X broke the connection off", 100),
        ({"cut": "answer"}, "cut short or damaged", 100),
        ({"status": 200, "body": "<html>"}, "not its JSON", 100),
    ],
)
def test_what_does_not_pass_defers_and_x_rests_for_a_while(
    x: XServer, fault: dict[str, Any], reason: str, billed: int
) -> None:
    x.fault(path="/tweets", times=-1, **fault)
    clock, budget = Clock(), Budget([Limit("--max-reads", 1_000)])
    source = opened(x, clock, budget)
    with pytest.raises(Deferred, match=rf"{reason}.* \(4 tries\); run again later") as caught:
        read(source)
    assert caught.value.retry_at == clock.time + OUTAGE
    assert clock.slept == [1.5, 3.0, 6.0]
    assert budget.spent == source.cost.reads == 1 + billed  # at most: what was lost may have been billed
    asked = len(x.calls)
    with pytest.raises(Deferred, match=f"X is not asked: .*{reason}"):
        read(source, "bob_example")
    assert len(x.calls) == asked
    x.faults.clear()
    clock.time += OUTAGE
    assert len(read(source)) == 250


def test_nobody_there_is_deferred_and_free() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        clock = Clock()
        environment = {"X_BEARER_TOKEN": "t", "X_API_BASE": f"http://127.0.0.1:{port}"}
        source = X(Options(environment=environment, sleep=clock.sleep), now=clock.now)
        with pytest.raises(Deferred, match="X could not be reached"):
            source.read("ada_example")
        assert source.cost == Cost()


def test_an_answer_that_drips_is_given_up() -> None:
    def drip(server: socket.socket, over: threading.Event) -> None:
        connection, _ = server.accept()
        connection.recv(10_000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{")
        while not over.wait(0.05):
            try:
                connection.sendall(b" ")
            except OSError:
                break
        connection.close()

    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server, over))
        thread.start()
        policy = RetryPolicy(connect_s=1, read_s=1, answer_s=0.3)
        wire = Wire("t", f"http://127.0.0.1:{server.getsockname()[1]}", policy)
        answer = wire.get("/2/users/1", {})
        over.set()
        thread.join()
    assert "too slow" in answer.lost


def test_an_answer_that_is_too_large_is_not_read(x: XServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BYTES", 10_000)
    with pytest.raises(Deferred, match="more than"):
        read(opened(x))


def test_a_redirect_is_not_followed(x: XServer) -> None:
    x.fault(path="/by/username/", status=302, headers={"Location": f"{x.url}/2/users/1001"})
    with pytest.raises(SourceError, match="X answered 302"):
        read(opened(x))
    assert len(x.calls) - len(x.refused) == 1
