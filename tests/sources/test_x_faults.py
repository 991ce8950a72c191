"""Everything that X, its network or a stranger's payload can do to a reading of source `x`."""

from __future__ import annotations

import io
import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from hub_http import Answer
from x_clock import Clock, mark, numbers, opened
from x_server import PROBLEMS, XServer, error_payload, post

from bot.errors import BotError, Deferred, SourceError
from bot.posts import Post
from bot.sources import Cost, Options, x_wire
from bot.sources.budget import Budget, Limit
from bot.sources.x import X
from bot.sources.x_calls import OUTAGE
from bot.sources.x_wire import Timeouts

CANARY = "canarypost"


@pytest.fixture
def x() -> Iterator[XServer]:
    with XServer() as server:
        server.add("ada_example", [post(n, f"{CANARY} {n}") for n in range(250, 0, -1)])
        server.add("bob_example", posts=20)
        yield server


def read(source: X, handle: str = "ada_example", **more: Any) -> list[int]:
    return numbers(source.read(handle, **more))


# X is off for the run


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


# rate limits


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
        with pytest.raises(Deferred, match="rate limit for this is used up until 12:14 UTC on 2026-11-01") as caught:
            read(source, handle)
        assert caught.value.retry_at == reset
    assert clock.slept == []
    assert len(x.calls) == 1
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


# failures that may pass


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
    assert clock.slept == [1.0, 3.0]
    assert source.cost == Cost(251, 1.26)


