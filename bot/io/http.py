"""HTTP for everything but the Hub: a session that sends one bounded request, and a client that retries and waits.

Every failure is a sentence that names the host; none holds any of a response's body, since bodies hold posts.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from bot import __version__
from bot.errors import BotError, Deferred, SourceError
from bot.io.addresses import is_public, joined, split
from bot.io.bounded import ANSWERS, Unreadable, read_json
from bot.io.retry import RetryPolicy, retry_after

MAX_BYTES = 16 << 20
"""Bytes of a response's body, decompressed: a page of posts stays far below a tenth of it."""

MAX_PICTURE_BYTES = 5 << 20

POLICY = RetryPolicy(read_s=30.0, answer_s=90.0, wait_s=310.0)
"""Of networks that are read without a token: Mastodon's window for rate limits is five minutes."""

_UNKNOWN_WAIT_S = 30.0  # the first wait for a rate limit that does not say when it ends
_MAX_REDIRECTS = 3
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: `value` is its JSON, None where the body is no JSON (possible for errors only)."""

    status: int
    value: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class NoAnswer(SourceError):
    """A request got no usable response; the text says what the server did: `gave no answer within 30 seconds`.

    `sent`: the server may have received the request. `transient`: another try may succeed. `status` is 0 where
    there was no response at all.
    """

    def __init__(self, message: str, *, sent: bool = True, transient: bool = True, status: int = 0) -> None:
        super().__init__(message)
        self.sent = sent
        self.transient = transient
        self.status = status


class _RateLimited(Exception):
    """A response that refuses more requests for `seconds`, until the time `reset` (UTC), where it says."""

    def __init__(self, seconds: float | None, now: datetime) -> None:
        super().__init__()
        self.seconds = seconds
        self.reset = now + timedelta(seconds=seconds) if seconds is not None else None


class Session(requests.Session):
    """Sends a request once, within a policy's time limits, and reads at most `MAX_BYTES` of the response.

    Follows no redirect and reads no ~/.netrc. With `proxies` the environment's proxies and certificates count.
    """

    def __init__(self, policy: RetryPolicy, *, proxies: bool = True, base: str | None = None) -> None:
        """With `base` every request goes there; its Host header names the host that it was meant for."""
        super().__init__()
        self._policy = policy
        self.trust_env = proxies
        self.auth = _no_auth  # else requests would look into ~/.netrc
        for scheme in ("https://", "http://"):
            self.mount(scheme, _BoundedAdapter(policy, base))

    def request(self, *args: Any, **options: Any) -> requests.Response:
        """Sends a request as `requests.Session.request` does. Raises NoAnswer, and nothing of requests or urllib3."""
        try:
            return super().request(*args, **options)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            failure = _no_answer(error, self._policy)
        raise failure  # here, so that it does not carry along the request with its token

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: requests would read a redirect's body even with allow_redirects=False."""
        return None


