"""How patient the bot is with the Hub: timeouts on every call, few retries, a limit on all waiting of a step.

The client library has no timeout, retries some calls on its own and sleeps as long as a 429 asks. Here one rule
holds for all of them: a request of a step is either answered, repeated where that is safe, or given up at once.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import huggingface_hub
from huggingface_hub.utils import disable_progress_bars, get_session, httpx  # type: ignore[attr-defined]

from bot.errors import HubError
from bot.io.retry import RetryPolicy, retry_after

_LOG = logging.getLogger(__name__)
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_BUSY = "another conflicting operation is in progress"  # the library repeats a create on this without end
_BEST_EFFORT = (
    "/api/agent-harnesses"  # the library's telemetry: it has a timeout, and its failure is no matter
)
# The batch of a bucket sets files to contents, so that a second one changes nothing more.
_QUERIES = ("/preupload/", "/batch/", "/verify", "/validate-yaml", "/paths-info/", "/oauth/token/")


@dataclass(slots=True)
class Step:
    """What one call of the bot has used up so far. `commit_sent`: a commit may have landed, whatever came back."""

    pace: RetryPolicy
    waited_s: float = 0.0
    commit_sent: bool = field(default=False)

    def pause(self, attempt: int, wanted_s: float | None) -> bool:
        """Sleeps before the next try: what the Hub asked for, else exponentially longer, both with jitter.

        False, at once and without sleeping, when the step's waiting would exceed its limit.
        """
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries, guards nothing
        seconds = self.pace.backoff_s(attempt) * jitter
        if wanted_s is not None:
            seconds = wanted_s + min(1.0, self.pace.pause_s) * (jitter - 0.5)
        if attempt >= self.pace.tries or self.waited_s + seconds > self.pace.wait_s:
            return False
        self.waited_s += seconds
        if seconds > 5:
            _LOG.info("the Hub asks for patience: waiting %.0f s", seconds)
        self.pace.sleep(seconds)
        return True


class RequestFailed(HubError):
    """A request that got no usable answer. Names the request, never its headers, body or query."""


_STEP: ContextVar[Step | None] = ContextVar("step", default=None)


@contextmanager
def step(pace: RetryPolicy) -> Iterator[Step]:
    """All requests of this thread inside share one `Step`; nested steps are one."""
    outer = _STEP.get()
    if outer is not None:
        yield outer
        return
    current = Step(pace)
    token = _STEP.set(current)
    try:
        yield current
    finally:
        _STEP.reset(token)


class RetryingClient(httpx.Client):
    """An HTTP client that keeps to a `RetryPolicy`. Outside a step (downloads, upload threads) it only sets timeouts
    and turns a 429 that asks for more than the default wait into an error instead of letting the library sleep.
    """

    def request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Response:
        """As `httpx.Client.request`, without its warning about files in `data`, where the library puts them."""
        if options.get("data") is not None and not isinstance(options["data"], Mapping):
            options["content"] = options.pop("data")
        return super().request(method, url, **options)

    def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Sends one request as often as is safe and allowed. `RequestFailed` when that did not help."""
        current = _STEP.get()
        if current is None or request.url.path.endswith(_BEST_EFFORT):
            return self._send_once(request, stream, options, RetryPolicy())
        request.extensions = {**request.extensions, "timeout": _timeout(current.pace).as_dict()}
        if stream or not isinstance(request.stream, httpx.ByteStream):
            # A file on its way up: only the library can rewind it, so its own few retries hold.
            return self._send_once(request, stream, options, current.pace)
        attempt, started = 0, time.monotonic()
        while True:
            attempt += 1
            status: int | None = None
            wanted: float | None = None
            current.commit_sent |= request.method == "POST" and "/commit/" in request.url.path
            try:
                response = super().send(request, stream=True, **options)
                _read(response, min(current.pace.answer_s, current.pace.wait_s))
            except (httpx.UnsupportedProtocol, httpx.LocalProtocolError):
                raise  # a fault of the address or of a header: no other try would help
            except httpx.TransportError as error:
                reason = f"{_kind(error)} ({error})" if str(error) else _kind(error)
                unsent = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
            else:
                status = response.status_code
                busy = status == 409 and _BUSY in response.text
                if status not in _TRANSIENT and not busy:
                    return response
                wanted = retry_after(response.headers, datetime.now(UTC))
                reason = "rate limit reached" if status == 429 else f"it answered {status}"
                unsent = status == 429 or busy
            late = time.monotonic() - started > current.pace.wait_s
            if late or not (unsent or _repeatable(request)) or not current.pause(attempt, wanted):
                raise unanswered(request, reason, attempt, wanted if status in (429, 503) else None) from None

    def _send_once(
        self, request: httpx.Request, stream: bool, options: dict[str, Any], pace: RetryPolicy
    ) -> httpx.Response:
        response = super().send(request, stream=stream, **options)
        wanted = retry_after(response.headers, datetime.now(UTC)) if response.status_code == 429 else None
        if wanted is not None and wanted > pace.wait_s:
            response.close()
            raise unanswered(request, "rate limit reached", 1, wanted)
        return response