@pytest.mark.parametrize(
    ("fault", "reason", "billed"),
    [
        ({"status": 503, "body": ""}, "X answered 503", 0),
        ({"cut": "before"}, "connection to X broke off", 100),
        ({"cut": "answer"}, "broke off", 100),
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
    assert clock.slept == [1.0, 3.0, 6.0]
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
        source = X(Options(environment=environment), now=clock.now, sleep=clock.sleep)
        with pytest.raises(Deferred, match="X cannot be reached"):
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
        wire = x_wire.Wire("t", f"http://127.0.0.1:{server.getsockname()[1]}", Timeouts(1, 1, 0.3))
        began = time.monotonic()
        answer = wire.ask("/2/users/1", {})
        over.set()
        thread.join()
    assert "took longer" in answer.lost
    assert time.monotonic() - began < 3


def test_an_answer_that_is_too_large_is_not_read(x: XServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(x_wire, "LARGEST_ANSWER", 10_000)
    with pytest.raises(Deferred, match="larger than"):
        read(opened(x))


def test_a_redirect_is_not_followed(x: XServer) -> None:
    x.fault(path="/by/username/", status=302, headers={"Location": f"{x.url}/2/users/1001"})
    with pytest.raises(SourceError, match="X answered 302"):
        read(opened(x))
    assert len(x.calls) == 1


# pages that make no sense


def test_pages_that_go_in_a_circle_end(x: XServer) -> None:
    def circle(payload: dict[str, Any], params: dict[str, str]) -> dict[str, Any]:
        if params.get("pagination_token") == "t200":
            payload["meta"]["next_token"] = "t100"
        return payload

    x.mangle = circle
    source = opened(x)
    timeline = source.read("ada_example")
    assert len(numbers(timeline)) == 250
    assert len(x.pages()) == 3
    assert "circle" in timeline.warnings[0]
    assert source.cost.reads == 251


def test_pages_that_repeat_under_new_tokens_end_after_one(x: XServer) -> None:
    def repeated(payload: dict[str, Any], params: dict[str, str]) -> dict[str, Any]:
        if "max_results" in params:
            data = [post(n) for n in range(250, 150, -1)]
            return {"data": data, "meta": {"next_token": f"t{len(x.pages())}"}}
        return payload

    x.mangle = repeated
    timeline = opened(x).read("ada_example")
    assert len(numbers(timeline)) == 100
    assert len(x.pages()) == 2
    assert timeline.warnings == ["X's pages repeat themselves: reading ended after 100 posts"]


def test_a_timeline_without_end_is_read_as_far_as_x_shows_any(x: XServer) -> None:
    def endless(payload: dict[str, Any], params: dict[str, str]) -> dict[str, Any]:
        if "max_results" in params:
            page = len(x.pages())
            return {
                "data": [post(9_000 - page * 100 - n) for n in range(100)],
                "meta": {"next_token": f"t{page}"},
            }
        return payload

    x.mangle = endless
    source = opened(x)
    assert len(read(source)) == 3_200
    assert source.cost.reads == 3_201


def test_an_empty_page_is_not_the_last(x: XServer) -> None:
    def hollow(payload: dict[str, Any], params: dict[str, str]) -> dict[str, Any]:
        if params.get("pagination_token") == "t100":
            return {"meta": {"result_count": 0, "next_token": "t200"}}
        return payload

    x.mangle = hollow
    source = opened(x)
    assert read(source) == [*range(250, 150, -1), *range(50, 0, -1)]
    assert source.cost.reads == 151


def test_empty_pages_without_end_end(x: XServer) -> None:
    x.mangle = lambda payload, params: (
        {"meta": {"next_token": f"t{len(x.pages())}"}} if "max_results" in params else payload
    )
    timeline = opened(x).read("ada_example")
    assert numbers(timeline) == []
    assert len(x.pages()) < 100
    assert "held nothing new" in timeline.warnings[0]


def test_ids_that_repeat_or_come_in_any_order_are_each_given_once(x: XServer) -> None:
    def shuffled(payload: dict[str, Any], params: dict[str, str]) -> dict[str, Any]:
        if "max_results" in params:
            payload["data"] = [*reversed(payload["data"]), *payload["data"][:7]]
        return payload

    x.mangle = shuffled
    found = read(opened(x))
    assert sorted(found) == list(range(1, 251))
    assert found != sorted(found)


def test_posts_deleted_between_two_pages_are_no_gap(x: XServer) -> None:
    posts = iter(opened(x).read("ada_example").posts)
    first = numbers(islice(posts, 100))
    del x.accounts["1000"].posts[50:60]  # the pages move up by ten
    assert first + numbers(posts) == [*range(250, 150, -1), *range(140, 0, -1)]


def test_posts_older_than_the_mark_end_a_reading_that_ignores_it(x: XServer) -> None:
    def ignorant(payload: dict[str, Any], params: dict[str, str]) -> dict[str, Any]:
        if "max_results" in params:
            page = len(x.pages())
            return {
                "data": [post(300 - page * 100 - n) for n in range(100)],
                "meta": {"next_token": f"t{page}"},
            }
        return payload

    x.mangle = ignorant
    found = read(opened(x), since=mark(190))
    assert len(x.pages()) == 2
    assert min(found) == 1


def test_errors_beside_posts_are_told_of_in_numbers(x: XServer) -> None:
    beside = error_payload("not-authorized-for-resource", "Authorization Error", "ids", "5")
    x.mangle = lambda payload, params: {**payload, **beside} if "max_results" in params else payload
    timeline = opened(x).read("bob_example")
    assert len(numbers(timeline)) == 20
    assert timeline.warnings == ["1 posts are not for everybody and were left out"]


# payloads of strangers


@pytest.mark.parametrize(
    "damage",
    [
        {"id": None},
        {"id": "abc"},
        {"id": {"a": CANARY}},
        {"text": None},
        {"text": 5},
        {"text": [CANARY]},
        {"created_at": None},
        {"created_at": CANARY},
        {"created_at": "2024-99-99T00:00:00Z"},
    ],
    ids=str,
)
def test_a_damaged_record_is_counted_and_left_out(x: XServer, damage: dict[str, Any]) -> None:
    def damaged(payload: dict[str, Any], params: dict[str, str]) -> dict[str, Any]:
        if "max_results" in params and "pagination_token" not in params:
            payload["data"][3] = {**payload["data"][3], **damage}
        return payload

    x.mangle = damaged
    timeline = opened(x).read("ada_example")
    assert len(numbers(timeline)) == 249
    assert timeline.warnings == ["1 damaged records were left out"]


@pytest.mark.parametrize(
    "payload", [{"data": {"a": CANARY}}, {"data": CANARY}, {"data": 7}, {"data": [CANARY, [], None]}]
)
def test_a_page_that_holds_no_posts_is_a_sentence(x: XServer, payload: dict[str, Any]) -> None:
    x.mangle = lambda good, params: payload if "max_results" in params else good
    with pytest.raises(SourceError, match=r"something else than posts|none of the 3 posts") as caught:
        read(opened(x))
    assert CANARY not in str(caught.value)


def test_a_page_of_which_nothing_can_be_read_ends_before_more_is_paid_for(x: XServer) -> None:
    x.mangle = lambda good, params: (
        {"data": [{**one, "created_at": CANARY} for one in good["data"]], "meta": {"next_token": "t100"}}
        if "max_results" in params
        else good
    )
    with pytest.raises(SourceError, match=r"none of the 100 posts .* can be read: each has no created_at"):
        read(opened(x))
    assert len(x.pages()) == 1


@pytest.mark.parametrize("meta", [{"next_token": 7}, {"next_token": ""}, {"next_token": "x" * 9_999}])
def test_a_next_page_that_cannot_be_asked_for_is_a_sentence(x: XServer, meta: dict[str, Any]) -> None:
    x.mangle = lambda good, params: {**good, "meta": meta} if "max_results" in params else good
    with pytest.raises(SourceError, match="names no next page"):
        read(opened(x))


@pytest.mark.parametrize("meta", [None, 7, [], "x"])
def test_a_page_without_meta_is_the_last(x: XServer, meta: Any) -> None:
    x.mangle = lambda good, params: {**good, "meta": meta} if "max_results" in params else good
    assert len(read(opened(x))) == 100


@pytest.mark.parametrize("data", [None, 7, [], CANARY, {}, {"id": "1"}, {"id": CANARY, "username": "a"}])
def test_a_profile_that_is_none_is_a_sentence(x: XServer, data: Any) -> None:
    x.mangle = lambda good, params: {"data": data}
    with pytest.raises(SourceError, match="is not understood") as caught:
        read(opened(x))
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 418, 429, 500, 200])
@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "7",
        "null",
        '"canarypost"',
        '{"errors": [1, null, "canarypost"]}',
        '{"errors": {"a": "canarypost"}}',
        '{"error": 5, "title": {"a": 1}, "type": ["canarypost"], "detail": 9}',
        "[" * 50_000,
        '{"errors": [{"message": "canarypost", "code": {}}], "title": "canarypost: x"}',
    ],
    ids=lambda body: body[:12],
)
def test_no_answer_is_a_traceback_or_repeats_what_it_holds(x: XServer, status: int, body: str) -> None:
    x.fault(path="/by/username/", times=-1, status=status, body=body, headers={"x-rate-limit-reset": "1.5e"})
    with pytest.raises(BotError) as caught:
        read(opened(x))
    assert CANARY not in str(caught.value)


