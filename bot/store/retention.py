"""What a store's place keeps of deleted files: said in every run, refused for a new store, cleared by a purge."""

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
    """Whether the place keeps what is deleted; None where it could not be asked, and `why`."""

    keeps: bool | None
    why: str = ""


def ask(place: Place) -> Retention:
    """Whether a place keeps what is deleted. Only an S3 bucket has to be asked, in one call; raises nothing of ours."""
    if place.keeps_history is not None:
        return Retention(place.keeps_history)
    from bot.store import versions

    try:
        return Retention(versions.open_bucket(place).versioning() == "Enabled")
    except SourceError as error:
        return Retention(None, str(error))


def warning(place: Place, retention: Retention) -> str | None:
    """What every run says of a store that keeps what is deleted; None where there is nothing to say."""
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
    """Why no new store is begun at a place that keeps what is deleted, and what to write instead."""
    return (
        f"the store {shown(place.url)} would be new, and the place is {_what(place)}: whoever is removed could be read "
        f"back from earlier {_states(place)}; write store: {suggestion(place)}, a private Storage Bucket (`bot doctor "
        "--fix` makes it)"
    )


def check_new(place: Place, retention: Retention, files: Files | None = None) -> None:
    """UsageError where this store would be a new one at a place that keeps what is deleted."""
    if retention.keeps and not is_begun(files or open_files(place)):
        raise UsageError(refusal(place))


def is_begun(files: Files) -> bool:
    """Whether a store lies there: any file of its format."""
    return any(map(is_ours, files.below("")))


def forget(place: Place) -> Erasure:
    """Makes the place forget what the store has deleted, where it keeps such things; raises nothing of ours."""
    if place.kind in ("dataset", "model"):
        from bot.store import repo_history, squash

        return squash.forget(repo_history.open_repo(place))
    if place.kind == "s3":
        from bot.store import versions

        return versions.forget(versions.open_bucket(place))
    return Erasure()


def suggestion(place: Place) -> str:
    """The line for a store that keeps nothing: a bucket of the same namespace and name, where the Hub has them."""
    return f"hf://buckets/{place.repo_id}" if place.repo_id else "hf://buckets/NAMESPACE/NAME"


def _what(place: Place) -> str:
    if place.kind == "s3":
        return "an S3 bucket with versioning on"
    return f"a {place.kind} repo of the Hub, which keeps its history"


def _states(place: Place) -> str:
    return "versions" if place.kind == "s3" else "revisions"
