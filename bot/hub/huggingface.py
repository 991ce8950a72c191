"""The Hugging Face Hub, or any endpoint with its API, as a backend: the calls of its client library."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, ModelInfo, hf_hub_url, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status  # type: ignore[attr-defined]

from bot import __version__
from bot.errors import CredentialsError, HubError
from bot.hub.client import install, operation
from bot.hub.commit import Publication
from bot.hub.credentials import Identity, identify, require_token
from bot.hub.errors import translated
from bot.hub.listing import listing_of
from bot.hub.protocol import LOADED, WAIT_S, Blob, Contents, Listing
from bot.io.retry import RetryPolicy
from bot.sources.files import shown

_EXPAND = ["sha", "cardData", "tags", "private", "siblings"]
_MAX_REVISIONS = 100
"""The newest commits of a repo that are searched for earlier versions of a file."""


class HuggingFaceHub:
    """Repos of one namespace at `endpoint`. Every call follows `policy`.

    Messages name `address`: they contain neither the token nor a password in `endpoint`.
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
        self.endpoint = endpoint
        self.address = shown(endpoint).rstrip("/")
        self._namespace = namespace
        self._token = token.strip() if token is not None else None
        self._policy = policy or RetryPolicy(wait_s=wait_s)
        self._api = HfApi(
            endpoint=endpoint, token=self._token or False, library_name="mynah", library_version=__version__
        )
        self._identity: Identity | None = None
        install()

    def __repr__(self) -> str:
        return f"HuggingFaceHub({self.address!r}, {self._namespace!r})"

    def check(self, *, write: bool, create: bool = False) -> None:
        """Checks the token with the Hub. CredentialsError when it cannot see the namespace, or write to it."""
        require_token(self._token, self._namespace, self.address, write=write)
        if self._token:
            identity = self._whoami()
            if write:
                identity.require_write(self._namespace, self.address)
            else:
                identity.require_read(self._namespace, self.address)

    def listing(self) -> Listing:
        """The namespace from one paged listing; a few further reads for front matter that somebody broke."""
        sees_private = bool(self._token) and self._whoami().sees(self._namespace)
        with operation(self._policy):  # all pages share one limit on waiting
            rows = self._rows()
        return listing_of(rows, self._namespace, self, sees_private=sees_private)

    def _rows(self) -> list[dict[str, Any]]:
        """Every row of the namespace. HubError for any other answer, which must not look like an empty fleet."""
        rows: list[dict[str, Any]] = []
        url: str | None = f"{self.endpoint}/api/models"
        params: dict[str, Any] | None = {"author": self._namespace, "expand": _EXPAND}
        seen: set[str] = set()
        while url is not None:
            with self._calling(f"list the models of {self._namespace}"):
                response = get_session().get(url, params=params, headers=self._headers())
                hf_raise_for_status(response)
                page = response.json()
            if not isinstance(page, list) or not all(
                isinstance(row, dict) and row.get("sha") for row in page
            ):
                raise HubError(f"{self.address} does not list models with their commits; check HF_ENDPOINT")
            rows += page
            seen.add(url)
            url, params = response.links.get("next", {}).get("url"), None
            if url in seen:
                raise HubError(
                    f"the listing of {self._namespace} at {self.address} never ends; run again later"
                )
        return rows

    def read(self, name: str, path: str, *, listed: bool = False) -> bytes | None:
        """One file of a repo's current version, or None where the repo or the file does not exist.

        A missing one that is `listed` is retried, since a cache or a replica may lag behind; then HubError.
        """
        with operation(self._policy) as current:
            attempt = 1
            while (data := self._read(name, path, "main")) is None and listed:
                if not current.pause(attempt, None):
                    raise HubError(
                        f"{path} of {self._repo_id(name)} is listed and was not to be read in {attempt} tries: "
                        "run again later",
                        transient=True,
                    )
                attempt += 1
        return data

    def files(self, name: str, head: str) -> Mapping[str, Blob]:
        """Every file of a repo at a commit, from one listing of its tree (a call for each 1,000 files)."""
        repo_id = self._repo_id(name)
        with self._calling(f"list the files of {repo_id}"):
            tree = self._api.list_repo_tree(repo_id, recursive=True, revision=head)
            return {entry.path: _blob(entry) for entry in tree if isinstance(entry, RepoFile)}

    def _read(self, name: str, path: str, revision: str) -> bytes | None:
        repo_id = self._repo_id(name)
        with self._calling(f"read {path} of {repo_id}"):
            url = hf_hub_url(repo_id, path, revision=revision, endpoint=self.endpoint)  # refuses odd names
            response = get_session().get(url, headers=self._headers())
            try:
                hf_raise_for_status(response)
            except (RepositoryNotFoundError, EntryNotFoundError, RevisionNotFoundError):
                if response.status_code != 404:
                    raise
                return None
            return bytes(response.content)

    def download(self, name: str) -> Path | None:
        """The repo in the client library's cache, where what changed is fetched first; None where it is not seen."""
        require_token(self._token, self._namespace, self.address, write=False)
        repo_id = self._repo_id(name)
        with translated(f"download {repo_id}", self._token):
            try:
                folder = snapshot_download(
                    repo_id,
                    endpoint=self.endpoint,
                    token=self._token or False,
                    allow_patterns=list(LOADED),
                    ignore_patterns=["*/*"],
                )
            except RepositoryNotFoundError:  # the Hub answers 401, too, to users who may not see it
                return None
        return Path(folder)

    def contents(self, name: str) -> Contents | None:
        """A repo's commit, file names and last change, from one call; None where it does not exist."""
        repo_id = self._repo_id(name)
        with self._calling(f"look at {repo_id}"):
            try:
                info = self._api.model_info(repo_id, expand=["sha", "siblings", "lastModified"])
            except RepositoryNotFoundError as error:
                if error.response.status_code != 404:
                    raise
                return None
            paths = self._paths(repo_id, info)
        return Contents(info.sha, tuple(sorted(paths)), info.last_modified)

    def _paths(self, repo_id: str, info: ModelInfo) -> list[str]:
        """The file names in the Hub's answer on a repo, or those of its tree where it has none."""
        if info.siblings is not None:
            return [file.rfilename for file in info.siblings]
        return [entry.path for entry in self._api.list_repo_tree(repo_id, recursive=True)]

    def earlier(self, name: str, path: str) -> Iterator[bytes]:
        """The file at each commit that changed it, newest first; only the newest commits are searched."""
        repo_id = self._repo_id(name)
        with self._calling(f"read the history of {repo_id}"):
            try:
                commits = [commit.commit_id for commit in self._api.list_repo_commits(repo_id)]
            except RepositoryNotFoundError as error:
                if error.response.status_code != 404:
                    raise
                return
        before: bytes | None = None
        for commit in commits[:_MAX_REVISIONS]:
            data = self._read(name, path, commit)
            if data is not None and data != before:
                yield data
            before = data

    def visible(self, name: str) -> bool:
        """Whether the repo's metadata is readable without a token; 401 and 404 mean that it is not."""
        repo_id = self._repo_id(name)
        headers = build_hf_headers(token=False, library_name="mynah", library_version=__version__)
        with operation(self._policy), translated(f"look at {repo_id} without a token", self._token):
            response = get_session().get(f"{self.endpoint}/api/models/{repo_id}", headers=headers)
            if response.status_code in (401, 404):
                return False
            hf_raise_for_status(response)
            return True

    def publish(
        self,
        name: str,
        files: Mapping[str, Path | bytes],
        *,
        parent: str | None,
        message: str,
        remove: Collection[str] = (),
    ) -> str:
        """Publishes as one commit on `parent`, or not at all; see `Publication` for lost answers."""
        require_token(self._token, self._namespace, self.address, write=True)
        with operation(self._policy) as current:
            publication = Publication(
                self._api, self._repo_id(name), files, self._token, current, partial(self._read, name)
            )
            return publication.run(parent=parent, message=message, remove=remove)

    def hide(self, name: str) -> None:
        """Makes a repo private."""
        with self._calling(f"make {self._repo_id(name)} private", write=True):
            self._api.update_repo_settings(self._repo_id(name), private=True)

    def delete(self, name: str) -> None:
        """Deletes a repo and its history; one that is gone already is no error."""
        with self._calling(f"delete {self._repo_id(name)}", write=True):
            self._api.delete_repo(self._repo_id(name), missing_ok=True)

    def url(self, name: str) -> str:
        """The address of the repo's page, without credentials."""
        return f"{self.address}/{self._repo_id(name)}"

    def resolve_base(self, repo_id: str, revision: str | None = None) -> str | None:
        """The commit of any model at `revision`, or None when the Hub does not return one."""
        if revision and re.fullmatch(r"[0-9a-f]{40}", revision):
            return revision
        try:
            with self._calling(f"resolve {repo_id}"):
                return self._api.model_info(repo_id, revision=revision, expand=["sha"]).sha
        except (HubError, CredentialsError):
            return None

    def _whoami(self) -> Identity:
        if self._identity is None:
            with self._calling("ask the Hub whose token this is"):
                answer: object = self._api.whoami()
            self._identity = identify(answer, self.address)
        return self._identity

    @contextmanager
    def _calling(self, what: str, *, write: bool = False) -> Iterator[None]:
        """Wraps every call of the library: checks the token's form, bounds the waits, translates errors."""
        require_token(self._token, self._namespace, self.address, write=write)
        with operation(self._policy), translated(what, self._token):
            yield

    def _headers(self) -> dict[str, str]:
        headers = build_hf_headers(
            token=self._token or False, library_name="mynah", library_version=__version__
        )
        return dict(headers)

    def _repo_id(self, name: str) -> str:
        return f"{self._namespace}/{name}"


def _blob(file: RepoFile) -> Blob:
    if file.lfs is not None:
        return Blob(file.size, sha256=file.lfs.sha256)
    return Blob(file.size, git=file.blob_id)
