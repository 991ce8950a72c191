"""Where repos live: one protocol, two homes, the Hugging Face Hub and a plain folder."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Protocol

from bot.errors import HubError
from bot.hub.published import Published

"""The Hub's own address, where no other one is named."""

WAIT_S = 120.0
"""How long one step may wait in all, for a rate limit or another run, unless `--wait` says otherwise."""


@dataclass(frozen=True, slots=True)
class Repo:
    """One repo of the namespace as the listing shows it; `head` is its commit, None for an empty repo.

    `published` None: not ours, or damaged; `problem` says what is damaged in one that is ours. An empty repo
    (head, `published` and `problem` all None) may be published to with `parent=None`, as one that is missing.

    `named` are handles that its card or its damaged manifest still name; `complete` says that these are all of its
    voices, since one of the two is whole.
    """

    name: str
    head: str | None
    private: bool = False
    published: Published | None = None
    problem: str | None = None
    named: tuple[str, ...] = ()
    complete: bool = False


def misnamed(repo: Repo) -> Repo:
    """The repo as it is listed when its folder's name is not UTF-8, which no page or plan can hold: not usable."""
    if repo.published is None and repo.problem is None:
        return repo
    said = f"the name of the folder {repo.name} is not UTF-8: rename it"
    return replace(repo, head=None, published=None, problem=said)


@dataclass(frozen=True, slots=True)
class Listing:
    """The whole namespace, by repo name in lower case, as the Hub tells names apart and the bot writes them.

    `sees_private` is False when private repos would be invisible. `notes` are sentences on what else it lacks.
    """

    repos: Mapping[str, Repo]
    sees_private: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """What one repo holds, without reading it: its commit, its files' paths, and when it last changed (UTC)."""

    head: str | None
    paths: tuple[str, ...]
    changed: datetime | None


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a repo by its digest, without its contents: `size` in bytes, and `sha256` or `git`, whichever is known.

    The Hub tells the SHA-256 (hex) of a large file and the git blob id (SHA-1, hex) of any other.
    """

    size: int
    sha256: str | None = None
    git: str | None = None


class Hub(Protocol):
    """What the bot asks of a home of repos. Every method raises `HubError` or `CredentialsError` only."""

    @property
    def address(self) -> str:
        """The address of the Hub on which a card's links lie, without credentials."""
        ...

    def check(self, *, write: bool, create: bool = False) -> None:
        """Proves the credentials before anything is planned: CredentialsError when they do not do.

        With `create`, that new repos can be made, too: HubError where it is only repos that exist.
        """
        ...

    def listing(self) -> Listing:
        """The state of every repo in the namespace, from as few calls as the home allows."""
        ...

    def read(self, name: str, path: str, *, listed: bool = False) -> bytes | None:
        """One file of a repo's current version, or None where the repo or the file does not exist.

        `listed`: a listing or a manifest names the file, so "not there" is asked again and then a HubError.
        """
        ...

    def files(self, name: str, head: str) -> Mapping[str, Blob]:
        """Every file of a repo at the commit `head` by its path, from as few calls as the home allows."""
        ...

    def contents(self, name: str) -> Contents | None:
        """The commit, file names and last change of one repo, or None where it does not exist."""
        ...

    def earlier(self, name: str, path: str) -> Iterator[bytes]:
        """The versions of a file that the repo's history keeps, the newest first; none where there is no history."""
        ...

    def visible(self, name: str) -> bool:
        """Whether a stranger without any token sees the repo now. HubError when that cannot be told."""
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
        """Puts `files` (path in the repo -> contents) there as ONE commit on `parent`; returns the commit.

        The files in `remove`, which stand there, are deleted in the same commit; all others stay. `parent` None:
        the repo must not exist, or be an empty one of ours. ConflictError when moved.
        """
        ...

    def hide(self, name: str) -> None:
        """Makes a repo private."""
        ...

    def delete(self, name: str) -> None:
        """Deletes a repo and its history."""
        ...

    def url(self, name: str) -> str:
        """Where a person finds the repo: an address or a path."""
        ...

    def resolve_base(self, repo_id: str, revision: str | None = None) -> str | None:
        """The commit that a model on the Hub, ours or not, has at `revision` (None: its default branch).

        None when that cannot be told: no network, no such model, no right to see it.
        """
        ...


def open_hub(target: str | None, namespace: str, *, token: str | None = None, wait_s: float = WAIT_S) -> Hub:
    """The home that `target` names: `dir:PATH`, a Hub's address, or None for `HF_ENDPOINT`'s or the real one.

    `token` None works without credentials; it is never looked up elsewhere. Nothing is read or proved yet.
    BOT_KEYLESS of the environment asks for updates with tokens that a workflow's identity is exchanged for.
    """
    if target is not None and target.startswith("dir:"):
        from bot.hub.folder import FolderHub

        return FolderHub(Path(target.removeprefix("dir:")).expanduser(), namespace, wait_s=wait_s)
    # Telemetry costs a call a day, to the real Hub even when another endpoint is meant.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from bot.hub import endpoint, huggingface, keyless

    kind = keyless.KeylessHub if keyless.is_enabled(os.environ) else huggingface.HuggingFaceHub
    return kind(endpoint.address(os.environ, target), namespace, token=token, wait_s=wait_s)


def checked_path(path: str) -> PurePosixPath:
    """A file's path in a repo, checked: relative, not empty, never leading out. HubError otherwise."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or {"..", ".git"} & set(parts) or "\0" in path:
        raise HubError(f"{path!r} does not name a file inside a repo")
    return PurePosixPath(path)
