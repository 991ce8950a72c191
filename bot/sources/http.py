"""Plain HTTP for networks that are read without a token: one session with time limits, retries and size caps.

Every failure is a sentence that names the host; none holds any of an answer's body, since bodies hold posts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from bot import __version__
from bot.errors import Deferred, SourceError
from bot.io.bounded import ANSWERS, Unreadable, read_json
from bot.sources.addresses import is_public, joined, split

_CHUNK = 1 << 16
_AT_ONCE = (500, 502, 503, 504, 520, 521, 522, 523, 524)  # the last five are Cloudflare's
_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, tries and bytes. A rate limit is waited for at most `waits` times of at most `wait_s` each:
    Mastodon's window is five minutes.
    """

    connect_s: float = 10.0
    read_s: float = 30.0
    answer_s: float = 90.0
    tries: int = 4
    backoff_s: float = 0.5
    waits: int = 3
    wait_s: float = 310.0
    unknown_wait_s: float = 30.0
    json_bytes: int = 16 << 20
    picture_bytes: int = 5 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: `value` is its JSON, None where it is none (which only an error's answer may lack)."""

    status: int
    value: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class _BrokenError(Exception):
    """An answer that may be whole the next time; the text says what it did."""


class Client:
    """GET, and nothing else. With `base` every request goes there, and its Host header says where it belongs.

    `homepage` is where a server's administrator finds who is reading. Without `base` only https on a public
    domain's usual port is asked, and a redirect to another host is refused: names come from strangers.
    """

    def __init__(
        self,
        *,
        base: str | None = None,
        homepage: str | None = None,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rerouted = bool(base)
        self._limits = limits or Limits()
        self._sleep = sleep
        self._now = now
        self._session = _Session()
        self._session.auth = _nobody  # else requests would look into ~/.netrc
        self._session.headers["User-Agent"] = f"mynah/{__version__}" + (f" (+{homepage})" if homepage else "")
        tries = self._limits.tries - 1
        retry = urllib3.Retry(
            total=tries,
            connect=min(2, tries),
            backoff_factor=self._limits.backoff_s,
            status_forcelist=_AT_ONCE,
            raise_on_status=False,
            respect_retry_after_header=False,  # it knows no upper bound; rate limits are waited for below
        )
        adapter = _Rerouted(base, retry) if base else HTTPAdapter(max_retries=retry)
        if base:
            self._session.trust_env = False
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def json(self, url: str, params: Mapping[str, str] | None = None) -> Answer:
        """The answer to a GET: any status but rate limits and failures of the server, with its JSON.

        Raises Deferred when a rate limit lasts longer than is waited for, SourceError for all that is no answer.
        """
        host, broken, waited = split(url).hostname, 0, 0
        while True:
            try:
                status, headers, body = self._get(url, params, self._limits.json_bytes)
                answer = Answer(status, _value(status, body), headers)
            except _BrokenError as error:
                broken += 1
                if broken == self._limits.tries:
                    raise SourceError(f"{host} {error}, {broken} times; run again later") from None
                self._sleep(self._limits.backoff_s * 2**broken)
                continue
            if status == 429 or (status == 503 and "Retry-After" in headers):
                self._wait(host, headers, waited)
                waited += 1
            elif status >= 500:
                raise SourceError(
                    f"{host} answered with status {status}, {self._limits.tries} times; run again later"
                )
            else:
                return answer

    def picture(self, url: str) -> bytes:
        """The bytes at `url`, as they are. Raises SourceError."""
        host = split(url).hostname
        try:
            status, _, body = self._get(url, None, self._limits.picture_bytes)
        except _BrokenError as error:
            raise SourceError(f"{host} {error}") from None
        if status != 200 or not body:
            raise SourceError(f"{host} answered with {f'status {status}' if status != 200 else 'nothing'}")
        return body

    def _get(
        self, url: str, params: Mapping[str, str] | None, most: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        for _ in range(_REDIRECTS + 1):
            host = self._checked(url)
            deadline = time.monotonic() + self._limits.answer_s
            timeout = (self._limits.connect_s, self._limits.read_s)
            try:
                with self._session.get(
                    url, params=params, timeout=timeout, stream=True, allow_redirects=False
                ) as response:
                    if not response.is_redirect:
                        return response.status_code, response.headers, _body(response, host, most, deadline)
                    url, params = joined(url, response.headers["Location"]), None
            except requests.exceptions.SSLError:
                raise SourceError(f"{host} has no valid certificate; nothing was read") from None
            except requests.RequestException as error:  # tried again by urllib3 already
                raise SourceError(f"{host} {_why_none(error, self._limits)}; run again later") from None
            except urllib3.exceptions.ReadTimeoutError:
                raise _BrokenError("stopped in the middle of its answer") from None
            except urllib3.exceptions.HTTPError:
                raise _BrokenError("answered with data that is cut short or damaged") from None
            target = split(url)
            if (target.scheme, target.hostname) != ("https", host):
                where = f" {target.hostname}" if is_public(target.hostname or "") else ""
                raise SourceError(
                    f"{host} sends its readers to another address{where}, which is not followed; "
                    "write the host that answers itself"
                )
        raise SourceError(f"{host} redirects in a circle")

    def _checked(self, url: str) -> str:
        """The host, if it may be asked. Raises SourceError."""
        parts = split(url)
        host = parts.hostname or ""
        if self._rerouted:
            return host
        if parts.scheme != "https" or parts.netloc.lower() != host:
            raise SourceError("an address that is no plain https:// one is not read")
        if not is_public(host):
            raise SourceError("an address on a host that is no public domain is not read")
        return host

    def _wait(self, host: str | None, headers: Mapping[str, str], waited: int) -> None:
        now = self._now()
        reset = _reset(headers, now)
        seconds = (reset - now).total_seconds() + 1 if reset else self._limits.unknown_wait_s * 2**waited
        if waited == self._limits.waits or seconds > self._limits.wait_s:
            until = f" until {reset:%Y-%m-%d %H:%M} UTC" if reset else ""
            raise Deferred(
                f"{host} allows no more requests{until}; what was read is kept, run again then",
                retry_at=reset,
            )
        self._sleep(max(seconds, 1.0))


def homepage(environment: Mapping[str, str]) -> str | None:
    """The repository whose Actions run this is: where a server's administrator finds the fleet, or None."""
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    page = f"{server}/{repository}"
    return page if re.fullmatch(r"https://[\w.-]+/[\w.-]+/[\w.-]+", page, re.ASCII) else None


class _Session(requests.Session):
    """Looks at no redirect, which requests does, body and all, even where it is told to follow none."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """See requests.Session."""
        return None


class _Rerouted(HTTPAdapter):
    """Sends everything to one base, for tests: path, query and host stay as they were."""

    def __init__(self, base: str, retry: urllib3.Retry) -> None:
        super().__init__(max_retries=retry)
        self._base = base.rstrip("/")

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """See HTTPAdapter."""
        request.headers["Host"] = urlsplit(request.url or "").netloc
        request.url = self._base + request.path_url
        return super().send(request, *args, **options)


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _body(response: requests.Response, host: str, most: int, deadline: float) -> bytes:
    """The whole body, unpacked. Raises _BrokenError, SourceError for one that is too large, and urllib3's errors."""
    data = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        data += chunk
        if len(data) > most:
            raise SourceError(f"{host} answered with more than {most >> 20} MiB; it was not read")
        if time.monotonic() > deadline:
            raise _BrokenError("was too slow with its answer")
    return bytes(data)


def _value(status: int, body: bytes) -> Any:
    try:
        return read_json(body, ANSWERS, "the answer")
    except Unreadable:
        if 200 <= status < 300:
            page = body.lstrip()[:1] == b"<"
            raise _BrokenError(f"answered with {'a web page' if page else 'damaged data'}") from None
        return None


def _why_none(error: requests.RequestException, limits: Limits) -> str:
    """Why there was no answer at all."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    timed_out = isinstance(reason, urllib3.exceptions.TimeoutError)
    if isinstance(
        reason, urllib3.exceptions.NewConnectionError
    ):  # a kind of timeout to urllib3, not to people
        timed_out = False
    if timed_out or isinstance(error, requests.Timeout):
        return f"gave no answer within {limits.read_s:g} seconds"
    if isinstance(error, requests.ConnectionError):
        return "could not be reached, or broke the connection off"
    return f"could not be asked ({type(error).__name__})"


def _reset(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When a rate limit ends, in UTC: seconds from now or since 1970, an HTTP date, or ISO 8601."""
    for name in ("Retry-After", "X-RateLimit-Reset", "RateLimit-Reset"):
        value = headers.get(name, "").strip()
        try:
            if re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]*)?", value):
                seconds = float(value)
                return (
                    now + timedelta(seconds=seconds)
                    if seconds < 1e9
                    else datetime.fromtimestamp(seconds, UTC)
                )
            if value:
                moment = parsedate_to_datetime(value) if "," in value else datetime.fromisoformat(value)
                return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError, OSError):
            continue
    return None
