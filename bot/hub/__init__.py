"""Where repos live: one protocol, two homes, the Hugging Face Hub and a plain folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.manifest import Published


@dataclass(frozen=True, slots=True)
class Repo:
    """One repo of the namespace as the listing shows it; `head` is its commit, None for an empty repo.

    `published` is None for a repo that is not ours; `problem` says what is damaged in one that is.
    """

    name: str
    head: str | None
    private: bool = False
    published: Published | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The whole namespace, by repo name. `sees_private` is False when private repos would be invisible."""

    repos: Mapping[str, Repo]
    sees_private: bool = True


class Hub(Protocol):
    """What the bot asks of a home of repos. Every method raises `HubError` or `CredentialsError` only."""

    def check(self, *, write: bool) -> None:
        """Proves the credentials before anything is planned: CredentialsError when they do not do."""
        ...

    def listing(self) -> Listing:
        """The state of every repo in the namespace, from as few calls as the home allows."""
        ...

    def read(self, name: str, path: str) -> bytes | None:
        """One file of a repo's current version, or None where the repo or the file does not exist."""
        ...

    def publish(
        self,
        name: str,
        files: Mapping[str, Path | bytes],
        *,
        parent: str | None,
        message: str,
        only: bool = True,
    ) -> str:
        """Puts `files` (path in the repo -> contents) there as ONE commit on `parent`; returns the commit.

        With `only`, files of the repo that are not named are deleted in the same commit (`.gitattributes`
        stays). `parent` None: the repo must not exist, or be an empty one of ours. ConflictError when moved.
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
