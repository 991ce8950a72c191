"""Files of the store at any fsspec URL: whole reads, atomic private writes, every failure as one sentence."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bot.errors import SourceError
from bot.sources.files import shown


class Files:
    """A tree of small files below `url`; paths are relative, with forward slashes.

    On this machine a file is replaced by renaming and readable by its owner alone. Object stores replace a
    whole object at once by themselves.
    """

    def __init__(self, url: str) -> None:
        import fsspec  # slow to start, and not every command opens a store

        self.url = shown(url)
        try:
            # Two runs may share a store, so a listing remembered is a listing that may be wrong.
            filesystem, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except (ValueError, ImportError) as error:
            raise SourceError(f"store {self.url}: {error}; use file://, memory://, s3:// or hf://") from None
        self._files: Any = filesystem
        self._root = str(root).rstrip("/")
        protocol = filesystem.protocol
        self._local = "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    def read(self, path: str) -> bytes | None:
        """The whole file, or None where there is none."""
        with self._sentence(f"reading {path}"):
            try:
                return bytes(self._files.cat_file(self._at(path)))
            except FileNotFoundError:
                return None

    def read_many(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Many files at once, where the file system can; files that are gone are left out."""
        if self._local or len(paths) < 2:
            return {path: data for path in paths if (data := self.read(path)) is not None}
        with self._sentence("reading the accounts' facts"):
            found = self._files.cat([self._at(path) for path in paths], on_error="omit")
        return {path: bytes(found[self._at(path)]) for path in paths if self._at(path) in found}

    def write(self, path: str, data: bytes) -> None:
        """Puts the file there, whole or not at all."""
        with self._sentence(f"writing {path}"):
            if not self._local:
                self._files.pipe_file(self._at(path), data)
                return
            target = Path(self._at(path))
            self._make_private(target.parent)
            descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".writing-")  # mode 0600
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
        """Removes the file, or does nothing where there is none."""
        with self._sentence(f"removing {path}"), suppress(FileNotFoundError):
            self._files.rm_file(self._at(path))

    def remove_folder(self, path: str) -> int:
        """Removes everything below, half-written files too; returns how many files there were."""
        with self._sentence(f"removing {path}"):
            count = len(self.below(path))
            if count or self._files.isdir(self._at(path)):
                self._files.rm(self._at(path), recursive=True)
            return count

    def names(self, path: str) -> list[str]:
        """The names of the files in one folder, sorted; none where there is no folder."""
        with self._sentence(f"listing {path}"):
            try:
                entries = self._files.ls(self._at(path), detail=True)
            except FileNotFoundError:
                return []
        return sorted(entry["name"].rpartition("/")[2] for entry in entries if entry["type"] == "file")

    def below(self, path: str) -> list[str]:
        """The paths of all files below one folder, sorted."""
        with self._sentence(f"listing {path or 'it'}"):
            root = self._at(path)
            if self._local:  # three times as fast as asking for each file's size and owner
                found = (f"{top}/{name}" for top, _, names in os.walk(root) for name in names)
            else:
                found = iter(self._files.find(root))
            return sorted(name.removeprefix(self._root).lstrip("/") for name in found)

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _make_private(self, folder: Path) -> None:
        """Makes the folder for its owner alone, and keeps a new store out of git: it holds people's posts."""
        root = Path(self._root)
        if not root.exists():
            root.mkdir(parents=True, mode=0o700)
            (root / ".gitignore").write_text("*\n")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextmanager
    def _sentence(self, doing: str) -> Iterator[None]:
        try:
            yield
        except PermissionError:
            raise SourceError(f"store {self.url}: {doing} is not permitted; check owner or token") from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SourceError(
                f"store {self.url}: {doing} failed: {reason}; look at the store and run again"
            ) from None
