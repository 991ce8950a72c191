"""The Storage Bucket of a store: whether it is there and private, and making it, always private."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from bot.errors import BotError, SourceError, UsageError
from bot.sources.files import shown
from bot.store.backends import open_files
from bot.store.hub_api import hub_api
from bot.store.places import Place

State = Literal["missing", "public", "private"]


def state(place: Place) -> State:
    """Whether this token may use the bucket of a store. SourceError where the Hub does not say.

    One that exists and may not be seen is missing, too: the Hub does not distinguish them.
    """
    from huggingface_hub.errors import HfHubHTTPError

    with _calling(place, "look at the bucket"):
        try:
            info = hub_api().bucket_info(place.container)
        except HfHubHTTPError as error:
            if error.response.status_code == 404:
                return "missing"
            raise
    return "private" if info.private else "public"


def make(place: Place) -> None:
    """Makes the bucket, private; one that was made meanwhile stays as it is. SourceError where it may not be made."""
    with _calling(place, "make the bucket"):
        hub_api().create_bucket(place.container, private=True, exist_ok=True)


def check(place: Place) -> None:
    """UsageError for a bucket that is missing or that everybody can read."""
    match state(place):
        case "missing":
            raise UsageError(
                f"store {shown(place.url)}: there is no such bucket, or the token may not see it; {how_to_make(place)}"
            )
        case "public":
            raise UsageError(f"store {shown(place.url)}: {public(place)}")
        case "private":
            return


def how_to_make(place: Place) -> str:
    """The two calls that make the bucket."""
    return f"make it with `hf buckets create {place.container} --private`, or with `bot doctor --fix`"


def public(place: Place) -> str:
    """What to do where the bucket is open to everybody."""
    return (
        "EVERYBODY CAN READ THIS BUCKET, and it is meant for people's posts; close it now with "
        f"`hf buckets settings {place.container} --private`"
    )


@contextmanager
def _calling(place: Place, what: str) -> Iterator[None]:
    from bot.hub.client import install, operation
    from bot.hub.errors import translated
    from bot.io.retry import RetryPolicy

    open_files(place)  # says which version of the client is needed, where this one is too old
    install()
    token = hub_api().token
    try:
        with operation(RetryPolicy()), translated(what, token if isinstance(token, str) else None):
            yield
    except BotError as error:
        raise SourceError(f"store {shown(place.url)}: {error}") from None
