"""A plain folder as a backend: PATH/NAMESPACE/NAME/ holds the current files of a repo and nothing else.

It gives the Hub's guarantees: a version appears whole or not at all, on the parent that was read, one writer at a
time. The state for that is in PATH/NAMESPACE/.mynah; the next run repairs what a crash left there.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bot.errors import ConflictError, CredentialsError, HubError
from bot.hub.endpoint import REAL
from bot.hub.folder_files import entries, head_of, last_change, link, read_file, same_files, write_version
from bot.hub.protocol import WAIT_S, Blob, Contents, Listing, Repo, checked_path
from bot.hub.published import CARD, FILENAME
from bot.hub.repo_status import of_files
from bot.hub.staging import Staging
from bot.io import digest


class FolderHub:
    """Repos of one namespace below a folder. `wait_s` bounds each wait for another writer (seconds)."""

    def __init__(self, path: Path, namespace: str, *, wait_s: float = WAIT_S) -> None:
        self._root = Path(path) / namespace
        self._staging = Staging(self._root, wait_s)

    address = REAL
    """Cards in a folder link to the real Hub, where their repos may be uploaded later."""

    def check(self, *, write: bool, create: bool = False) -> None:
        """CredentialsError when the folder may not be read, or with `write` not be written."""
        place = next(folder for folder in (self._root, *self._root.parents) if folder.exists())
        needed = os.R_OK | os.X_OK | (os.W_OK if write else 0)
        if not place.is_dir():
            raise HubError(f"{place} is a file, and the hub needs a folder there: name another one")
        if not os.access(place, needed):
            verb = "written" if write else "read"
            raise CredentialsError(f"{place} may not be {verb} by this user: change its owner or mode")

    def listing(self) -> Listing:
        """Every folder of the namespace; one that cannot be read is listed with its problem."""
        with _translated(f"list {self._root}"), self._staging.reading():
            private = self._staging.private()
            repos: dict[str, Repo] = {}
            try:
                folders = list(os.scandir(self._root))
            except FileNotFoundError:
                folders = []
            for entry in folders:
                if not entry.name.startswith(".") and entry.is_dir():
                    name = entry.name.encode(errors="replace").decode()
                    repo = self._repo(name, entry.path, name in private)
                    repos[name] = repo if name == entry.name else _not_utf8(repo)
            return Listing(dict(sorted(repos.items())))

    def _repo(self, name: str, path: str, private: bool) -> Repo:
        try:
            head = head_of(path)
            verdict = of_files(read_file(Path(path, FILENAME)), lambda: read_file(Path(path, CARD)))
        except OSError as error:
            return Repo(name, None, private, problem=f"{name} cannot be read: {error.strerror}")
        return Repo(name, head, private, verdict.published, verdict.problem, verdict.named, verdict.complete)

    def read(self, name: str, path: str, *, listed: bool = False) -> bytes | None:
        """One file of a repo's current version, or None where the repo or the file does not exist.

        HubError where it does not exist although it was `listed`.
        """
        file = self._folder(name) / checked_path(path)
        with _translated(f"read {file}"), self._staging.reading():
            try:
                return file.read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                if listed:
                    raise HubError(f"{file} is gone since it was listed: run again", transient=True) from None
                return None

    def files(self, name: str, head: str) -> Mapping[str, Blob]:
        """Every file of a repo by its path, with its SHA-256; ConflictError when it is not at `head` any more."""
        folder = self._folder(name)
        with _translated(f"read {folder}"), self._staging.reading():
            found = head_of(folder)
            if found != head:
                raise ConflictError(_moved(folder, found, head))
            return {
                path: Blob(size, sha256=digest.of_file(folder / path)) for path, size, _ in entries(folder)
            }

    def download(self, name: str) -> Path | None:
        """The repo's folder itself; None where there is none, or it is marked as private."""
        return self._folder(name) if self.visible(name) else None

    def contents(self, name: str) -> Contents | None:
        """A repo's head, paths and newest time of change, or None where there is no such folder."""
        folder = self._folder(name)
        with _translated(f"read {folder}"), self._staging.reading():
            if not folder.is_dir():
                return None
            paths = sorted(entry.path for entry in entries(folder))
            return Contents(head_of(folder), tuple(paths), last_change(folder))

    def earlier(self, name: str, path: str) -> Iterator[bytes]:
        """None: a folder keeps only the current version."""
        return iter(())

    def visible(self, name: str) -> bool:
        """Whether the folder exists and is not marked as private."""
        folder = self._folder(name)
        with _translated(f"read {folder}"), self._staging.reading():
            return folder.exists() and name not in self._staging.private()

    def publish(
        self,
        name: str,
        files: Mapping[str, Path | bytes],
        *,
        parent: str | None,
        message: str,
        remove: Collection[str] = (),
    ) -> str:
        """Replaces a repo's files by one rename and returns the new head. `message` is not stored.

        ConflictError when the repo is no longer at `parent` and holds anything else than `files`.
        """
        folder = self._folder(name)
        with _translated(f"publish {folder}"), self._staging.build() as new:
            write_version(new, files, folder)
            with self._staging.writing():
                head = head_of(folder)
                current = {entry.path for entry in entries(folder)}
                if head != parent:
                    if head is not None and not current & set(remove) and same_files(folder, new, files):
                        return head
                    raise ConflictError(_moved(folder, head, parent))
                for path in current - files.keys() - set(remove):
                    (new / path).parent.mkdir(parents=True, exist_ok=True)
                    link(folder / path, new / path)
                new_head = head_of(new)
                if new_head is None:
                    raise HubError(
                        f"{folder}: a publication without files was refused; this is a bug in the bot"
                    )
                if new_head != head:
                    self._staging.replace(name, new)
                return new_head

    def hide(self, name: str) -> None:
        """Marks a repo as private; its files stay."""
        with _translated(f"hide {self._folder(name)}"), self._staging.writing():
            if not self._folder(name).is_dir():
                raise HubError(f"{self._folder(name)} does not exist: nothing to make private")
            self._staging.mark_private(name, True)

    def delete(self, name: str) -> None:
        """Deletes a repo; one that is gone already is no error."""
        with (
            _translated(f"delete {self._folder(name)}"),
            self._staging.build() as new,
            self._staging.writing(),
        ):
            if self._folder(name).is_dir():
                self._staging.discard(name, new / "gone")
            self._staging.mark_private(name, False)

    def url(self, name: str) -> str:
        """The path of the folder: relative when it is below the working directory, else absolute."""
        path = self._folder(name).absolute()
        here = Path.cwd()
        return str(path.relative_to(here) if path.is_relative_to(here) else path)

    def resolve_base(self, repo_id: str, revision: str | None = None) -> str | None:
        """The revision, if it is a commit id already; a folder is offline and resolves nothing else."""
        return revision if revision and re.fullmatch(r"[0-9a-f]{40}", revision) else None

    def _folder(self, name: str) -> Path:
        if not name or name.startswith(".") or "/" in name or "\0" in name:
            raise HubError(f"{name!r} is not the name of a repo")
        return self._root / name


