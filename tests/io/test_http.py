from __future__ import annotations

import gzip
import json
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hub_http import Answer
from social_server import SocialServer

from bot.errors import Deferred, SourceError
from bot.io import http
from bot.io.http import POLICY, Client, homepage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://example.social/data.json"


def printed(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@pytest.fixture
def net() -> Iterator[SocialServer]:
    with SocialServer() as net:
        net.files["/data.json"] = Answer(b'{"all": "well"}')
        yield net


class Patient(Client):
    """A client of the test server that notes how long it would have slept."""

    def __init__(self, net: SocialServer, **limits: Any) -> None:
        self.slept: list[float] = []
        policy = replace(POLICY, **{"pause_s": 0.5, "read_s": 5.0, "sleep": self.slept.append, **limits})
        super().__init__(base=net.url, policy=policy, now=lambda: NOW)


def test_json_comes_with_its_status_and_headers(net: SocialServer) -> None:
    answer = Client(base=net.url, homepage="https://github.com/my-org/my-bots").json(URL, {"limit": "40"})
    assert (answer.status, answer.value) == (200, {"all": "well"})
    (asked,) = net.asked
    assert (asked.host, asked.path, asked.query) == ("example.social", "/data.json", {"limit": "40"})
    assert asked.headers["User-Agent"].startswith("mynah/")
    assert asked.headers["User-Agent"].endswith("(+https://github.com/my-org/my-bots)")
    assert "Authorization" not in asked.headers


def test_an_answers_repr_holds_no_body(net: SocialServer) -> None:
    assert "well" not in repr(Patient(net).json(URL))


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_a_failure_of_the_server_is_tried_again(net: SocialServer, status: int) -> None:
    net.fault(status=status, times=3, body="canary")
    assert Patient(net).json(URL).status == 200
    assert net.count("/data.json") == 4


def test_a_failure_that_stays_is_a_sentence_without_the_body(net: SocialServer) -> None:
    net.fault(status=502, times=-1, body="<html>canary</html>")
    with pytest.raises(
        SourceError, match=r"example\.social answered with status 502, 4 times; run again later"
    ) as caught:
        Patient(net).json(URL)
    assert "canary" not in printed(caught.value)
    assert net.count("/data.json") == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_a_refusal_is_an_answer(net: SocialServer, status: int) -> None:
    net.fault(status=status, body='{"error": "no"}')
    answer = Patient(net).json(URL)
    assert (answer.status, answer.value) == (status, {"error": "no"})


def test_a_refusal_in_html_has_no_value(net: SocialServer) -> None:
    net.fault(status=403, body="<html>canary</html>")
    assert Patient(net).json(URL).value is None


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"status": 200, "body": "<!doctype html><p>canary"}, "answered with a web page, 4 times"),
        ({"status": 200, "body": '{"canary": '}, "answered with damaged data, 4 times"),
        ({"status": 200, "body": ""}, "answered with damaged data, 4 times"),
        ({"status": 200, "body": "[" * 100_000}, "answered with damaged data, 4 times"),
        ({"cut": "answer"}, "answered with data that is cut short or damaged, 4 times"),
        ({"cut": "after"}, "broke the connection off"),
    ],
)
def test_an_answer_that_is_none_is_tried_again_and_then_said(
    net: SocialServer, fault: dict[str, Any], sentence: str
) -> None:
    net.fault(**fault, times=1)
    assert Patient(net).json(URL).value == {"all": "well"}
    net.fault(**fault, times=-1)
    with pytest.raises(SourceError, match=sentence) as caught:
        Patient(net).json(URL)
    assert "canary" not in printed(caught.value)


def test_a_server_that_never_answers_is_left_after_a_time(net: SocialServer) -> None:
    net.fault(delay_s=0.4, times=-1)
    with pytest.raises(SourceError, match=r"example\.social gave no answer within 0\.1 seconds"):
        Patient(net, read_s=0.1, tries=2).json(URL)


