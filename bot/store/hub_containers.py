"""The containers of a store on the Hub: a Storage Bucket, without history, or a git repo."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import quote

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, hf_hub_url
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status  # type: ignore[attr-defined]

from bot.errors import BotError, HubError
from bot.hub.client import Operation
from bot.hub.errors import translate
from bot.io import digest

OLDEST = "1.31"
"""The oldest huggingface_hub that has buckets."""

_SHOWN = 3
_LISTED = 1000


class Refused(Exception):
    """The Hub or this machine cannot do a request; its text is the reason and what to do."""


class BucketContainer:
    """A Storage Bucket: a batch of additions and deletions is one request, and a deleted file is gone."""

    what = "bucket"

    def __init__(self, api: HfApi, bucket_id: str) -> None:
        self._api, self._id = api, bucket_id
        self._headers = build_hf_headers(token=api.token, library_name="mynah")
        self.make = f"make it with `hf buckets create {bucket_id} --private`"
        if not hasattr(api, "batch_bucket_files"):
            held = importlib.metadata.version("huggingface_hub")
            raise Refused(
                f"Storage Buckets need huggingface_hub {OLDEST} or newer, and {held} is installed: "
                "pip install --upgrade huggingface_hub"
            )

    def address(self, path: str) -> str:
        """The address from which a file is read."""
        return f"{self._api.endpoint}/buckets/{self._id}/resolve/{quote(path, safe='')}"

    def below(self, folder: str) -> Iterator[str]:
        """The paths below a folder, or below everything for an empty one; others may be among them."""
        try:
            for entry in self._api.list_bucket_tree(self._id, folder or None, recursive=True):
                if entry.type == "file":
                    yield entry.path
        except EntryNotFoundError:
            return

    def update(self, writes: Mapping[str, bytes], removes: Collection[str], current: Operation) -> None:
        """Writes and removes files in one batch. Refused, with paths and reasons, where the Hub rejects some."""
        if importlib.util.find_spec("hf_xet") is None:
            raise Refused(
                "a bucket is written with the package hf_xet, which is not installed: pip install hf_xet"
            )
        if writes:  # requested here with retries: Xet requests it as well, and reports less of a refusal
            token = get_session().get(
                f"{self._api.endpoint}/api/buckets/{self._id}/xet-write-token", headers=self._headers
            )
            hf_raise_for_status(token)
        attempt = 0
        while failures := self._failures(writes, removes):
            attempt += 1
            if not current.pause(attempt, None):
                reasons = "; ".join(f"{one['path']}: {one['error']}" for one in failures[:_SHOWN])
                more = f" and {len(failures) - _SHOWN} more" if len(failures) > _SHOWN else ""
                raise Refused(f"the Hub refused {reasons}{more}; look at what it names and run again")

    def _failures(self, writes: Mapping[str, bytes], removes: Collection[str]) -> list[Mapping[str, str]]:
        """Sends one batch; returns path and error of each file that the Hub did not write or remove."""
        try:
            self._api.batch_bucket_files(
                self._id, add=[(data, path) for path, data in writes.items()], delete=list(removes)
            )
        except HfHubHTTPError as error:
            failures = getattr(error, "failures", None)
            if not failures:
                raise
            held = {entry.path for entry in self._api.get_bucket_paths_info(self._id, list(removes))}
            return [one for one in failures if one["path"] in writes or one["path"] in held]
        return []


class RepoContainer:
    """A dataset or model repo: an update is one commit, whose title names nobody. Deleted files stay in git."""

    what = "repo"

    def __init__(self, api: HfApi, repo_id: str, kind: str) -> None:
        self._api, self._id, self._type = api, repo_id, kind
        self.make = f"check the name {repo_id}"

    def address(self, path: str) -> str:
        """The address from which a file is read."""
        return hf_hub_url(self._id, path, repo_type=self._type, revision="main", endpoint=self._api.endpoint)

    def below(self, folder: str) -> Iterator[str]:
        """The paths below a folder, or below everything for an empty one."""
        try:
            tree = self._api.list_repo_tree(self._id, folder or None, repo_type=self._type, recursive=True)
            yield from (entry.path for entry in tree if isinstance(entry, RepoFile))
        except EntryNotFoundError:
            return

    def update(self, writes: Mapping[str, bytes], removes: Collection[str], current: Operation) -> None:
        """Makes one commit of the differences, or none, and compares again after a lost answer.

        A commit may have landed although its answer was lost, and another run's may come first: either way the
        differences that remain are what is left to do.
        """
        attempt = 0
        while operations := self._operations(writes, removes):
            attempt += 1
            try:
                self._api.create_commit(
                    self._id, operations, repo_type=self._type, commit_message=_title(operations)
                )
            except (HfHubHTTPError, HubError) as error:
                if not _in_doubt(error) or not current.pause(attempt, None):
                    raise
            else:
                return

    def _operations(
        self, writes: Mapping[str, bytes], removes: Collection[str]
    ) -> list[CommitOperationAdd | CommitOperationDelete]:
        paths = [*writes, *removes]
        held = {
            entry.path: entry
            for start in range(0, len(paths), _LISTED)
            for entry in self._api.get_paths_info(
                self._id, paths[start : start + _LISTED], repo_type=self._type
            )
            if isinstance(entry, RepoFile)
        }
        added = [
            CommitOperationAdd(path, data)
            for path, data in writes.items()
            if path not in held or not _holds(held[path], data)
        ]
        return [*added, *(CommitOperationDelete(path, is_folder=False) for path in removes if path in held)]


def _holds(entry: RepoFile, data: bytes) -> bool:
    """Whether a file of the repo has these bytes, by the digest in its listing."""
    if entry.lfs is not None:
        return bool(entry.lfs.sha256 == digest.of_bytes(data))
    return bool(entry.blob_id == digest.git_blob(data))


def _title(operations: Collection[CommitOperationAdd | CommitOperationDelete]) -> str:
    added = sum(isinstance(operation, CommitOperationAdd) for operation in operations)
    return f"Update the store: {added} written, {len(operations) - added} removed"


def _in_doubt(error: HfHubHTTPError | HubError) -> bool:
    """Whether a commit may have landed, or may land after another comparison: a file to delete was gone."""
    failure: BotError = translate(error, "commit", None)
    gone = isinstance(error, HfHubHTTPError) and error.response.status_code in (404, 409, 412)
    return gone or (isinstance(failure, HubError) and failure.transient and failure.retry_at is None)
