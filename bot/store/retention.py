"""Deleted files that a store's place keeps: reported in every run, refused for a new store, erased by a purge."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import SourceError, UsageError
from bot.sources.files import shown
from bot.store.backends import open_files
from bot.store.erasure import Erasure
from bot.store.files import Files
from bot.store.layout import is_ours
from bot.store.places import Place


@dataclass(frozen=True, slots=True)
class Retention:
    """Whether the place keeps deleted files; None where that could not be determined, and `why`."""

    keeps: bool | None
    why: str = ""


def ask(place: Place) -> Retention:
    """Whether a place keeps deleted files. Only S3 needs a call to know; raises no BotError."""
    if place.keeps_history is not None:
        return Retention(place.keeps_history)
    from bot.store import versions

    try:
        return Retention(versions.open_bucket(place).versioning() == "Enabled")
    except SourceError as error:
        return Retention(None, str(error))


def warning(place: Place, retention: Retention) -> str | None:
    """The warning on a store that keeps deleted files; None for any other."""
    if retention.keeps is None:
        return f"whether the bucket keeps what is deleted (versioning) could not be asked: {retention.why}"
    if not retention.keeps:
        return None
    return (
        f"the store {shown(place.url)} is {_what(place)}: what its authors delete, and what store.keep lets expire, "
        f"stays readable in earlier {_states(place)} until `bot purge` or a takedown clears them; carry it over with "
        f"`bot store move {suggestion(place)}`"
    )


def refusal(place: Place) -> str:
    """The refusal of a new store at a place that keeps deleted files, and what to write instead."""
    return (
        f"the store {shown(place.url)} would be new, and the place is {_what(place)}: a removed person could be read "
        f"back from earlier {_states(place)}; write store: {suggestion(place)}, a private Storage Bucket (`bot doctor "
        "--fix` makes it)"
    )


def check_new(place: Place, retention: Retention, files: Files | None = None) -> None:
    """UsageError where this store would be new, at a place that keeps deleted files."""
    if retention.keeps and not is_begun(files or open_files(place)):
        raise UsageError(refusal(place))


def is_begun(files: Files) -> bool:
    """Whether there is a store: any file of its format."""
    return any(map(is_ours, files.below("")))


def forget(place: Place) -> Erasure:
    """Erases deleted files of the store from the place, where it keeps them; raises no BotError."""
    if place.kind in ("dataset", "model"):
        from bot.store import repo_history, squash

        return squash.forget(repo_history.open_repo(place))
    if place.kind == "s3":
        from bot.store import versions

        return versions.forget(versions.open_bucket(place))
    return Erasure()


def suggestion(place: Place) -> str:
    """The URL of a store that keeps no deleted files: a bucket of the same name where the place is on the Hub."""
    return f"hf://buckets/{place.repo_id}" if place.repo_id else "hf://buckets/NAMESPACE/NAME"


def _what(place: Place) -> str:
    if place.kind == "s3":
        return "an S3 bucket with versioning on"
    return f"a {place.kind} repo of the Hub, which keeps its history"


def _states(place: Place) -> str:
    return "versions" if place.kind == "s3" else "revisions"
