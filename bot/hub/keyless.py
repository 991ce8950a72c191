"""Updates without a stored token: a workflow's identity is exchanged for a token for each publication.

The Hub calls this Trusted Publishers. Such a token is valid for one hour and for one existing repo, so new repos
and removals still need HF_TOKEN, which is also used where an exchange fails.
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
from bot.hub.client import RequestFailed, operation
from bot.hub.huggingface import HuggingFaceHub
from bot.hub.protocol import WAIT_S
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
"""A token may expire while large files are uploaded; then another one is requested."""


class KeylessHub(HuggingFaceHub):
    """The Hub, where each update is published with its own token, and everything else with HF_TOKEN, if set.

    A refusal is a HubError of one repo and never a CredentialsError: the next repo has a publisher of its own.
    """

    def __init__(
        self,
        endpoint: str,
        namespace: str,
        *,
        token: str | None,
        wait_s: float = WAIT_S,
        policy: RetryPolicy | None = None,
    ) -> None:
        # A secret that is not set is an empty variable in a workflow, and is allowed here.
        super().__init__(
            endpoint, namespace, token=(token or "").strip() or None, wait_s=wait_s, policy=policy
        )

    def check(self, *, write: bool, create: bool = False) -> None:
        """As HuggingFaceHub's, but requires an identity of the job instead of a HF_TOKEN that can write."""
        if not write:
            return super().check(write=False)
        if reason := unavailable_reason(os.environ):
            if self._token is None:
                raise CredentialsError(f"{reason}, or set HF_TOKEN")
            _LOG.warning("%s; HF_TOKEN is used instead", reason)
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
        """As HuggingFaceHub's, with a token for this update alone; with HF_TOKEN where none is granted."""
        repo_id = self._repo_id(name)
        if parent is None:
            self._require_token(f"making {repo_id}")
        if parent is None or unavailable_reason(os.environ):
            return super().publish(name, files, parent=parent, message=message, remove=remove)
        with operation(self._policy):
            failure: HubError
            for _ in range(_TRIES):
                try:
                    token = exchange(repo_id, self.endpoint)
                except HubError as error:
                    failure = error
                    break
                keyless = HuggingFaceHub(self.endpoint, self._namespace, token=token, policy=self._policy)
                try:
                    return keyless.publish(name, files, parent=parent, message=message, remove=remove)
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
        if unavailable_reason(os.environ):
            return
        try:
            super().check(write=True)
        except CredentialsError as error:
            raise HubError(f"{doing} needs HF_TOKEN, since BOT_KEYLESS only updates: {error}") from None


def is_enabled(environment: Mapping[str, str]) -> bool:
    """Whether BOT_KEYLESS is set to true. CredentialsError where it is neither true nor false."""
    text = environment.get("BOT_KEYLESS", "").strip().lower()
    if text not in {"", "0", "1", "false", "true", "no", "yes"}:
        raise CredentialsError(f"BOT_KEYLESS is {text[:20]!r}: set it to true or false")
    return text in {"1", "true", "yes"}


def unavailable_reason(environment: Mapping[str, str]) -> str | None:
    """Why this process has no identity to exchange, and what to do about it; None when it has one."""
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
    """A token that can write to this repo for an hour. HubError names the request that failed, and no token."""
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
    """The job's identity token from GitHub. The library's own call would drop the query of the address."""
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
    """One line on a failure, without the query of an address, a header, or more of a body than its error."""
    if isinstance(error, RequestFailed):
        return str(error)
    response = getattr(error, "response", None)
    if isinstance(response, httpx.Response):
        words = _server_words(response)
        words = (words.replace(secret, "[token]") if secret else words)[:200]
        return f"it answered {response.status_code}{f', {words}' if words else ''}"
    return type(error).__name__ if isinstance(error, httpx.HTTPError) else "its answer was not understood"


def _server_words(response: httpx.Response) -> str:
    """The error and its description in a JSON answer, printable and on one line."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError, httpx.StreamError):
        body = None
    values = [body.get(key) for key in ("error", "error_description")] if isinstance(body, dict) else []
    line = " ".join(", ".join(value for value in values if isinstance(value, str) and value).split())
    return "".join(character for character in line if character.isprintable())
