"""The Hugging Face Hub, or any endpoint that speaks its protocol, as a home of repos."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, hf_hub_url
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status  # type: ignore[attr-defined]

from bot import __version__
from bot.errors import CredentialsError, HubError
from bot.hub import WAIT_S, Contents, Listing, Repo
from bot.hub.client import Pace, install, step
from bot.hub.credentials import Identity, identify, require_token
from bot.hub.facts import judge
from bot.hub.publication import Publication
from bot.hub.translate import translated
from bot.published import FILENAME
from bot.sources.files import shown

_EXPAND = ["sha", "cardData", "tags", "private", "siblings"]
# Broken front matter is rare: beyond so many extra reads a listing only says that it is broken.
_SUSPECTS = 20


class HuggingFaceHub:
    """Repos of one namespace at `endpoint`. Every call keeps to `pace`.

    No text of ours holds the token, or what the endpoint holds of a password: texts say `shown`.
    """

    def __init__(
        self,
        endpoint: str,
        namespace: str,
        *,
        token: str | None,
        wait_s: float = WAIT_S,
        pace: Pace | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.shown = shown(endpoint)
        self._namespace = namespace
        self._token = token.strip() if token is not None else None
        self._pace = pace or Pace(wait_s=wait_s)
        self._api = HfApi(
            endpoint=endpoint, token=self._token or False, library_name="mynah", library_version=__version__
        )
        self._identity: Identity | None = None
        install()

    def __repr__(self) -> str:
        return f"HuggingFaceHub({self.shown!r}, {self._namespace!r})"

    def check(self, *, write: bool, create: bool = False) -> None:
        """Asks the Hub who the token is. CredentialsError when it may not see the namespace, or write there."""
        require_token(self._token, self._namespace, self.shown, write=write)
        if self._token:
            identity = self._whoami()
            if write:
                identity.require_write(self._namespace, self.shown)
            else:
                identity.require_read(self._namespace, self.shown)

    def listing(self) -> Listing:
        """The namespace from one paged listing; a few further reads where front matter was broken by hand."""
        sees_private = bool(self._token) and self._whoami().sees(self._namespace)
        repos: dict[str, Repo] = {}
        strangers = 0
        reads = iter(range(_SUSPECTS))
        with step(self._pace):  # one patience for all pages
            rows = self._rows()
        for row in rows:
            namespace, _, name = str(row.get("id", "")).partition("/")
            if namespace.lower() != self._namespace.lower() or not name:
                strangers += 1
                continue
            repos[name.lower()] = self._judged(name, row, reads)
        if strangers and not repos:
            raise HubError(
                f"the listing of {self._namespace} at {self.shown} names only other namespaces' repos: "
                "this endpoint cannot be trusted to say what exists; check HF_ENDPOINT"
            )
        return Listing(dict(sorted(repos.items())), sees_private)

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
                raise HubError(f"{self.shown} does not list models with their commits; check HF_ENDPOINT")
            rows += page
            seen.add(url)
            url, params = response.links.get("next", {}).get("url"), None
            if url in seen:
                raise HubError(
                    f"the listing of {self._namespace} at {self.shown} never ends; run again later"
                )
        return rows

    def _judged(self, name: str, row: Mapping[str, Any], reads: Iterator[int]) -> Repo:
        verdict = judge(row)
        if verdict.suspect:
            try:
                if next(reads, None) is None:
                    raise HubError(f"more than {_SUSPECTS} cards of the namespace are damaged")
                verdict = verdict.after_reading(self.read(name, FILENAME))
            except (HubError, CredentialsError) as error:
                verdict = verdict.unread(str(error))
        head = None if verdict.empty else row["sha"]
        return Repo(name, head, bool(row.get("private")), verdict.published, verdict.problem)

    def read(self, name: str, path: str) -> bytes | None:
        """One file of a repo's current version, or None where the repo or the file does not exist."""
        return self._read(name, path, "main")

    def _read(self, name: str, path: str, revision: str) -> bytes | None:
        repo_id = self._repo_id(name)
        url = hf_hub_url(repo_id, path, revision=revision, endpoint=self.endpoint)
        with self._asking(f"read {path} of {repo_id}"):
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
        paths = tuple(sorted(file.rfilename for file in info.siblings or ()))
        return Contents(info.sha, paths, info.last_modified)

    def publish(
        self,
        name: str,
        files: Mapping[str, Path | bytes],
        *,
        parent: str | None,
        message: str,
        only: bool = True,
    ) -> str:
        """One commit on `parent`, or none: `Publication` says how doubt about that is settled."""
        require_token(self._token, self._namespace, self.shown, write=True)
        with step(self._pace) as current:
            publication = Publication(
                self._api, self._repo_id(name), files, self._token, current, partial(self._read, name)
            )
            return publication.run(parent=parent, message=message, only=only)

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
        return f"{self.shown}/{self._repo_id(name)}"

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
                answer = self._api.whoami()
            self._identity = identify(answer)
        return self._identity

    @contextmanager
    def _asking(self, what: str, *, write: bool = False) -> Iterator[None]:
        """Around every call of the library: the token can be one, patience has a limit, errors become ours."""
        require_token(self._token, self._namespace, self.shown, write=write)
        with step(self._pace), translated(what, self._token):
            yield

    def _headers(self) -> dict[str, str]:
        headers = build_hf_headers(
            token=self._token or False, library_name="mynah", library_version=__version__
        )
        return dict(headers)

    def _repo_id(self, name: str) -> str:
        return f"{self._namespace}/{name}"