def unanswered(request: httpx.Request, reason: str, tries: int, wait_s: float | None) -> RequestFailed:
    """The error for a request given up: `wait_s` (seconds) is what the Hub asked to wait, if it did."""
    often = f" after {tries} tries" if tries > 1 else ""
    later = datetime.now(UTC) + timedelta(seconds=wait_s) if wait_s else None
    until = f"; it makes sense again from {later:%Y-%m-%d %H:%M:%S} UTC" if later else ""
    where = f"{request.method} {request.url.scheme}://{request.url.netloc.decode()}{request.url.path}"
    return RequestFailed(f"{reason}{often}, at {where}{until}", transient=True, retry_at=later)


def _repeatable(request: httpx.Request) -> bool:
    """Whether a request that may have been carried out may be sent again: it reads, or sets what it set."""
    if request.method == "POST":
        return any(part in f"{request.url.path}/" for part in _QUERIES)
    return request.method in ("GET", "HEAD", "PUT", "DELETE")


def _read(response: httpx.Response, limit_s: float) -> None:
    """Reads the whole answer here, so that a cut within it counts as a failed try; bounds a trickle as well."""
    response.stream = _Bounded(response.stream, time.monotonic() + limit_s)
    try:
        response.read()
    except BaseException:
        response.close()
        raise


class _Bounded(httpx.SyncByteStream):
    def __init__(self, stream: Any, until: float) -> None:
        self._stream, self._until = stream, until

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("the answer came in too slowly")
            yield chunk

    def close(self) -> None:
        self._stream.close()


def _kind(error: httpx.TransportError) -> str:
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        return "no connection"
    return "no answer in time" if isinstance(error, httpx.TimeoutException) else "the connection broke"


def _timeout(pace: RetryPolicy) -> httpx.Timeout:
    return httpx.Timeout(pace.read_s, connect=pace.connect_s)


_INSTALL = threading.Lock()
_installed = False


_XET = {"CONNECT_TIMEOUT": "10s", "READ_TIMEOUT": "60s", "RETRY_MAX_ATTEMPTS": "3", "RETRY_BASE_DELAY": "1s"}
"""Xet uploads run outside Python, deaf to `Retry-After` and with six minutes of retries of their own."""


def install() -> None:
    """Makes the client library use `RetryingClient`, once in a process, and quiets what it would print or log."""
    global _installed
    with _INSTALL:
        if _installed:
            get_session()  # made here once: threads that all ask for it first would each make one
            return
        hooks = get_session().event_hooks  # the library's own: offline mode, request ids
        huggingface_hub.set_client_factory(
            lambda: RetryingClient(event_hooks=hooks, follow_redirects=True, timeout=_timeout(RetryPolicy()))
        )
        disable_progress_bars()
        for name, value in _XET.items():
            os.environ.setdefault(f"HF_XET_CLIENT_{name}", value)
        for name in ("httpcore", "httpcore2", "httpx", "httpx2"):  # they log signed addresses and all headers
            logging.getLogger(name).setLevel(logging.WARNING)
        _installed = True
