"""Timeouts, retries and waits: bounded, jittered, and never longer than an operation may take."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hub_runs import hub_at
from hub_server import HubServer
from hub_versions import card, manifest
from huggingface_hub.utils import get_session  # type: ignore[attr-defined]

from bot.errors import HubError
from bot.hub.client import Operation, RetryingClient, operation
from bot.io.retry import RetryPolicy

pytest_plugins = ["hub_fixtures"]


@pytest.fixture
def naps() -> list[float]:
    """The seconds slept."""
    return []


@pytest.fixture
def policy(naps: list[float]) -> RetryPolicy:
    """The default's numbers, without the time they take."""
    return RetryPolicy(connect_s=0.5, read_s=0.3, sleep=naps.append)


def test_a_query_is_tried_four_times_with_growing_pauses(
    server: HubServer, policy: RetryPolicy, naps: list[float]
) -> None:
    server.fault(path="/api/models", times=-1, status=503)
    with pytest.raises(HubError, match="it answered 503 after 4 tries") as raised:
        hub_at(server, policy=policy).listing()
    assert raised.value.transient
    assert server.count("/api/models") == 4
    assert len(naps) == 3
    for nap, middle in zip(naps, (0.5, 1, 2), strict=True):
        assert 0.5 * middle <= nap <= 1.5 * middle


def test_pauses_differ_from_run_to_run(policy: RetryPolicy, naps: list[float]) -> None:
    for _ in range(20):
        assert Operation(policy).pause(1, None)
    assert len(set(naps)) > 10


@pytest.mark.parametrize("cut", ["before", "within", "after", "answer"])
def test_a_cut_while_listing_repeats_only_the_page(server: HubServer, policy: RetryPolicy, cut: str) -> None:
    server.page_size = 2
    for number in range(6):
        server.store.add(f"tester/m{number}", {"README.md": card(), "bot.json": manifest()})
    server.fault(path="/api/models", skip=1, cut=cut)
    assert len(hub_at(server, policy=policy).listing().repos) == 6
    assert server.count("/api/models") == 4


@pytest.mark.parametrize(
    "fault", [{"cut": "before"}, {"cut": "after"}, {"status": 500, "landed": True}], ids=str
)
def test_hiding_and_deleting_are_repeated_until_answered(
    server: HubServer, policy: RetryPolicy, fault: dict[str, Any]
) -> None:
    server.store.add("tester/ada", {"README.md": card()})
    server.fault(path="/settings", **fault)
    server.fault(path="/repos/delete", **fault)
    hub_at(server, policy=policy).hide("ada")
    assert server.store.repos["tester/ada"].private
    hub_at(server, policy=policy).delete("ada")
    assert not server.store.repos
    assert len(server.calls) == 4


def test_a_rate_limit_within_the_wait_is_waited_for(
    server: HubServer, policy: RetryPolicy, naps: list[float]
) -> None:
    server.fault(path="/api/models", status=429, headers={"Retry-After": "100"})
    assert not hub_at(server, policy=policy).listing().repos
    (nap,) = naps
    assert 99 <= nap <= 101


def test_the_waits_of_a_step_add_up(server: HubServer, policy: RetryPolicy, naps: list[float]) -> None:
    server.fault(path="/api/models", times=2, status=429, headers={"Retry-After": "70"})
    with pytest.raises(HubError, match="rate limit reached") as raised:
        hub_at(server, policy=policy).listing()
    assert len(naps) == 1
    assert raised.value.retry_at is not None


