"""One request to X: tweepy's client with the bounded session of `bot.io.http`, and an address that can be moved.

tweepy logs the token and every post at DEBUG, and its exceptions fail on hostile bodies: neither happens here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import tweepy

from bot.io.http import NoAnswer, Session
from bot.io.retry import RetryPolicy
from bot.sources.x.answers import Answer

_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]+")


class Wire:
    """Sends requests with the token and returns the answer, whatever it is; raises no error of the network."""

    def __init__(self, token: str, base: str | None, policy: RetryPolicy) -> None:
        logging.getLogger("tweepy.client").disabled = True  # whatever level is set later
        self._client = tweepy.Client(bearer_token=token, return_type=requests.Response)
        self._client.session = _Session(policy, base)

    def get(self, route: str, params: Mapping[str, str]) -> Answer:
        """GETs a route of the API, such as `/2/users/1`, once."""
        # tweepy's get_user and its like know tweet.fields, and not post.fields; so its request is called directly.
        try:
            response = self._client.request("GET", route, params=dict(params))
        except _Refusal as refusal:
            response = refusal.response
        except NoAnswer as error:
            return Answer(lost=f"X {error}", sent=error.sent)
        return Answer(response.status_code, response.headers, response.content)


def check_base(base: str) -> str:
    """The address to send every request to instead, without a slash at its end. Raises ValueError if it is none."""
    parts = urlsplit(base)
    good = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc) and parts.port != 0
    if not good or parts.query or parts.fragment:
        raise ValueError
    return base.rstrip("/")


class _Refusal(Exception):
    """Carries a response that is not 200 past tweepy."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self.response = response


class _Session(Session):
    """Sends requests to the base, if there is one. Raises _Refusal for every status except 200."""

    def __init__(self, policy: RetryPolicy, base: str | None) -> None:
        super().__init__(policy, proxies=base is None)  # the environment's proxies are for the real X
        self._base = base

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """Sends a request as `Session.request` does."""
        if self._base is not None:
            url = self._base + urlsplit(url).path
        response = super().request(method, url, **options)
        if response.status_code != 200:
            raise _Refusal(response)
        return response