def _not_utf8(repo: Repo) -> Repo:
    """The repo as unusable, since no page or plan can hold a folder's name that is not UTF-8."""
    if repo.published is None and repo.problem is None:
        return repo
    problem = f"the name of the folder {repo.name} is not UTF-8: rename it"
    return replace(repo, head=None, published=None, problem=problem)


def _moved(folder: Path, head: str | None, parent: str | None) -> str:
    if head is None:
        return f"{folder} is gone since it was read (it was at {(parent or '')[:8]}): run the plan again"
    changed = last_change(folder)
    when = f"{changed:%Y-%m-%d %H:%M:%S} UTC" if changed is not None else "an unknown time"
    if parent is None:
        return (
            f"{folder} exists already, at {head[:8]} of {when}, and was missing when it was read: plan again"
        )
    return (
        f"{folder} changed since it was read: it is at {head[:8]} of {when}, not at {parent[:8]}: plan again"
    )


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Turns every failure of the file system inside into a HubError that says what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        advice = {
            errno.ENOSPC: "free some space and run again",
            errno.EDQUOT: "free some of your quota and run again",
            errno.EACCES: "change the folder's owner or mode",
            errno.EPERM: "change the folder's owner or mode",
            errno.EROFS: "it is mounted read-only: name another folder",
        }.get(error.errno or 0, "look at the disk and run again")
        where = f" ({error.filename})" if error.filename else ""
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise HubError(f"could not {what}: {reason}{where}; {advice}", transient=full) from error
