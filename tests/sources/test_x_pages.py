"""Pages and payloads of source `x` that make no sense, and that nothing of them leaks."""

from __future__ import annotations

import io
import json
import logging
import traceback
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from hub_http import Answer
from x_clock import mark, numbers, opened
from x_server import XServer, error_payload, post
from x_specs import SPECS

from bot.errors import BotError, Deferred, SourceError
from bot.io import http
from bot.sources.posts import Post
from bot.sources.x.source import X

CANARY = "canarypost"


@pytest.fixture(params=SPECS)
def x(request: pytest.FixtureRequest) -> Iterator[XServer]:
    with XServer(request.param) as server:
        server.add("ada_example", [post(n, f"{CANARY} {n}") for n in range(250, 0, -1)])
        server.add("bob_example", posts=20)
        yield server


def read(source: X, handle: str = "ada_example", **more: Any) -> list[int]:
    return numbers(source.read(handle, **more))


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


def test_errors_beside_posts_are_reported_in_numbers(x: XServer) -> None:
    beside = error_payload("not-authorized-for-resource", "Authorization Error", "ids", "5")
    x.mangle = lambda payload, params: {**payload, **beside} if "max_results" in params else payload
    timeline = opened(x).read("bob_example")
    assert len(numbers(timeline)) == 20
    assert timeline.warnings == ["1 post is not for everybody and were left out"]


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
    assert timeline.warnings == ["1 damaged record was left out"]


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

    monkeypatch.setattr(http, "MAX_BYTES", 1 << 20)
    bomb = gzip.compress(b" " * (50 << 20))
    answered = Answer(bomb, headers={"Content-Encoding": "gzip"})
    monkeypatch.setattr(x, "answer", lambda *_: answered)
    with pytest.raises(Deferred, match="more than 1 MiB"):
        read(opened(x))


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
