"""The Hugging Face Hub, or any endpoint that speaks its protocol, as a home of repos."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, ModelInfo, hf_hub_url
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status  # type: ignore[attr-defined]

from bot import __version__
from bot.errors import CredentialsError, HubError
from bot.hub import WAIT_S, Blob, Contents, Listing, Repo
from bot.hub.client import install, step
from bot.hub.commit import Publication
from bot.hub.credentials import Identity, identify, require_token
from bot.hub.errors import translated
from bot.hub.ownership import judge
from bot.hub.published import FILENAME
from bot.io.retry import RetryPolicy
from bot.sources.files import shown

_EXPAND = ["sha", "cardData", "tags", "private", "siblings"]
# Broken front matter is rare: beyond so many extra reads a listing only says that it is broken.
_SUSPECTS = 20
_EARLIER = 100
"""Commits of a repo that are looked at for what an earlier version said."""
# An endpoint whose listing carries no card data and no file names: three calls for a repo of ours.
_BARE = 3_000
_CARD = "README.md"


class HuggingFaceHub:
    """Repos of one namespace at `endpoint`. Every call keeps to `pace`.

    No text of ours holds the token, or what the endpoint holds of a password: texts say `address`.
    """

    def __init__(
        self,
        endpoint: str,
        namespace: str,
        *,
        token: str | None,
        wait_s: float = WAIT_S,
        pace: RetryPolicy | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.address = shown(endpoint).rstrip("/")
        self._namespace = namespace
        self._token = token.strip() if token is not None else None
        self._pace = pace or RetryPolicy(wait_s=wait_s)
        self._api = HfApi(
            endpoint=endpoint, token=self._token or False, library_name="mynah", library_version=__version__
        )
        self._identity: Identity | None = None
        install()

    def __repr__(self) -> str:
        return f"HuggingFaceHub({self.address!r}, {self._namespace!r})"

    def check(self, *, write: bool, create: bool = False) -> None:
        """Asks the Hub who the token is. CredentialsError when it may not see the namespace, or write there."""
        require_token(self._token, self._namespace, self.address, write=write)
        if self._token:
            identity = self._whoami()
            if write:
                identity.require_write(self._namespace, self.address)
            else:
                identity.require_read(self._namespace, self.address)

    def listing(self) -> Listing:
        """The namespace from one paged listing; a few further reads where front matter was broken by hand."""
        sees_private = bool(self._token) and self._whoami().sees(self._namespace)
        repos: dict[str, Repo] = {}
        strangers = 0
        with step(self._pace):  # one patience for all pages
            rows = self._rows()
        bare = sum("siblings" not in row for row in rows)
        reads = iter(range(_BARE if bare else _SUSPECTS))
        for row in rows:
            namespace, _, name = str(row.get("id", "")).partition("/")
            if namespace.lower() != self._namespace.lower() or not name:
                strangers += 1
                continue
            repos[name.lower()] = self._judged(name, row, reads)
        if strangers and not repos:
            raise HubError(
                f"the listing of {self._namespace} at {self.address} names only other namespaces' repos: "
                "this endpoint cannot be trusted to say what exists; check HF_ENDPOINT"
            )
        note = f"the listing of {self.address} carries no card data: each repo was looked at by itself"
        return Listing(dict(sorted(repos.items())), sees_private, (note,) if bare else ())

    def _rows(self) -> list[dict[str, Any]]:
        """Every row of the namespace. Anything but lists of rows is an error: an odd answer is no empty fleet."""
        rows: list[dict[str, Any]] = []
        url: str | None = f"{self.endpoint}/api/models"
        params: dict[str, Any] | None = {"author": self._namespace, "expand": _EXPAND}
        seen: set[str] = set()
        while url is not None:
            with self._asking(f"list the models of {self._namespace}"):
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

    def _judged(self, name: str, row: Mapping[str, Any], reads: Iterator[int]) -> Repo:
        try:
            row = self._completed(name, row, reads)
            verdict = judge(row)
            if verdict.suspect:
                _count(reads)
                listed = isinstance(row.get("siblings"), list)
                verdict = verdict.after_reading(self.read(name, FILENAME, listed=listed))
        except (HubError, CredentialsError) as error:
            verdict = judge(row).unread(str(error))
        head = None if verdict.empty else row["sha"]
        return Repo(
            name,
            head,
            bool(row.get("private")),
            verdict.published,
            verdict.problem,
            verdict.named,
            verdict.complete,
        )

    def _completed(self, name: str, row: Mapping[str, Any], reads: Iterator[int]) -> Mapping[str, Any]:
        """The row with what the endpoint's listing leaves out: the file names, and for a repo of ours the card."""
        found = dict(row)
        if "siblings" not in row:
            _count(reads)
            contents = self.contents(name)
            if contents is None:
                raise HubError(f"{self._repo_id(name)} is listed and cannot be looked at")
            found["siblings"] = [{"rfilename": path} for path in contents.paths]
            found["sha"] = contents.head or row["sha"]
        siblings = found["siblings"] if isinstance(found["siblings"], list) else []
        paths = {file.get("rfilename") for file in siblings if isinstance(file, dict)}
        if "cardData" not in row and {FILENAME, _CARD} <= paths:
            _count(reads)
            found["cardData"] = _front_matter(self.read(name, _CARD, listed=True) or b"")
        return found

    def read(self, name: str, path: str, *, listed: bool = False) -> bytes | None:
        """One file of a repo's current version, or None where the repo or the file does not exist.

        A `listed` one that is "not there" is asked for again: a cache or a replica may lag behind. Then HubError.
        """
        with step(self._pace) as current:
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
        with self._asking(f"list the files of {repo_id}"):
            tree = self._api.list_repo_tree(repo_id, recursive=True, revision=head)
            return {entry.path: _blob(entry) for entry in tree if isinstance(entry, RepoFile)}

    def _read(self, name: str, path: str, revision: str) -> bytes | None:
        repo_id = self._repo_id(name)
        with self._asking(f"read {path} of {repo_id}"):
            url = hf_hub_url(repo_id, path, revision=revision, endpoint=self.endpoint)  # refuses odd names
            response = get_session().get(url, headers=self._headers())
            try:
                hf_raise_for_status(response)
            except (RepositoryNotFoundError, EntryNotFoundError, RevisionNotFoundError):
                if response.status_code != 404:
                    raise
                return None
            return bytes(response.content)

    def contents(self, name: str) -> Contents | None:
        """A repo's commit, file names and last change, from one call; None where it does not exist."""
        repo_id = self._repo_id(name)
        with self._asking(f"look at {repo_id}"):
            try:
                info = self._api.model_info(repo_id, expand=["sha", "siblings", "lastModified"])
            except RepositoryNotFoundError as error:
                if error.response.status_code != 404:
                    raise
                return None
            paths = self._paths(repo_id, info)
        return Contents(info.sha, tuple(sorted(paths)), info.last_modified)

    def _paths(self, repo_id: str, info: ModelInfo) -> list[str]:
        """The file names that the Hub tells of a repo, or where it tells none those of its tree."""
        if info.siblings is not None:
            return [file.rfilename for file in info.siblings]
        return [entry.path for entry in self._api.list_repo_tree(repo_id, recursive=True)]

    def earlier(self, name: str, path: str) -> Iterator[bytes]:
        """The file at each commit where it was another one, the newest first; of the newest commits only."""
        repo_id = self._repo_id(name)
        with self._asking(f"read the history of {repo_id}"):
            try:
                commits = [commit.commit_id for commit in self._api.list_repo_commits(repo_id)]
            except RepositoryNotFoundError as error:
                if error.response.status_code != 404:
                    raise
                return
        before: bytes | None = None
        for commit in commits[:_EARLIER]:
            data = self._read(name, path, commit)
            if data is not None and data != before:
                yield data
            before = data

    def visible(self, name: str) -> bool:
        """Asks for the repo's page of facts without any token, as a stranger would: 401 and 404 say that it is not."""
        repo_id = self._repo_id(name)
        headers = build_hf_headers(token=False, library_name="mynah", library_version=__version__)
        with step(self._pace), translated(f"look at {repo_id} without a token", self._token):
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
        """One commit on `parent`, or none: `Publication` says how doubt about that is settled."""
        require_token(self._token, self._namespace, self.address, write=True)
        with step(self._pace) as current:
            publication = Publication(
                self._api, self._repo_id(name), files, self._token, current, partial(self._read, name)
            )
            return publication.run(parent=parent, message=message, remove=remove)

    def hide(self, name: str) -> None:
        """Makes a repo private."""
        with self._asking(f"make {self._repo_id(name)} private", write=True):
            self._api.update_repo_settings(self._repo_id(name), private=True)

    def delete(self, name: str) -> None:
        """Deletes a repo and its history; one that is gone already is no error."""
        with self._asking(f"delete {self._repo_id(name)}", write=True):
            self._api.delete_repo(self._repo_id(name), missing_ok=True)

    def url(self, name: str) -> str:
        """The address of the repo's page, to be shown."""
        return f"{self.address}/{self._repo_id(name)}"

    def resolve_base(self, repo_id: str, revision: str | None = None) -> str | None:
        """The commit of any model at `revision`, or None when the Hub does not tell."""
        if revision and re.fullmatch(r"[0-9a-f]{40}", revision):
            return revision
        try:
            with self._asking(f"resolve {repo_id}"):
                return self._api.model_info(repo_id, revision=revision, expand=["sha"]).sha
        except (HubError, CredentialsError):
            return None

    def _whoami(self) -> Identity:
        if self._identity is None:
            with self._asking("ask the Hub whose token this is"):
                answer: object = self._api.whoami()
            self._identity = identify(answer, self.address)
        return self._identity

    @contextmanager
    def _asking(self, what: str, *, write: bool = False) -> Iterator[None]:
        """Around every call of the library: the token can be one, patience has a limit, errors become ours."""
        require_token(self._token, self._namespace, self.address, write=write)
        with step(self._pace), translated(what, self._token):
            yield

    def _headers(self) -> dict[str, str]:
        headers = build_hf_headers(
            token=self._token or False, library_name="mynah", library_version=__version__
        )
        return dict(headers)

    def _repo_id(self, name: str) -> str:
        return f"{self._namespace}/{name}"


def _count(reads: Iterator[int]) -> None:
    """Uses up one of the reads that a listing may take. HubError when there are none left."""
    if next(reads, None) is None:
        raise HubError(
            "too many repos of the namespace would have to be read one by one, since the listing does not show "
            "their cards or these are damaged"
        )


def _front_matter(card: bytes) -> dict[str, Any] | None:
    """The front matter of a card, or None where it has none that can be read, as in the Hub's own listing."""
    from bot.hub import front_matter

    try:
        return front_matter.parse(card.decode(errors="replace"))
    except ValueError:
        return None


def _blob(file: RepoFile) -> Blob:
    if file.lfs is not None:
        return Blob(file.size, sha256=file.lfs.sha256)
    return Blob(file.size, git=file.blob_id)
