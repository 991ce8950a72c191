"""Which kind of place a store's URL names, and whether a place of that kind keeps what is deleted. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bot.errors import UsageError
from bot.sources.files import shown

Kind = Literal["folder", "bucket", "dataset", "model", "s3", "memory"]

SUPPORTED = (
    "a store is a folder (a path or file://PATH), a private Storage Bucket of the Hub "
    "(hf://buckets/NAMESPACE/NAME) or s3://BUCKET/PATH"
)
"""The end of every refusal: the places that a store was run on."""

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_HUB: dict[str, Kind] = {"buckets": "bucket", "datasets": "dataset", "models": "model"}
_KEEPS: dict[Kind, bool | None] = {"dataset": True, "model": True, "s3": None}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is.

    `container` is what holds it: NAMESPACE/NAME on the Hub, the bucket on S3, and empty elsewhere. `prefix` is
    the path in there, without slashes around it; of a folder its path as it was written. `url` may hold
    credentials: show `bot.sources.files.shown(url)`.
    """

    kind: Kind
    url: str
    container: str
    prefix: str

    @property
    def keeps_history(self) -> bool | None:
        """Whether what is deleted stays readable; None where the place must be asked, as an S3 bucket."""
        return _KEEPS.get(self.kind, False)

    @property
    def repo_id(self) -> str | None:
        """NAMESPACE/NAME on the Hub, of a bucket or a repo; None elsewhere."""
        return self.container if self.kind in _HUB.values() else None


def place_of(url: str) -> Place:
    """The place that a path or URL names. UsageError, one sentence, for one that no store was run on.

    `memory://` is refused as well, since it is gone with the process: tests make its `Place` by hand.
    """
    scheme, mark, rest = url.partition("://")
    if "::" in url.partition("/")[0]:
        raise _unsupported(url, "a chain of file systems holds no store")
    if not mark:
        return Place("folder", url, "", url)
    match scheme:
        case "file" | "local":
            return Place("folder", url, "", rest)
        case "hf":
            return _on_hub(url, rest)
        case "s3":
            bucket, _, prefix = rest.partition("/")
            if not bucket:
                raise _unsupported(url, "it names no bucket")
            return Place("s3", url, bucket, _clean(url, prefix))
        case "memory":
            raise _unsupported(url, "it is gone when the command ends")
    raise _unsupported(url, f"no store was run on {scheme[:20]}:// addresses")


def _on_hub(url: str, rest: str) -> Place:
    first, _, after = rest.partition("/")
    if first not in _HUB:
        first, after = "models", rest  # as the Hub's own file system reads it
    namespace, _, after = after.partition("/")
    name, _, prefix = after.partition("/")
    repo_id = f"{namespace}/{name}"
    if "@" in repo_id:
        raise _unsupported(url, "a store has no revision, so leave out what follows the @")
    if namespace == "spaces" or not _ID.fullmatch(repo_id):
        raise _unsupported(url, "it names no bucket or repo of the Hub, as in hf://buckets/NAMESPACE/NAME")
    return Place(_HUB[first], url, repo_id, _clean(url, prefix))


def _clean(url: str, prefix: str) -> str:
    """The path in its container. Steps such as `..` mean another place to each server, so none may be there."""
    parts = [part for part in prefix.split("/") if part]
    if any(part in (".", "..") for part in parts) or any(character in prefix for character in "?#"):
        raise _unsupported(url, "its path may hold no . or .. and no ? or #")
    return "/".join(parts)


def _unsupported(url: str, why: str) -> UsageError:
    return UsageError(f"store {shown(url)}: {why}; {SUPPORTED}")
