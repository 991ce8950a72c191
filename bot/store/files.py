"""Files of the store: whole reads, atomic private writes, every failure as one sentence. A folder, or any URL."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from bot.errors import SourceError
from bot.sources.files import failures, reason, shown

WRITING = ".writing-"
ABANDONED_S = 3600.0
"""Seconds after which a half-written file belongs to no run any more."""


class Files(Protocol):
    """A tree of small files; paths are relative, with forward slashes. Failures are SourceErrors."""

    url: str
    """Where it is, as a message may show it: without credentials."""

    def read(self, path: str) -> bytes | None:
        """The whole file, or None where there is none."""
        ...

    def read_many(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Many files at once, where the file system can; files that are gone are left out."""
        ...

    def update(self, writes: Mapping[str, bytes], removes: Iterable[str] = ()) -> None:
        """Writes files and removes others; does nothing where there is nothing to do.

        At once where the place can. Elsewhere each file is there whole or not at all, and nothing is removed
        before all is written. A file to be removed that is not there is none too much.
        """
        ...

    def write(self, path: str, data: bytes) -> None:
        """Puts one file there, whole or not at all."""
        ...

    def remove(self, path: str) -> None:
        """Removes one file, or does nothing where there is none."""
        ...

    def remove_folder(self, path: str) -> int:
        """Removes everything below, half-written files too; returns how many files there were."""
        ...

    def names(self, path: str) -> list[str]:
        """The names of the files in one folder, sorted; none where there is no folder."""
        ...

    def below(self, path: str) -> list[str]:
        """The paths of all files below one folder, sorted."""
        ...


class Folder:
    """Files on this machine: replaced by renaming, readable by their owner alone, kept out of git."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.url = shown(str(root))

    def read(self, path: str) -> bytes | None:
        """See `Files`."""
        with sentence(self.url, f"reading {path}"):
            try:
                return (self._root / path).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def read_many(self, paths: Sequence[str]) -> dict[str, bytes]:
        """See `Files`."""
        return {path: data for path in paths if (data := self.read(path)) is not None}

    def update(self, writes: Mapping[str, bytes], removes: Iterable[str] = ()) -> None:
        """See `Files`."""
        for path, data in writes.items():
            self.write(path, data)
        for path in removes:
            self.remove(path)

    def write(self, path: str, data: bytes) -> None:
        """See `Files`."""
        import tempfile

        with sentence(self.url, f"writing {path}"):
            target = self._root / path
            self._make_private(target.parent)
            self._sweep(target.parent)
            descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=WRITING)  # mode 0600
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(temporary).replace(target)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise

    def remove(self, path: str) -> None:
        """See `Files`."""
        with sentence(self.url, f"removing {path}"), suppress(FileNotFoundError):
            (self._root / path).unlink()

    def remove_folder(self, path: str) -> int:
        """See `Files`."""
        import shutil

        with sentence(self.url, f"removing {path}"):
            count = len(self.below(path))
            if (self._root / path).is_dir():
                shutil.rmtree(self._root / path)
            return count

    def names(self, path: str) -> list[str]:
        """See `Files`."""
        with sentence(self.url, f"listing {path}"):
            try:
                with os.scandir(self._root / path) as entries:
                    return sorted(entry.name for entry in entries if entry.is_file())
            except FileNotFoundError:
                return []

    def below(self, path: str) -> list[str]:
        """See `Files`."""
        with sentence(self.url, f"listing {path or 'it'}"):
            found = (Path(top, name) for top, _, names in os.walk(self._root / path) for name in names)
            return sorted(file.relative_to(self._root).as_posix() for file in found)

    def _sweep(self, folder: Path) -> None:
        """Removes what runs that were killed left half-written, once it is too old to be another run's work."""
        for path in folder.glob(f"{WRITING}*"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > ABANDONED_S:
                    path.unlink()

    def _make_private(self, folder: Path) -> None:
        if not self._root.exists():
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)  # another run may make it now
            (self._root / ".gitignore").write_text("*\n")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


@contextmanager
def sentence(url: str, doing: str) -> Iterator[None]:
    """Turns what a file system raises into one SourceError that says what was being done to which store."""
    try:
        yield
    except PermissionError:
        raise SourceError(f"store {url}: {doing} is not permitted; check owner or token") from None
    except failures() as error:
        raise SourceError(
            f"store {url}: {doing} failed: {reason(error)}; look at the store and run again"
        ) from None