def test_nobody_listening_is_a_sentence(net: SocialServer) -> None:
    client = Client(base="http://127.0.0.1:1", policy=replace(POLICY, pause_s=0.0))
    with pytest.raises(SourceError, match=r"example\.social could not be reached"):
        client.json(URL)


def test_an_endless_answer_is_not_read(net: SocialServer, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(json.dumps("0" * (3 << 20)).encode())
    assert len(packed) < 10_000
    net.files["/data.json"] = Answer(packed, headers={"Content-Encoding": "gzip"})
    assert len(Patient(net).json(URL).value) == 3 << 20
    monkeypatch.setattr(http, "MAX_PICTURE_BYTES", 2 << 20)
    with pytest.raises(SourceError, match=r"example\.social answered with a picture of more than 2 MiB"):
        Patient(net).picture(URL)
    monkeypatch.setattr(http, "MAX_BYTES", 1 << 20)
    before = net.count("/data.json")
    with pytest.raises(SourceError, match=r"example\.social answered with more than 1 MiB"):
        Patient(net).json(URL)
    assert net.count("/data.json") == before + 1
    with pytest.raises(SourceError, match="more than 1 MiB"):
        Patient(net).picture(URL)


def test_an_answer_in_drops_ends_at_the_deadline(net: SocialServer) -> None:
    net.files["/data.json"] = Answer(b"[" + b" " * 300_000 + b"]")
    with pytest.raises(SourceError, match="was too slow with its answer, 4 times"):
        Patient(net, answer_s=-1.0).json(URL)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "20"}, 21),
        ({"Retry-After": "Sun, 01 Mar 2026 12:01:00 GMT"}, 61),
        ({"RateLimit-Reset": str(int(NOW.timestamp()) + 40)}, 41),
        ({"ratelimit-reset": "40"}, 41),
        ({"X-RateLimit-Reset": "2026-03-01T12:04:00.000000Z"}, 241),
        ({"X-RateLimit-Reset": "2026-03-01T11:00:00.000000Z"}, 1),
        ({"X-RateLimit-Reset": "soon"}, 30),
        ({"X-RateLimit-Reset": "9" * 12}, 30),
        ({}, 30),
    ],
)
def test_a_rate_limit_is_waited_for(net: SocialServer, headers: dict[str, str], seconds: float) -> None:
    net.fault(status=429, headers=headers)
    client = Patient(net)
    assert client.json(URL).status == 200
    assert client.slept == [seconds]


def test_a_rate_limit_that_lasts_is_deferred_to_its_end(net: SocialServer) -> None:
    net.fault(status=429, headers={"X-RateLimit-Reset": "2026-03-01T13:00:00Z"}, body="canary")
    client = Patient(net)
    with pytest.raises(
        Deferred, match=r"example\.social allows no more requests until 2026-03-01 13:00 UTC"
    ) as caught:
        client.json(URL)
    assert caught.value.retry_at == NOW + timedelta(hours=1)
    assert client.slept == []
    assert "canary" not in printed(caught.value)


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "1"}])
def test_a_rate_limit_that_always_comes_again_is_deferred(net: SocialServer, headers: dict[str, str]) -> None:
    net.fault(status=429, headers=headers, times=-1)
    client = Patient(net)
    with pytest.raises(Deferred, match="allows no more requests"):
        client.json(URL)
    assert len(client.slept) == 3
    assert net.count("/data.json") == 4


def test_a_server_at_rest_that_names_a_time_is_waited_for(net: SocialServer) -> None:
    net.fault(status=503, headers={"Retry-After": "20"}, times=2)
    client = Patient(net)
    assert client.json(URL).status == 200
    assert client.slept == [21, 21]
    assert net.count("/data.json") == 3


