"""The place of the store: a bucket that is missing or open to everybody, and places that keep what is deleted."""

from __future__ import annotations

from collections.abc import Iterator

from bot.cli.doctor.finding import Finding
from bot.errors import BotError, UsageError
from bot.sources.files import shown


def examine(url: str, *, fix: bool) -> Iterator[Finding]:
    """Yields what prevents keeping posts at this place. With `fix` a missing bucket is created, private."""
    from bot.store import retention
    from bot.store.places import place_of

    try:
        place = place_of(url)
        if place.kind == "bucket":
            yield from _bucket(url, fix=fix)
            return
        kept = retention.ask(place)
        try:
            retention.check_new(place, kept)
        except UsageError as error:
            yield Finding("store", "missing", str(error), error.exit_code)
            return
        if text := retention.warning(place, kept):
            yield Finding("store", "warning", text)
        if place.kind in ("dataset", "model"):
            from bot.store.repo_history import open_repo

            repo = open_repo(place)
            if repo.is_public():
                text = f"EVERYBODY CAN READ {repo.shown}, and it holds people's posts; close it now with"
                call = f"hf repos settings {repo.repo_id} --type {repo.kind} --private"
                yield Finding("store", "missing", f"{shown(url)}: {text} `{call}`")
    except BotError as error:
        yield Finding("store", "missing", str(error), error.exit_code)


def _bucket(url: str, *, fix: bool) -> Iterator[Finding]:
    from bot.store import bucket
    from bot.store.places import place_of

    place = place_of(url)
    state = bucket.state(place)
    if state == "missing" and fix:
        bucket.make(place)
        state = bucket.state(place)
        if state == "private":
            yield Finding("store", "ok", f"made the private bucket {place.container}")
    match state:
        case "missing":
            text = f"{shown(url)}: there is no such bucket, or the token may not see it; {bucket.how_to_make(place)}"
            yield Finding("store", "missing", text)
        case "public":
            yield Finding("store", "missing", f"{shown(url)}: {bucket.public(place)}")
        case "private":
            return
