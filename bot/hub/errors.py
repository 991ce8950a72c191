"""Translation of every exception of the client library into one of our errors.

Each says what failed, why in the Hub's own words, whether it is transient, and what to do. It contains no header, no
query of an address and no token; the library's exception is dropped, since it can hold all three.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from huggingface_hub.utils import httpx  # type: ignore[attr-defined]

from bot.errors import BotError, ConflictError, CredentialsError, HubError
from bot.sources.files import shown

_ADVICE = {
    400: "fix what the Hub names",
    404: "check the namespace, and that the token may see the repo",
    409: "somebody else is changing the same repo: run again",
    412: "somebody else's commit came first: run the plan again",
    413: "the Hub does not accept this much in one request",
}


@contextmanager
def translated(what: str, secret: str | None) -> Iterator[None]:
    """Raises every failure of the client inside as a HubError or CredentialsError: "could not `what`: …".

    Only calls of the library belong inside: a bug of ours would be reported as a failure of the Hub.
    """
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, EOFError, HubError) as error:
        raise translate(error, what, secret) from None
    except (RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise translate(error, what, secret) from None


def translate(error: BaseException, what: str, secret: str | None) -> BotError:
    """The error to raise for `error`, or for the cause in its chain that explains it: "could not `what`: …"."""
    links = list(_chain(error))
    if isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError):
        return HubError(_text(what, str(error), secret))  # of the library's own: it says more than the answer
    for link in links:
        if isinstance(link, HubError):
            kind = ConflictError if isinstance(link, ConflictError) else HubError
            text = _text(what, str(link), secret)
            return kind(text, transient=link.transient, retry_at=link.retry_at)
        response = getattr(link, "response", None)
        if isinstance(response, httpx.Response):
            return _of_response(response, what, secret)
    cause = links[-1]
    if isinstance(cause, (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)):
        reason = f"{type(cause).__name__}: look at HF_ENDPOINT and HF_TOKEN"  # its text may quote the token
        return HubError(_text(what, reason, secret))
    if broken := next((link for link in links if isinstance(link, httpx.TransportError)), None):
        return HubError(_text(what, f"the connection broke ({broken}): run again", secret), transient=True)
    if isinstance(cause, json.JSONDecodeError):
        reason = "the Hub answered with something that is not JSON, an error page perhaps: run again later"
        return HubError(_text(what, reason, secret), transient=True)
    if isinstance(cause, OSError):
        refused = (
            re.search(r"\b4(?!08|29)\d\d [A-Z]", str(cause)) is not None
        )  # as Xet puts it: 403 Forbidden
        return HubError(_text(what, str(cause) or type(cause).__name__, secret), transient=not refused)
    return HubError(_text(what, f"the answer was not understood ({type(cause).__name__}: {cause})", secret))


def _of_response(response: httpx.Response, what: str, secret: str | None) -> BotError:
    status = response.status_code
    words = _server_words(response)
    reason = f"the Hub answered {status}" + (f" ({words})" if words else "")
    with_token = "authorization" in response.request.headers
    if response.headers.get("X-Error-Code") == "GatedRepo":
        return HubError(_text(what, f"{reason}; ask its owner for access", secret))
    if status == 401:
        advice = (
            "the token is invalid or has expired, or may not see this" if with_token else "it needs a token"
        )
        return CredentialsError(_text(what, f"{reason}; {advice}: set HF_TOKEN to a valid one", secret))
    if status == 403 and with_token:
        advice = (
            "the token may not do this: make one with write access to the namespace, and set HF_TOKEN to it"
        )
        return CredentialsError(_text(what, f"{reason}; {advice}", secret))
    if status in (409, 412):
        return ConflictError(_text(what, f"{reason}; {_ADVICE[status]}", secret))
    if status in (403, 408, 429) or status >= 500:  # a 403 of the storage: its signed address has run out
        return HubError(_text(what, f"{reason}; run again later", secret), transient=True)
    return HubError(_text(what, f"{reason}; {_ADVICE.get(status, 'report it with this line')}", secret))


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    for _ in range(8):
        if link is None:
            return
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _server_words(response: httpx.Response) -> str:
    """The Hub's own error message in an answer, shortened; empty for an HTML page."""
    words: Any = response.headers.get("X-Error-Message")
    if not words:
        try:
            body = json.loads(response.content)
        except (ValueError, RecursionError, httpx.StreamError):
            return ""
        words = body.get("error") if isinstance(body, dict) else None
    return str(words)[:300] if isinstance(words, str) else ""


def _text(what: str, reason: str, secret: str | None) -> str:
    """One printable line, without the token even where the Hub repeats it."""
    line = shown(" ".join(f"could not {what}: {reason}".split()))
    line = re.sub(r"(https?://[^\s?]*)\?\S*", r"\1", line)  # signatures stand in queries
    line = "".join(character for character in line if character.isprintable())
    return line.replace(secret, "[token]") if secret else line
