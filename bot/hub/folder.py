"""A plain folder as a home of repos: PATH/NAMESPACE/NAME/ holds the current files of a repo and nothing else.

It keeps the Hub's promises: a version appears whole or not at all, on the parent that was read, one writer at a
time. What it needs for that lies in PATH/NAMESPACE/.mynah; a crash leaves nothing there that the next run minds.
"""

from __future__ import annotations

import errno
import filecmp
import hashlib
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.errors import ConflictError, CredentialsError, HubError
from bot.hub import Blob, Contents, Listing, Repo, checked_path, misnamed
from bot.hub.endpoint import REAL
from bot.hub.ownership import GITATTRIBUTES, of_files
from bot.hub.published import CARD, FILENAME
from bot.hub.staging import Staging
from bot.io import digest


class FolderHub:
    """Repos of one namespace below a folder. `wait_s` bounds how long another writer is waited for (seconds)."""

    def __init__(self, path: Path, namespace: str, *, wait_s: float = 120.0) -> None:
        self._root = Path(path) / namespace
        self._staging = Staging(self._root, wait_s)

    address = REAL
    """Cards made in a folder name the Hub to which they may be carried later."""

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
                entries = list(os.scandir(self._root))
            except FileNotFoundError:
                entries = []
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_dir():
                    name = entry.name.encode(errors="replace").decode()
                    repo = self._repo(name, entry.path, name in private)
                    repos[name] = repo if name == entry.name else misnamed(repo)
            return Listing(dict(sorted(repos.items())))

    def _repo(self, name: str, path: str, private: bool) -> Repo:
        try:
            head = head_of(path)
            verdict = of_files(_content(Path(path, FILENAME)), lambda: _content(Path(path, CARD)))
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
                path: Blob(size, sha256=digest.of_file(folder / path))
                for path, size, _ in _scan(str(folder), "")
            }

    def contents(self, name: str) -> Contents | None:
        """A repo's head, paths and newest time of change, or None where there is no such folder."""
        folder = self._folder(name)
        with _translated(f"read {folder}"), self._staging.reading():
            found = sorted(_scan(str(folder), ""))
            changed = max((when for _, _, when in found), default=None)
            return (
                Contents(
                    head_of(folder),
                    tuple(path for path, _, _ in found),
                    datetime.fromtimestamp(changed / 1e9, UTC) if changed is not None else None,
                )
                if folder.is_dir()
                else None
            )

    def earlier(self, name: str, path: str) -> Iterator[bytes]:
        """Nothing: a folder keeps the current version alone."""
        return iter(())

    def visible(self, name: str) -> bool:
        """Whether the folder is there and bears no private mark."""
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
        """Replaces a repo's files by one rename and returns the new head. `message` has no place to stand here.

        ConflictError when the repo is no longer at `parent` and holds something else than `files`.
        """
        folder = self._folder(name)
        with _translated(f"publish {folder}"), self._staging.build() as new:
            _fill(new, files, folder)
            with self._staging.writing():
                head = head_of(folder)
                there = _files(folder)
                kept = [path for path in there if path not in files and path not in remove]
                if head != parent:
                    if head is not None and not set(remove) & set(there) and _same(folder, new, files):
                        return head
                    raise ConflictError(_moved(folder, head, parent))
                for path in kept:
                    (new / path).parent.mkdir(parents=True, exist_ok=True)
                    _link(folder / path, new / path)
                fresh = head_of(new)
                if fresh is None:
                    raise HubError(
                        f"{folder}: a publication without files was refused; this is a bug in the bot"
                    )
                if fresh != head:
                    self._staging.replace(name, new)
                return fresh

    def hide(self, name: str) -> None:
        """Marks a repo as private; the files stay."""
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
        """The folder's path: from the working directory when it lies below that, else absolute."""
        path = self._folder(name).absolute()
        here = Path.cwd()
        return str(path.relative_to(here) if path.is_relative_to(here) else path)

    def resolve_base(self, repo_id: str, revision: str | None = None) -> str | None:
        """A folder is offline: only a revision that is a commit already is known."""
        return revision if revision and re.fullmatch(r"[0-9a-f]{40}", revision) else None

    def _folder(self, name: str) -> Path:
        if not name or name.startswith(".") or "/" in name or "\0" in name:
            raise HubError(f"{name!r} is not the name of a repo")
        return self._root / name


def head_of(folder: str | Path) -> str | None:
    """What stands for a commit: a digest of every file's path, size and time of change (nanoseconds).

    It sees every edit without reading contents. None when the folder is missing or holds no files of its own.
    """
    seen = hashlib.sha256()
    own = 0
    for path, size, changed in sorted(_scan(str(folder), "")):
        own += path != GITATTRIBUTES
        seen.update(f"{path}\0{size}\0{changed}\0".encode("utf-8", "surrogateescape"))
    return seen.hexdigest()[:40] if own else None


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _scan(folder: str, prefix: str) -> Iterator[tuple[str, int, int]]:
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _scan(entry.path, f"{prefix}{entry.name}/")
            else:
                status = entry.stat(follow_symlinks=False)
                yield prefix + entry.name, status.st_size, status.st_mtime_ns


def _files(folder: Path) -> list[str]:
    return [path for path, _, _ in _scan(str(folder), "")]


def _fill(new: Path, files: Mapping[str, Path | bytes], current: Path) -> None:
    """Puts `files` below `new`; one that equals the current version's is linked, not written again."""
    stamp = time.time_ns()  # finer than the kernel's own stamps: two versions never share a head by chance
    for path, content in files.items():
        target, before = new / checked_path(path), current / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if _equal(content, before):
            _link(before, target)
            continue
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            shutil.copyfile(content, target)
        os.utime(target, ns=(stamp, stamp))
        with target.open("rb+") as file:
            os.fsync(file.fileno())


def _equal(content: Path | bytes, file: Path) -> bool:
    if not file.is_file() or file.is_symlink():
        return False
    if isinstance(content, bytes):
        return file.stat().st_size == len(content) and file.read_bytes() == content
    return filecmp.cmp(content, file, shallow=False)


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)


def _same(folder: Path, new: Path, files: Mapping[str, Path | bytes]) -> bool:
    return all((folder / path).is_file() and _equal(new / path, folder / path) for path in files)


def _moved(folder: Path, head: str | None, parent: str | None) -> str:
    if head is None:
        return f"{folder} is gone since it was read (it was at {(parent or '')[:8]}): run the plan again"
    changed = max((when for _, _, when in _scan(str(folder), "")), default=0)
    when = datetime.fromtimestamp(changed / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if parent is None:
        return (
            f"{folder} exists already, at {head[:8]} of {when}, and was missing when it was read: plan again"
        )
    return (
        f"{folder} changed since it was read: it is at {head[:8]} of {when}, not at {parent[:8]}: plan again"
    )


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """The error seam of this home: whatever the file system raises becomes a HubError with what to do."""
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
