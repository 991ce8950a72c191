"""Sources `archive` and `jsonl`: files that somebody gives, of any kind that the detector knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from bot.errors import SourceError
from bot.sources import Cost, Cursor, Options, Source, handles
from bot.sources.archives.detector import Detected, detect_for
from bot.sources.archives.kind import Choices, FileSource
from bot.sources.archives.look import Look
from bot.sources.posts import Owner, Timeline

_NETWORKS = {"x": "X", "bluesky": "Bluesky", "mastodon": "Mastodon", "other": "another network"}


def open_source(options: Options) -> Source:
    """Opens the files of `options`, paths or fsspec URLs, as the source that it names."""
    return Files(options.files, cast("FileSource", options.source), Choices(options.communities))


def check_file(options: Options, handle: str | None) -> None:
    """Checks that the files can be the source's, without reading all posts of an archive. Raises SourceError.

    With a handle, the files must be of its network.
    """
    found = detect_for(cast("FileSource", options.source), options.files)
    if handle is not None:
        _check_network(found, handle)
    found.kind.check(found.looks, Choices(options.communities))


def owner_of(options: Options, handle: str | None) -> Owner:
    """The owner that the files name, without reading posts. Raises SourceError.

    With a handle, the files must be of its network.
    """
    found = detect_for(cast("FileSource", options.source), options.files)
    if handle is not None:
        _check_network(found, handle)
    return found.kind.owner(found.looks)


def announced_posts(options: Options) -> int | None:
    """The number of posts that the files announce, where their kind does, without reading posts. Raises SourceError."""
    found = detect_for(cast("FileSource", options.source), options.files)
    count: Callable[[Sequence[Look]], int | None] | None = getattr(found.kind, "announced_posts", None)
    return count(found.looks) if count is not None else None


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one person. Reading them costs nothing, and takes memory for the posts only."""

    files: Sequence[str]
    source: FileSource
    choices: Choices

    @property
    def cost(self) -> Cost:
        """Nothing."""
        return Cost()

    def read(
        self,
        handle: str,
        *,
        since: Cursor | None = None,
        until: Cursor | None = None,
        account: str | None = None,
    ) -> Timeline:
        """All posts of the files, whatever `since` is. Raises SourceError that names file and member."""
        return read(detect_for(self.source, self.files), handle, self.choices)


def read(found: Detected, handle: str, choices: Choices) -> Timeline:
    """All posts of the files, as the handle's. Raises SourceError, also for a handle of another network."""
    _check_network(found, handle)
    return found.kind.read(found.looks, handle, choices)


def _check_network(found: Detected, handle: str) -> None:
    """Raises SourceError where the handle is one of another network than the files'."""
    wanted = found.kind.NETWORK
    of = handles.network(handle)
    if wanted is not None and of != wanted:
        raise SourceError(
            f"{found.where}: this is {found.kind.TITLE}, and {handles.shown(handle)} is a handle of {_NETWORKS[of]}; "
            f"give the handle that the account has on {_NETWORKS[wanted]}"
        )