class Client:
    """Reads JSON and pictures: repeats failed requests, waits for rate limits, follows redirects on the same host.

    `base` reroutes all requests, for tests. `homepage` is where a server's administrator finds who is reading.
    Hosts are untrusted, so only https on a public domain's usual port is asked, unless `trusted` or rerouted.
    """

    def __init__(
        self,
        *,
        base: str | None = None,
        homepage: str | None = None,
        headers: Mapping[str, str] | None = None,
        policy: RetryPolicy = POLICY,
        trusted: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._any_host = trusted or bool(base)
        self._policy = policy
        self._now = now
        self._session = Session(policy, proxies=not base, base=base)
        self._session.headers["User-Agent"] = f"mynah/{__version__}" + (f" (+{homepage})" if homepage else "")
        self._session.headers.update(headers or {})

    def json(
        self, url: str, params: Mapping[str, str] | None = None, *, method: str = "GET", value: object = None
    ) -> Answer:
        """The response to a request that sends `value` as JSON: any status except rate limits and server errors.

        A POST that the server may have received is never repeated. Raises Deferred when a rate limit lasts
        longer than the policy waits, NoAnswer for everything that is no usable response.
        """
        host, attempt, waited = split(url).hostname, 0, 0.0
        while True:
            attempt += 1
            failure: BotError
            try:
                return self._json(method, url, params, value)
            except _RateLimited as limit:
                until = f" until {limit.reset:%Y-%m-%d %H:%M} UTC" if limit.reset else ""
                message = f"{host} allows no more requests{until}; what was read is kept, run again then"
                failure, repeatable = Deferred(message, retry_at=limit.reset), True
                unknown = _UNKNOWN_WAIT_S * 2 ** (attempt - 1)
                seconds = unknown if limit.seconds is None else limit.seconds + 1
            except NoAnswer as error:
                failure, seconds = _final(error, host, attempt), self._policy.backoff_s(attempt)
                repeatable = error.transient and not (method == "POST" and error.sent)
            if not repeatable or attempt >= self._policy.tries or waited + seconds > self._policy.wait_s:
                raise failure
            waited += seconds
            self._policy.wait(seconds, f"{host} (try {attempt} of {self._policy.tries})")

    def picture(self, url: str) -> bytes:
        """The bytes of a picture, requested once. Raises NoAnswer."""
        host = split(url).hostname
        try:
            response = self._follow("GET", url, None, None)
        except NoAnswer as error:
            raise _final(error, host, 1) from None
        status, body = response.status_code, response.content
        if status != 200 or not body:
            raise NoAnswer(f"{host} answered with {f'status {status}' if status != 200 else 'nothing'}")
        if len(body) > MAX_PICTURE_BYTES:
            raise NoAnswer(f"{host} answered with a picture of more than {MAX_PICTURE_BYTES >> 20} MiB")
        return body

    def _json(self, method: str, url: str, params: Mapping[str, str] | None, value: object) -> Answer:
        """One try. Raises _RateLimited and NoAnswer."""
        response = self._follow(method, url, params, value)
        status, headers = response.status_code, response.headers
        if status == 429 or (status == 503 and "Retry-After" in headers and method != "POST"):
            now = self._now()
            raise _RateLimited(retry_after(headers, now), now)
        if status >= 500:
            raise NoAnswer(f"answered with status {status}", status=status)
        return Answer(status, _value(status, response.content), headers)

    def _follow(
        self, method: str, url: str, params: Mapping[str, str] | None, value: object
    ) -> requests.Response:
        """The response after redirects. Raises NoAnswer."""
        for _ in range(_MAX_REDIRECTS + 1):
            origin = self._checked(url)
            response = self._session.request(method, url, params=params, json=value)
            if not response.is_redirect:
                return response
            url, params = joined(url, response.headers["Location"]), None
            target = split(url)
            if (target.scheme, target.netloc.lower()) != origin:
                where = f" {target.hostname}" if is_public(target.hostname or "") else ""
                raise NoAnswer(
                    f"sends its readers to another address{where}, which is not followed; "
                    "write the host that answers itself",
                    transient=False,
                )
        raise NoAnswer("redirects in a circle", transient=False)

    def _checked(self, url: str) -> tuple[str, str]:
        """Scheme and host of an address that may be asked. Raises SourceError."""
        parts = split(url)
        scheme, host = parts.scheme, parts.netloc.lower()
        if not self._any_host and (scheme != "https" or host != parts.hostname):
            raise SourceError("an address that is no plain https:// one is not read")
        if not self._any_host and not is_public(host):
            raise SourceError("an address on a host that is no public domain is not read")
        return scheme, host


def homepage(environment: Mapping[str, str]) -> str | None:
    """The repository whose Actions run this is: where a server's administrator finds the fleet, or None."""
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    page = f"{server}/{repository}"
    return page if re.fullmatch(r"https://[\w.-]+/[\w.-]+/[\w.-]+", page, re.ASCII) else None


class _BoundedAdapter(HTTPAdapter):
    """Reads the whole body within the limits of time and size, and reroutes requests to a base."""

    def __init__(self, policy: RetryPolicy, base: str | None) -> None:
        super().__init__()
        self._policy = policy
        self._base = base.rstrip("/") if base else None

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        """Sends as `HTTPAdapter.send` does; raises NoAnswer beside its exceptions and urllib3's."""
        if self._base:
            request.headers["Host"] = urlsplit(request.url or "").netloc
            request.url = self._base + request.path_url
        options |= {"stream": True, "timeout": (self._policy.connect_s, self._policy.read_s)}
        deadline = time.monotonic() + self._policy.answer_s
        response = super().send(request, **options)
        with response:
            body = _body(response, deadline)
        response.raw = io.BytesIO(body)
        return response


def _body(response: requests.Response, deadline: float) -> bytes:
    """The whole body, decompressed. Raises NoAnswer and urllib3's exceptions."""
    data = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        data += chunk
        if len(data) > MAX_BYTES:
            reason = f"answered with more than {MAX_BYTES >> 20} MiB; it was not read"
            raise NoAnswer(reason, transient=False)
        if time.monotonic() > deadline:
            raise NoAnswer("was too slow with its answer")
    return bytes(data)


def _value(status: int, body: bytes) -> Any:
    """The JSON of a body; None where an error's body is none. Raises NoAnswer for a good status without JSON."""
    try:
        return read_json(body, ANSWERS, "the answer")
    except Unreadable:
        if not 200 <= status < 300:
            return None
    page = body.lstrip()[:1] == b"<"
    raise NoAnswer(f"answered with {'a web page' if page else 'damaged data'}", status=status)


def _final(error: NoAnswer, host: str | None, attempts: int) -> NoAnswer:
    """The failure of a request that is not repeated, as a sentence."""
    times = f", {attempts} times" if attempts > 1 else ""
    later = "; run again later" if error.transient else ""
    return NoAnswer(f"{host} {error}{times}{later}", transient=error.transient, status=error.status)


def _no_answer(error: Exception, policy: RetryPolicy) -> NoAnswer:
    """What went wrong on the way, from an exception of requests (before the body) or of urllib3 (within it)."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    match error:
        case requests.ConnectTimeout():
            return NoAnswer(f"could not be reached within {policy.connect_s:g} seconds", sent=False)
        case requests.Timeout():
            return NoAnswer(f"gave no answer within {policy.read_s:g} seconds")
        case requests.exceptions.ProxyError():
            return NoAnswer("could not be reached: the proxy does not let it through", sent=False)
        case requests.exceptions.SSLError():
            return NoAnswer("has no valid certificate; nothing was read", sent=False, transient=False)
        case requests.ConnectionError() if isinstance(cause, urllib3.exceptions.NewConnectionError):
            return NoAnswer("could not be reached", sent=False)
        case requests.ConnectionError() if isinstance(cause, urllib3.exceptions.TimeoutError):
            return NoAnswer(f"gave no answer within {policy.read_s:g} seconds")
        case requests.ConnectionError():
            return NoAnswer("broke the connection off")
        case urllib3.exceptions.ReadTimeoutError():
            return NoAnswer("stopped in the middle of its answer")
        case urllib3.exceptions.HTTPError():
            return NoAnswer("answered with data that is cut short or damaged")
    return NoAnswer(f"could not be asked ({type(error).__name__})", sent=False, transient=False)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leaves a request as it is: stands in for what a .netrc would put into the place of a token."""
    return request
