"""The protocol of a hub, and the values that its backends return."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Protocol

from bot.errors import HubError
from bot.hub.published import Published

WAIT_S = 120.0
"""Seconds that one operation may wait in all, for a rate limit or another run, unless `--wait` is given."""


@dataclass(frozen=True, slots=True)
class Repo:
    """One repo of the namespace as a listing shows it; `head` is its commit, None for an empty repo.

    `published` is None for a repo that is damaged or not ours; `problem` describes the damage in one of ours. An
    empty repo (`head`, `published` and `problem` all None) is published to with `parent=None`, as a missing one is.

    `named` are the handles that its card or its damaged manifest name; `complete` is True when these are all of
    its handles, because one of the two files is intact.
    """

    name: str
    head: str | None
    private: bool = False
    published: Published | None = None
    problem: str | None = None
    named: tuple[str, ...] = ()
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Every repo of the namespace, by its name in lower case: the Hub ignores case, and the bot writes lower case.

    `sees_private` is False when private repos would be invisible. `notes` are sentences on other limits of it.
    """

    repos: Mapping[str, Repo]
    sees_private: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """The commit of one repo, the paths of its files, and the time of its last change (UTC)."""

    head: str | None
    paths: tuple[str, ...]
    changed: datetime | None


@dataclass(frozen=True, slots=True)
class Blob:
    """Size in bytes and digest of a file in a repo: one of `sha256` and `git` is set.

    The Hub lists the SHA-256 (hex) of a large file and the git blob id (SHA-1, hex) of any other.
    """

    size: int
    sha256: str | None = None
    git: str | None = None


LOADED = ("*.json", "*.safetensors", "*.txt", "*.model")
"""The files that transformers loads: weights that cannot run code, settings, the tokenizer."""


class Hub(Protocol):
    """A backend that holds repos. Every method raises `HubError` or `CredentialsError` only."""

    @property
    def address(self) -> str:
        """The address of the Hub that links on a card start with, without credentials."""
        ...

    def check(self, *, write: bool, create: bool = False) -> None:
        """Checks the credentials before anything is planned. CredentialsError when they do not suffice.

        `create` also requires the right to create repos: HubError where only existing ones can be written.
        """
        ...

    def listing(self) -> Listing:
        """The state of every repo in the namespace, from as few calls as the backend allows."""
        ...

    def read(self, name: str, path: str, *, listed: bool = False) -> bytes | None:
        """One file of a repo's current version, or None where the repo or the file does not exist.

        `listed`: a listing or a manifest names the file, so a missing one is retried and then a HubError.
        """
        ...

    def files(self, name: str, head: str) -> Mapping[str, Blob]:
        """Every file of a repo at the commit `head`, by path, from as few calls as the backend allows."""
        ...

    def download(self, name: str) -> Path | None:
        """A folder with the files that transformers loads, for reading; None where no such repo is to be seen."""
        ...

    def contents(self, name: str) -> Contents | None:
        """The commit, file names and last change of one repo, or None where it does not exist."""
        ...

    def earlier(self, name: str, path: str) -> Iterator[bytes]:
        """Earlier versions of a file in the repo's history, newest first; none where there is no history."""
        ...

    def visible(self, name: str) -> bool:
        """Whether anybody can read the repo without a token. HubError when that cannot be determined."""
        ...

    def publish(
        self,
        name: str,
        files: Mapping[str, Path | bytes],
        *,
        parent: str | None,
        message: str,
        remove: Collection[str] = (),
    ) -> str:
        """Publishes `files` (path in the repo -> contents) as ONE commit on `parent`; returns the commit.

        The existing files in `remove` are deleted in the same commit; all others stay. `parent` None: the repo
        must not exist, or be empty. ConflictError when the repo is not at `parent` any more.
        """
        ...

    def hide(self, name: str) -> None:
        """Makes a repo private."""
        ...

    def delete(self, name: str) -> None:
        """Deletes a repo and its history."""
        ...

    def url(self, name: str) -> str:
        """The address or path at which a person finds the repo."""
        ...

    def resolve_base(self, repo_id: str, revision: str | None = None) -> str | None:
        """The commit of any model on the Hub at `revision` (None: its default branch).

        None when it cannot be determined: no network, no such model, no right to see it.
        """
        ...


def checked_path(path: str) -> PurePosixPath:
    """The path of a file in a repo. HubError unless it is relative, not empty, and stays inside the repo."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or {"..", ".git"} & set(parts) or "\0" in path:
        raise HubError(f"{path!r} does not name a file inside a repo")
    return PurePosixPath(path)