def test_a_redirect_on_the_same_host_is_followed(net: SocialServer) -> None:
    net.fault(status=308, headers={"Location": "/data.json?again=1"})
    assert Patient(net).json(URL, {"limit": "1"}).status == 200
    assert net.asked[-1].query == {"again": "1"}
    net.fault(status=302, headers={"Location": URL}, times=-1)
    with pytest.raises(SourceError, match="redirects in a circle"):
        Patient(net).json(URL)


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://other.social/data.json", "another address other.social, which"),
        ("http://example.social/data.json", "another address example.social, which"),
        ("https://169.254.169.254/latest", "another address, which"),
        ("//[::1/x", "another address, which"),
        ("file:///etc/passwd", "another address, which"),
    ],
)
def test_a_redirect_to_another_host_is_refused(net: SocialServer, location: str, named: str) -> None:
    net.fault(status=302, headers={"Location": location})
    with pytest.raises(SourceError, match=named):
        Patient(net).json(URL)
    assert len(net.calls) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[::1/",
        "https://localhost/",
        "https://printer.local/",
        "https://metadata.google.internal/",
        "https://router/",
        "https://example.com:8443/",
        "https://user:secret@example.com/",
        "https://ex\u00e4mple.com/",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_that_is_not_public_is_not_asked(url: str) -> None:
    with pytest.raises(SourceError, match=r"is not read$") as caught:
        Client().json(url)
    assert "secret" not in str(caught.value)
    with pytest.raises(SourceError, match=r"is not read$"):
        Client().picture(url)


def test_a_picture_comes_as_it_is(net: SocialServer) -> None:
    net.files["/avatar.png"] = Answer(b"\x89PNG")
    assert Patient(net).picture("https://cdn.example.social/avatar.png") == b"\x89PNG"
    assert net.asked[-1].host == "cdn.example.social"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"status": 404}, r"cdn\.example\.social answered with status 404"),
        ({"status": 429}, "answered with status 429"),
        ({"status": 200, "body": ""}, "answered with nothing"),
        ({"cut": "answer"}, "cut short"),
        ({"status": 302, "headers": {"Location": "https://elsewhere.social/a.png"}}, "another address"),
    ],
)
def test_a_picture_that_does_not_come_is_a_sentence(
    net: SocialServer, fault: dict[str, Any], sentence: str
) -> None:
    net.files["/avatar.png"] = Answer(b"\x89PNG")
    net.fault(**fault)
    with pytest.raises(SourceError, match=sentence):
        Patient(net).picture("https://cdn.example.social/avatar.png")


def test_the_home_page_is_the_repository_whose_actions_run_this() -> None:
    server, repository = "https://github.com", "my-org/my-bots"
    assert (
        homepage({"GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": repository}) == f"{server}/{repository}"
    )
    assert homepage({}) is None
    assert homepage({"GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": "a/b)\r\nX: y"}) is None


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        ({"status": 502}, 1),
        ({"cut": "before"}, 1),
        ({"cut": "answer"}, 1),
        ({"status": 503, "headers": {"Retry-After": "1"}}, 1),
        ({"status": 429}, 2),
    ],
)
def test_a_post_that_may_have_arrived_is_sent_once(
    net: SocialServer, fault: dict[str, Any], requests: int
) -> None:
    net.fault(**fault)
    with suppress(SourceError):
        Patient(net).json(URL, method="POST", value={})
    assert len(net.calls) == requests


def test_a_failure_carries_neither_the_request_nor_its_token(net: SocialServer) -> None:
    client = Client(
        base="http://127.0.0.1:1", headers={"Authorization": "Bearer canary"}, policy=replace(POLICY, tries=1)
    )
    with pytest.raises(SourceError) as caught:
        client.json(URL)
    error: BaseException | None = caught.value
    while error is not None:
        assert not hasattr(error, "request")
        error = error.__context__


def test_the_waits_of_a_request_add_up(net: SocialServer) -> None:
    net.fault(status=429, headers={"Retry-After": "200"}, times=-1)
    client = Patient(net)
    with pytest.raises(Deferred, match="allows no more requests"):
        client.json(URL)
    assert client.slept == [201]
