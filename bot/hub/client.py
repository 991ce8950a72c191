"""HTTP policy for the Hub: timeouts, bounded retries, and a limit on all waits of an operation.

The client library has no timeout, retries some calls on its own and sleeps as long as a 429 asks. Here one rule
holds for all of them: a request of an operation is answered, repeated where that is safe, or given up at once.
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
from bot.io.retry import LOGGED_WAIT_S, RetryPolicy, retry_after

_LOG = logging.getLogger(__name__)
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_BUSY = "another conflicting operation is in progress"  # the library repeats a create on this without end
_BEST_EFFORT = "/api/agent-harnesses"  # the library's telemetry: it has a timeout, and may fail

# A second batch of a bucket sets the same files to the same contents, so it changes nothing.
_REPEATABLE_POSTS = ("/preupload/", "/batch/", "/verify", "/validate-yaml", "/paths-info/", "/oauth/token/")


@dataclass(slots=True)
class Operation:
    """One call of the bot, of one or more requests: the seconds it has waited so far, of those `policy` allows.

    `commit_sent` is True once a commit may have landed, whatever the answer.
    """

    policy: RetryPolicy
    waited_s: float = 0.0
    commit_sent: bool = field(default=False)

    def pause(self, attempt: int, retry_after_s: float | None) -> bool:
        """Sleeps before the next try: as long as the Hub asked, else exponentially longer, both with jitter.

        False, at once and without sleeping, after the last try or when the waits would exceed the limit.
        """
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries, guards nothing
        seconds = self.policy.backoff_s(attempt) * jitter
        if retry_after_s is not None:
            seconds = retry_after_s + min(1.0, self.policy.pause_s) * (jitter - 0.5)
        if attempt >= self.policy.tries or self.waited_s + seconds > self.policy.wait_s:
            return False
        self.waited_s += seconds
        if seconds >= LOGGED_WAIT_S:
            reason = "as the Hub asked" if retry_after_s is not None else "before the Hub is tried again"
            _LOG.warning("waiting %.0f s, %s (try %d of %d)", seconds, reason, attempt + 1, self.policy.tries)
        self.policy.sleep(seconds)
        return True


class RequestFailed(HubError):
    """A request without a usable answer. Its text names the request, never its headers, body or query."""


_OPERATION: ContextVar[Operation | None] = ContextVar("operation", default=None)


@contextmanager
def operation(policy: RetryPolicy) -> Iterator[Operation]:
    """Makes all requests of this thread inside share one `Operation`; a nested call yields the outer one."""
    outer = _OPERATION.get()
    if outer is not None:
        yield outer
        return
    current = Operation(policy)
    token = _OPERATION.set(current)
    try:
        yield current
    finally:
        _OPERATION.reset(token)


@dataclass(frozen=True, slots=True)
class _Failure:
    """One try without a usable answer. `unsent`: the Hub has not carried the request out."""

    reason: str
    unsent: bool
    status: int | None = None
    retry_after_s: float | None = None


class RetryingClient(httpx.Client):
    """An HTTP client that follows the `RetryPolicy` of the current operation.

    Outside an operation (downloads, upload threads) it sets timeouts, and raises for a 429 that asks for more than
    the default wait, where the library would sleep.
    """

    def request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Response:
        """See `httpx.Client.request`; avoids its warning about files in `data`, where the library puts them."""
        if options.get("data") is not None and not isinstance(options["data"], Mapping):
            options["content"] = options.pop("data")
        return super().request(method, url, **options)

    def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Sends one request, and repeats it where that is safe and allowed. RequestFailed when no try succeeds."""
        current = _OPERATION.get()
        if current is None or request.url.path.endswith(_BEST_EFFORT):
            return self._send_once(request, stream, options, RetryPolicy())
        request.extensions = {**request.extensions, "timeout": _timeout(current.policy).as_dict()}
        if stream or not isinstance(request.stream, httpx.ByteStream):
            # An upload of a file: only the library can rewind it, so its own few retries hold.
            return self._send_once(request, stream, options, current.policy)
        current.commit_sent |= request.method == "POST" and "/commit/" in request.url.path
        attempt, started = 1, time.monotonic()
        while isinstance(result := self._try(request, options, current.policy), _Failure):
            late = time.monotonic() - started > current.policy.wait_s
            safe = result.unsent or _is_repeatable(request)
            if late or not safe or not current.pause(attempt, result.retry_after_s):
                asked_s = result.retry_after_s if result.status in (429, 503) else None
                raise unanswered(request, result.reason, attempt, asked_s) from None
            attempt += 1
        return result

    def _try(
        self, request: httpx.Request, options: dict[str, Any], policy: RetryPolicy
    ) -> httpx.Response | _Failure:
        try:
            response = super().send(request, stream=True, **options)
            _read(response, min(policy.answer_s, policy.wait_s))
        except (httpx.UnsupportedProtocol, httpx.LocalProtocolError):
            raise  # a fault of the address or of a header: no other try would help
        except httpx.TransportError as error:
            reason = f"{_kind(error)} ({error})" if str(error) else _kind(error)
            unsent = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
            return _Failure(reason, unsent)
        status = response.status_code
        busy = status == 409 and _BUSY in response.text
        if status not in _TRANSIENT and not busy:
            return response
        reason = "rate limit reached" if status == 429 else f"it answered {status}"
        wanted = retry_after(response.headers, datetime.now(UTC))
        return _Failure(reason, status == 429 or busy, status, wanted)

    def _send_once(
        self, request: httpx.Request, stream: bool, options: dict[str, Any], policy: RetryPolicy
    ) -> httpx.Response:
        response = super().send(request, stream=stream, **options)
        wanted = retry_after(response.headers, datetime.now(UTC)) if response.status_code == 429 else None
        if wanted is not None and wanted > policy.wait_s:
            response.close()
            raise unanswered(request, "rate limit reached", 1, wanted)
        return response


def unanswered(request: httpx.Request, reason: str, tries: int, wait_s: float | None) -> RequestFailed:
    """The error for a request that was given up; `wait_s` is how long the Hub asked to wait, if it did."""
    often = f" after {tries} tries" if tries > 1 else ""
    later = datetime.now(UTC) + timedelta(seconds=wait_s) if wait_s else None
    until = f"; it makes sense again from {later:%Y-%m-%d %H:%M:%S} UTC" if later else ""
    where = f"{request.method} {request.url.scheme}://{request.url.netloc.decode()}{request.url.path}"
    return RequestFailed(f"{reason}{often}, at {where}{until}", transient=True, retry_at=later)


def _is_repeatable(request: httpx.Request) -> bool:
    """Whether a request that may have been carried out may be sent again: it reads, or is idempotent."""
    if request.method == "POST":
        return any(part in f"{request.url.path}/" for part in _REPEATABLE_POSTS)
    return request.method in ("GET", "HEAD", "PUT", "DELETE")


def _read(response: httpx.Response, limit_s: float) -> None:
    """Reads the whole answer within `limit_s`, so that a cut or a trickle in its body fails this try."""
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


def _timeout(policy: RetryPolicy) -> httpx.Timeout:
    return httpx.Timeout(policy.read_s, connect=policy.connect_s)


_INSTALL = threading.Lock()
_installed = False

_XET = {"CONNECT_TIMEOUT": "10s", "READ_TIMEOUT": "60s", "RETRY_MAX_ATTEMPTS": "3", "RETRY_BASE_DELAY": "1s"}
"""Xet uploads run outside Python: they ignore `Retry-After` and retry for six minutes by default."""


def install() -> None:
    """Makes the client library use `RetryingClient`, once in a process, and turns its own output off."""
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