def test_a_compressed_bomb_is_not_unpacked(x: XServer, monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    monkeypatch.setattr(x_wire, "LARGEST_ANSWER", 1 << 20)
    bomb = gzip.compress(b" " * (50 << 20))
    answered = Answer(bomb, headers={"Content-Encoding": "gzip"})
    monkeypatch.setattr(x, "answer", lambda *_: answered)
    with pytest.raises(Deferred, match="larger than 1 MB"):
        read(opened(x))


# nothing leaks


def test_neither_token_nor_text_is_in_any_log_or_exception(
    x: XServer, caplog: pytest.LogCaptureFixture
) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger("tweepy").addHandler(handler)
    logging.getLogger("tweepy.client").setLevel(logging.DEBUG)
    said: list[str] = []
    try:
        with caplog.at_level(logging.DEBUG):
            source = opened(x)
            assert len(read(source)) == 250
            said.append(repr(source) + str(source) + repr(source.read("ada_example")))
            for fault in (
                {"status": 401, "body": f"{x.token} {CANARY}"},
                {"status": 500, "body": f"{x.token} {CANARY}"},
                {"status": 400, "problem": {"title": CANARY, "detail": x.token}},
                {"cut": "answer"},
                {"cut": "before"},
            ):
                x.faults.clear()
                x.fault(path="/tweets", times=-1, **fault)
                try:
                    read(opened(x))
                except BotError as error:
                    said.append("".join(traceback.format_exception(error)))
                    said.append(_all_it_holds(error))
    finally:
        logging.getLogger("tweepy").removeHandler(handler)
    everything = "\n".join([caplog.text, stream.getvalue(), *said])
    assert len(said) == 6 * 2 - 1
    assert x.token not in everything
    assert CANARY not in everything


def _all_it_holds(error: BaseException | None) -> str:
    """An exception, what it came from and their attributes, as an error reporter would send them."""
    parts = []
    while error is not None:
        request = getattr(error, "request", None)
        parts.append(f"{error!r} {error.args!r} {vars(error)!r} {getattr(request, 'headers', None)!r}")
        error = error.__context__ or error.__cause__
    return " ".join(parts)


def test_a_post_shows_no_text(x: XServer) -> None:
    (first, *_) = opened(x).read("ada_example").posts
    assert isinstance(first, Post)
    assert CANARY in first.text
    assert CANARY not in json.dumps(repr(first))
