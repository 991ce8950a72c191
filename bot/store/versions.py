"""Versions on S3: whether a bucket keeps what is deleted, and earlier versions of a store's files deleted for good."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.errors import BotError
from bot.sources.files import shown
from bot.store.erasure import Erasure
from bot.store.files import sentence
from bot.store.layout import is_ours
from bot.store.places import Place

AT_ONCE = 1000
"""Versions that S3 deletes in one call, at most."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or the marker of its deletion."""

    key: str
    id: str
    latest: bool
    marker: bool


@dataclass(frozen=True, slots=True)
class VersionedBucket:
    """The S3 bucket of a store, asked through s3fs. Every method raises SourceError."""

    place: Place
    _files: Any = field(repr=False)

    @property
    def shown(self) -> str:
        """The store in messages, without credentials."""
        return shown(self.place.url)

    def versioning(self) -> str:
        """`Enabled`, `Suspended` (earlier versions may be there, and none is added), or nothing."""
        with sentence(self.shown, "asking for the bucket's versioning"):
            answer = self._files.call_s3("get_bucket_versioning", Bucket=self.place.container)
        return str(answer.get("Status", ""))

    def earlier(self) -> list[Version]:
        """Versions of the store's own files that are not current; markers of deletions come last."""
        found = [
            version
            for version in self._versions()
            if (version.marker or not version.latest) and is_ours(version.key.removeprefix(self._below))
        ]
        return sorted(found, key=lambda version: version.marker)

    def delete(self, versions: list[Version]) -> None:
        """Deletes these versions for good, in their order. `earlier` lists those that S3 refused."""
        for start in range(0, len(versions), AT_ONCE):
            part = [{"Key": one.key, "VersionId": one.id} for one in versions[start : start + AT_ONCE]]
            with sentence(self.shown, "deleting earlier versions"):
                self._files.call_s3(
                    "delete_objects",
                    Bucket=self.place.container,
                    Delete={"Objects": part, "Quiet": True},
                )

    @property
    def _below(self) -> str:
        return f"{self.place.prefix}/" if self.place.prefix else ""

    def _versions(self) -> Iterator[Version]:
        after: dict[str, str] = {}
        while True:
            with sentence(self.shown, "listing earlier versions"):
                page = self._files.call_s3(
                    "list_object_versions", Bucket=self.place.container, Prefix=self._below, **after
                )
            for kind in ("Versions", "DeleteMarkers"):
                for one in page.get(kind, ()):
                    yield Version(one["Key"], one["VersionId"], one["IsLatest"], kind == "DeleteMarkers")
            if not page.get("IsTruncated"):
                return
            after = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}


def open_bucket(place: Place) -> VersionedBucket:
    """The bucket of a store at `s3://…`, with the credentials that S3's client finds."""
    import fsspec

    filesystem, _ = fsspec.core.url_to_fs(place.url, use_listings_cache=False)
    return VersionedBucket(place, filesystem)


def forget(bucket: VersionedBucket) -> Erasure:
    """Deletes every earlier version of the store's files and lists them again. Raises no BotError.

    A version that is not current never becomes so by itself, so that runs at work lose nothing.
    """
    erasure = Erasure()
    try:
        if not bucket.versioning():
            erasure.checked.append(f"{bucket.shown}: the bucket was asked, and keeps no versions")
            return erasure
        bucket.delete([version for version in bucket.earlier() if not version.marker])
        left = bucket.earlier()
        if all(version.marker for version in left):  # while versions are left, markers hide them
            bucket.delete(left)
            left = bucket.earlier()
    except BotError as error:
        erasure.remains.append(
            f"{bucket.shown}: earlier versions may still hold what was deleted: {error}. The credentials need "
            "s3:GetBucketVersioning, s3:ListBucketVersions and s3:DeleteObjectVersion; give them these and run the "
            f"same command again, or look with `{_call(bucket)}`"
        )
        return erasure
    if left:
        erasure.remains.append(
            f"{bucket.shown}: {len(left):,} earlier versions were not deleted, by a lock of the bucket or a right "
            f"that the credentials do not have (s3:DeleteObjectVersion); `{_call(bucket)}` lists them"
        )
    else:
        erasure.checked.append(f"{bucket.shown}: the versions were listed again, and no earlier one is left")
    return erasure


def _call(bucket: VersionedBucket) -> str:
    prefix = f" --prefix {bucket.place.prefix}/" if bucket.place.prefix else ""
    return f"aws s3api list-object-versions --bucket {bucket.place.container}{prefix}"
