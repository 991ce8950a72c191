"""HTTP for the test Hub: a threaded server that logs every call and breaks the ones it is told to break."""

from __future__ import annotations

import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Protocol
from urllib.parse import urlsplit

from hub_repos import Refusal, Token

Cut = Literal["before", "within", "after", "answer"]


@dataclass(slots=True)
class Fault:
    """What happens to `times` requests (-1: all) that match, after the first `skip` of them.

    `cut` drops the connection: before the request is read, within its body, after it was carried out, within
    the answer. `status` answers instead, carrying the request out all the same if `landed`. Delays in seconds.
    """

    path: str = "."
    method: str | None = None
    skip: int = 0
    times: int = 1
    delay_s: float = 0.0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    landed: bool = False
    cut: Cut | None = None
    hook: Callable[[], object] | None = None
    """Called when the fault strikes; with `landed` after the request was carried out."""

    def strikes(self, method: str, target: str) -> bool:
        if self.times == 0 or self.method not in (None, method) or not re.search(self.path, target):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    status: int | str
    size: int


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Answers(Protocol):
    """What the server needs of the Hub behind it."""

    tokens: dict[str, Token]
    faults: list[Fault]
    calls: list[Call]
    bugs: list[Exception]
    lock: threading.RLock

    def answer(self, method: str, target: str, token: Token | None, body: bytes) -> Answer:
        """Carries a request out, or raises Refusal."""
        ...


class Server(ThreadingHTTPServer):
    hub: Answers
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what the tests are about; anything else is a fault of the test Hub."""
        error = sys.exc_info()[1]
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self.hub.bugs.append(error)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        hub = self.server.hub
        size = int(self.headers.get("Content-Length", 0))
        with hub.lock:
            fault = next((f for f in hub.faults if f.strikes(self.command, self.path)), Fault(times=0))
        if fault.delay_s:
            time.sleep(fault.delay_s)
        if fault.cut in ("before", "within"):
            self._log("cut", self.rfile.read(size // 2) if fault.cut == "within" else b"")
            return self._drop()
        body = self.rfile.read(size)
        if fault.hook and not fault.landed:
            fault.hook()
        if fault.status is None or fault.landed:
            answer = self._carry_out(body)
        if fault.hook and fault.landed:
            fault.hook()
        if fault.status is not None:
            text = fault.body if fault.body is not None else json.dumps({"error": f"injected {fault.status}"})
            answer = Answer(text.encode(), fault.status, fault.headers)
        self._log("cut" if fault.cut else answer.status, body)
        if fault.cut == "after":
            return self._drop()
        head = f"HTTP/1.1 {answer.status} .\r\nContent-Length: {len(answer.body)}\r\n"
        head += "".join(f"{key}: {value}\r\n" for key, value in answer.headers.items()) + "\r\n"
        data = head.encode() + (b"" if self.command == "HEAD" else answer.body)
        if fault.cut == "answer":
            self.wfile.write(data[: max(10, len(data) - max(1, len(answer.body) // 2))])
            return self._drop(politely=True)
        with suppress(ConnectionError):
            self.wfile.write(data)
        return None

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _carry_out(self, body: bytes) -> Answer:
        hub = self.server.hub
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        token = hub.tokens.get(given)
        try:
            if given and (token is None or token.expired):
                raise Refusal(401, "Invalid credentials in Authorization header")
            with hub.lock:
                return hub.answer(self.command, self.path, token, body)
        except Refusal as refusal:
            words = json.dumps({"error": refusal.words}).encode()
            return Answer(words, refusal.status, refusal.headers)

    def _log(self, status: int | str, body: bytes) -> None:
        with self.server.hub.lock:
            self.server.hub.calls.append(Call(self.command, urlsplit(self.path).path, status, len(body)))

    def _drop(self, politely: bool = False) -> None:
        self.close_connection = True
        if not politely:  # a reset, as of a machine that is gone
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(OSError):
            self.wfile.flush()
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Silence: the calls are kept in `HubServer.calls`."""
