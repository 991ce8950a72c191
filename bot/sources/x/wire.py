"""One request to X: tweepy's client with timeouts, answers of bounded size, and an address that can be moved.

tweepy sets no timeout, reads whatever it is sent, and prints token and posts at DEBUG: none of it happens here.
"""

from __future__ import annotations

import io
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import tweepy
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from bot.sources.x.answers import Answer

LARGEST_ANSWER = 16 << 20
"""Bytes; a page of a hundred long posts stays far below a tenth of it."""

_CHUNK = 1 << 16
_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]+")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, between two bytes of an answer, and for an answer in all."""

    connect: float = 10.0
    silence: float = 30.0
    answer: float = 90.0


class Wire:
    """Sends requests with the token and gives back what came, whatever it was; raises nothing of the network's."""

    def __init__(self, token: str, base: str | None, timeouts: Timeouts) -> None:
        _mute_logger("tweepy.client")
        self._client = tweepy.Client(bearer_token=token, return_type=requests.Response)
        self._client.session.auth = _keep_auth
        self._client.session.trust_env = base is None  # the environment's proxies are for the real X
        self._client.session.mount("https://", _Bounded(base, timeouts))

    def ask(self, route: str, params: Mapping[str, str]) -> Answer:
        """GETs a route of the API, such as `/2/users/1`. A request is sent once: trying again is another's work."""
        # tweepy's get_user and its like know tweet.fields, and not post.fields; so its request is called directly.
        return _send(lambda: self._client.request("GET", route, params=dict(params)))


def check_base(base: str) -> str:
    """The address to send every request to instead, without a slash at its end. Raises ValueError if it is none."""
    parts = urlsplit(base)
    good = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc) and parts.port != 0
    if not good or parts.query or parts.fragment:
        raise ValueError
    return base.rstrip("/")


class _Refusal(Exception):
    """Carries what is no page past tweepy, whose own exceptions trust body and headers, and fail on hostile ones."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class _Bounded(HTTPAdapter):
    """Reads an answer within its limits of time and size; one that is not 200 ends the request at once."""

    def __init__(self, base: str | None, timeouts: Timeouts) -> None:
        super().__init__()
        self._base = base
        self._timeouts = timeouts

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        """See HTTPAdapter; raises _Refusal for all that is no good answer."""
        request = request.copy()
        if self._base is not None:
            parts = urlsplit(request.url or "")
            request.url = self._base + parts.path + (f"?{parts.query}" if parts.query else "")
        options["stream"] = True
        options["timeout"] = (self._timeouts.connect, self._timeouts.silence)
        response = super().send(request, **options)
        body, lost = self._body(response)
        response.close()
        if lost or response.status_code != 200:
            raise _Refusal(Answer(response.status_code, response.headers, body, lost))
        whole = requests.Response()
        whole.status_code, whole.headers, whole.raw = 200, response.headers, io.BytesIO(body)
        whole.url, whole.request = response.url, request
        return whole

    def _body(self, response: requests.Response) -> tuple[bytes, str]:
        body = bytearray()
        end = time.monotonic() + self._timeouts.answer
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > LARGEST_ANSWER:
                return b"", f"the answer is larger than {LARGEST_ANSWER >> 20} MB"
            if time.monotonic() > end:
                return b"", f"the answer took longer than {self._timeouts.answer:.0f} seconds"
        return bytes(body), ""


def _send(request: Callable[[], requests.Response]) -> Answer:
    try:
        response = request()
        return Answer(response.status_code, response.headers, response.content)
    except _Refusal as refusal:
        return refusal.answer
    except requests.ConnectTimeout:
        return Answer(lost="X cannot be reached: connecting took too long", sent=False)
    except requests.Timeout:
        return Answer(lost="X did not answer in time")
    except requests.exceptions.ProxyError:
        return Answer(lost="X cannot be reached: the proxy does not let it through", sent=False)
    except requests.exceptions.SSLError:
        return Answer(lost="X cannot be reached: its certificate is not trusted here", sent=False)
    except requests.ConnectionError as error:
        reason = getattr(error.args[0] if error.args else None, "reason", None)
        if isinstance(reason, NewConnectionError):
            return Answer(lost="X cannot be reached: look at the network and at X_API_BASE", sent=False)
        return Answer(lost="the connection to X broke off")
    except (requests.RequestException, HTTPError):
        return Answer(lost="the answer of X broke off or is damaged")


def _keep_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Stands in for what a .netrc would put into the place of the token."""
    return request


def _mute_logger(name: str) -> None:
    """Keeps a logger quiet for good: tweepy's says the token and every post, whatever level is set later."""
    log = logging.getLogger(name)
    if _nothing not in log.filters:
        log.addFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False