def test_a_wait_is_logged_with_its_length(
    server: HubServer, policy: RetryPolicy, naps: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    server.fault(path="/api/models", times=1, status=429, headers={"Retry-After": "70"})
    with caplog.at_level(logging.WARNING, "bot"):
        hub_at(server, policy=policy).listing()
    (record,) = caplog.records
    assert f"waiting {naps[0]:.0f} s" in record.getMessage()
    assert record.name.startswith("bot.")


def test_a_short_pause_is_not_logged(
    server: HubServer, policy: RetryPolicy, caplog: pytest.LogCaptureFixture
) -> None:
    server.fault(path="/api/models", times=1, status=503)
    with caplog.at_level(logging.WARNING, "bot"):
        hub_at(server, policy=policy).listing()
    assert not caplog.records


def test_a_date_in_the_answer_is_understood(
    server: HubServer, policy: RetryPolicy, naps: list[float]
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    server.fault(path="/api/models", status=429, headers={"Retry-After": later})
    with pytest.raises(HubError, match="makes sense again from") as raised:
        hub_at(server, policy=policy).listing()
    assert naps == []
    assert raised.value.retry_at is not None


@pytest.mark.usefixtures("_real_client")
@pytest.mark.parametrize(
    ("reaction", "words"),
    [(b"", "no answer in time"), (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", "no answer in time")],
    ids=["silent", "stops"],
)
def test_a_hub_that_goes_silent_does_not_hang_the_bot(
    policy: RetryPolicy, reaction: bytes, words: str
) -> None:
    with silent(reaction) as url:
        with pytest.raises(HubError, match=words) as raised:
            hub_at_url(url, policy)
        assert raised.value.transient


@pytest.mark.usefixtures("_real_client")
def test_an_answer_that_trickles_ends_at_the_limit() -> None:
    brief = RetryPolicy(connect_s=0.5, read_s=0.5, tries=1, wait_s=0.5)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    with silent(answer, drip=b"[") as url, pytest.raises(HubError, match="too slowly"):
        hub_at_url(url, brief)


@pytest.mark.usefixtures("_real_client")
def test_a_hub_that_is_not_there_is_an_error_that_may_pass(policy: RetryPolicy) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(HubError, match="no connection") as raised:
        hub_at_url(url, policy)
    assert raised.value.transient


def test_every_other_request_of_the_library_has_timeouts_too(server: HubServer) -> None:
    hub_at(server)
    client = get_session()
    assert isinstance(client, RetryingClient)
    assert client.timeout.connect == 10
    assert client.timeout.read == 60
    server.fault(times=-1, status=429, headers={"Retry-After": "3600"})
    with pytest.raises(HubError, match="rate limit reached"):
        client.get(f"{server.url}/anything")


def test_the_librarys_telemetry_is_never_waited_for(
    server: HubServer, policy: RetryPolicy, naps: list[float]
) -> None:
    hub_at(server)
    server.fault(path="agent-harnesses", status=503)
    with operation(policy):
        assert get_session().get(f"{server.url}/api/agent-harnesses").status_code == 503
    assert naps == []


def test_steps_inside_a_step_share_its_patience(policy: RetryPolicy) -> None:
    with operation(policy) as outer, operation(RetryPolicy()) as inner:
        assert inner is outer


def hub_at_url(url: str, policy: RetryPolicy) -> None:
    from bot.hub.huggingface import HuggingFaceHub

    HuggingFaceHub(url, "tester", token=None, policy=policy).listing()


class silent:  # noqa: N801 - reads as a word in a with statement
    """A server that accepts, sends `reaction`, and then `drip` every 50 ms, or nothing ever."""

    def __init__(self, reaction: bytes, drip: bytes = b"") -> None:
        self._reaction, self._drip, self._stop = reaction, drip, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for held in (*self._held, self._listener):
            held.close()

    def _serve(self) -> None:
        self._listener.settimeout(0.02)
        for _ in self._ticks():
            try:
                client, _ = self._listener.accept()
                client.sendall(self._reaction)
                self._held.append(client)
            except TimeoutError:
                pass
            for held in self._held if self._drip else ():
                with suppress(OSError):
                    held.sendall(self._drip)

    def _ticks(self) -> Iterator[None]:
        while not self._stop.wait(0.03):
            yield
