"""Updates without a stored token: a workflow's own identity, exchanged for a token as a publication begins.

The Hub calls this Trusted Publishers. Such a token lives one hour and writes to one repo that exists, so new
repos and removals still need HF_TOKEN, and it stands in where an exchange fails.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from huggingface_hub.utils import get_session, hf_raise_for_status, httpx  # type: ignore[attr-defined]

from bot.errors import CredentialsError, HubError
from bot.hub import WAIT_S
from bot.hub.client import RequestFailed, step
from bot.hub.huggingface import HuggingFaceHub
from bot.io.retry import RetryPolicy
from bot.sources.files import shown

_LOG = logging.getLogger(__name__)
_IDENTITY = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
_FAILURES = (
    httpx.HTTPError,
    httpx.InvalidURL,
    HubError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
)
_TRIES = 2
"""A token may end while large files go up: then one more is asked for."""


class KeylessHub(HuggingFaceHub):
    """The Hub, where updates are published with a token made for each of them. HF_TOKEN, if any, does the rest.

    A refusal is one repo's matter here and never a CredentialsError: the next repo has a publisher of its own.
    """

    def __init__(
        self,
        endpoint: str,
        namespace: str,
        *,
        token: str | None,
        wait_s: float = WAIT_S,
        pace: RetryPolicy | None = None,
    ) -> None:
        # A secret that is not set is an empty variable in a workflow, and here that is what was meant.
        super().__init__(endpoint, namespace, token=(token or "").strip() or None, wait_s=wait_s, pace=pace)

    def check(self, *, write: bool, create: bool = False) -> None:
        """As HuggingFaceHub's, and that the job may prove who it is. HF_TOKEN need not be able to write."""
        if not write:
            return super().check(write=False)
        if lack := lacking(os.environ):
            if self._token is None:
                raise CredentialsError(f"{lack}, or set HF_TOKEN")
            _LOG.warning("%s; HF_TOKEN is used instead", lack)
            return super().check(write=True)
        super().check(write=False)
        if create:
            try:
                super().check(write=True)
            except CredentialsError as error:
                raise HubError(
                    f"a new repo needs HF_TOKEN, since BOT_KEYLESS only updates: {error}"
                ) from None
        return None

    def publish(
        self,
        name: str,
        files: Mapping[str, Path | bytes],
        *,
        parent: str | None,
        message: str,
        remove: Collection[str] = (),
    ) -> str:
        """As HuggingFaceHub's; an update with a token of its own, and with HF_TOKEN where there is none."""
        repo_id = self._repo_id(name)
        if parent is None:
            self._require_token(f"making {repo_id}")
        if parent is None or lacking(os.environ):
            return super().publish(name, files, parent=parent, message=message, remove=remove)
        with step(self._pace):
            failure: HubError
            for _ in range(_TRIES):
                try:
                    token = exchange(repo_id, self.endpoint)
                except HubError as error:
                    failure = error
                    break
                passing = HuggingFaceHub(self.endpoint, self._namespace, token=token, pace=self._pace)
                try:
                    return passing.publish(name, files, parent=parent, message=message, remove=remove)
                except CredentialsError as error:
                    failure = HubError(f"with the token that the Hub gave for it, {error}")
            if self._token is None:
                text = f"{failure}; there is no HF_TOKEN to use instead"
                raise HubError(text, transient=failure.transient, retry_at=failure.retry_at)
            _LOG.warning("%s is published with HF_TOKEN and not keyless: %s", repo_id, failure)
            try:
                return super().publish(name, files, parent=parent, message=message, remove=remove)
            except CredentialsError as error:
                raise HubError(f"{failure}; and with HF_TOKEN: {error}") from None

    def hide(self, name: str) -> None:
        """Makes a repo private, with HF_TOKEN."""
        self._require_token(f"hiding {self._repo_id(name)}")
        super().hide(name)

    def delete(self, name: str) -> None:
        """Deletes a repo and its history, with HF_TOKEN."""
        self._require_token(f"deleting {self._repo_id(name)}")
        super().delete(name)

    def _require_token(self, doing: str) -> None:
        """HubError, for this repo alone, unless HF_TOKEN may write: other repos can still be updated."""
        if lacking(os.environ):
            return
        try:
            super().check(write=True)
        except CredentialsError as error:
            raise HubError(f"{doing} needs HF_TOKEN, since BOT_KEYLESS only updates: {error}") from None


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether BOT_KEYLESS asks for this. CredentialsError where it is neither yes nor no."""
    text = environment.get("BOT_KEYLESS", "").strip().lower()
    if text not in {"", "0", "1", "false", "true", "no", "yes"}:
        raise CredentialsError(f"BOT_KEYLESS is {text[:20]!r}: set it to true or false")
    return text in {"1", "true", "yes"}


def lacking(environment: Mapping[str, str]) -> str | None:
    """Why this process cannot prove who it is, and what to do about it; None when it can."""
    try:
        from huggingface_hub import _oidc  # noqa: F401 - the library has no public name for it
    except ImportError:
        return (
            "BOT_KEYLESS needs huggingface_hub's exchange of identities, new in 1.19: install another version"
        )
    if all(environment.get(name) for name in _IDENTITY):
        return None
    return (
        "BOT_KEYLESS is set and this process has no identity to show: run it in a job of GitHub Actions with "
        "`permissions: id-token: write` (see docs/keyless.md)"
    )


def exchange(repo_id: str, endpoint: str) -> str:
    """A token that writes to this repo for an hour. HubError says which half failed, and holds no token."""
    from huggingface_hub._oidc import exchange_oidc_token

    try:
        identity = _identity(endpoint)
    except _FAILURES as error:
        text = f"GitHub did not say who this job is ({_reason(error)}): run it again later"
        raise _error(text, error) from None
    try:
        token = exchange_oidc_token(subject_token=identity, resource=repo_id, endpoint=endpoint)[
            "access_token"
        ]
        if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
            raise TypeError
    except _FAILURES as error:
        status = _status(error)
        advice = "run it again later"
        if status is not None and 400 <= status < 500:
            settings = f"{shown(endpoint)}/{repo_id}/settings"
            advice = (
                f"add this repository and workflow as a trusted publisher at {settings} (see docs/keyless.md)"
            )
        text = f"the Hub gave no token for {repo_id} ({_reason(error, secret=identity)}): {advice}"
        raise _error(text, error) from None
    return token


def _identity(audience: str) -> str:
    """GitHub's word on who this job is. The library's own call would drop the query that the address comes with."""
    address, key = (os.environ[name] for name in _IDENTITY)
    url = httpx.URL(address).copy_merge_params({"audience": audience})
    response = get_session().get(url, headers={"Authorization": f"Bearer {key}"})
    hf_raise_for_status(response)
    identity = response.json()["value"]
    if not isinstance(identity, str):
        raise TypeError
    return identity


def _error(text: str, error: BaseException) -> HubError:
    status = _status(error)
    known = error if isinstance(error, HubError) else None
    transient = known.transient if known else status is None or status == 408 or status >= 500
    return HubError(text, transient=transient, retry_at=known.retry_at if known else None)


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    return response.status_code if isinstance(response, httpx.Response) else None


def _reason(error: BaseException, *, secret: str | None = None) -> str:
    """One line on what went wrong: never an address's query, a header, or more of a body than its error's words."""
    if isinstance(error, RequestFailed):
        return str(error)
    response = getattr(error, "response", None)
    if not isinstance(response, httpx.Response):
        return (
            "its answer was not understood"
            if not isinstance(error, httpx.HTTPError)
            else type(error).__name__
        )
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError, httpx.StreamError):
        body = None
    words = [body.get(key) for key in ("error", "error_description")] if isinstance(body, dict) else []
    said = ", ".join(word for word in words if isinstance(word, str) and word)
    said = "".join(letter for letter in " ".join(said.split()) if letter.isprintable())
    said = (said.replace(secret, "[token]") if secret else said)[:200]
    return f"it answered {response.status_code}{f', {said}' if said else ''}"
