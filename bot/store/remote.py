"""Files of the store behind a file system of fsspec: objects of S3, replaced as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import fsspec

from bot.errors import SourceError
from bot.io.installing import install_command
from bot.sources.files import failures, reason, shown
from bot.store.files import sentence
from bot.store.places import Place


class Remote:
    """A tree of objects at a place; see `Files`."""

    def __init__(self, place: Place) -> None:
        self.url = shown(place.url)
        # Two runs may share a store, so a listing remembered is a listing that may be wrong.
        options = {"use_listings_cache": False} if place.kind == "s3" else {}
        try:
            filesystem, root = fsspec.core.url_to_fs(place.url, **options)
        except (ValueError, ImportError) as error:
            raise SourceError(
                f"store {self.url}: {shown(str(error))}; for s3:// {install_command('s3')}"
            ) from None
        except failures() as error:  # some schemes ask their host at once
            raise SourceError(f"store {self.url}: opening it failed: {reason(error)}") from None
        self._files: Any = filesystem
        self._root = str(root).rstrip("/")

    def read(self, path: str) -> bytes | None:
        """See `Files`."""
        with sentence(self.url, f"reading {path}"):
            try:
                return bytes(self._files.cat_file(self._at(path)))
            except FileNotFoundError:
                return None

    def read_many(self, paths: Sequence[str]) -> dict[str, bytes]:
        """See `Files`."""
        if not paths:
            return {}
        with sentence(self.url, "reading the accounts' facts"):
            found = self._files.cat([self._at(path) for path in paths], on_error="omit")
        return {path: bytes(found[self._at(path)]) for path in paths if self._at(path) in found}

    def update(self, writes: Mapping[str, bytes], removes: Iterable[str] = ()) -> None:
        """See `Files`."""
        for path, data in writes.items():
            self.write(path, data)
        for path in removes:
            self.remove(path)

    def write(self, path: str, data: bytes) -> None:
        """See `Files`."""
        with sentence(self.url, f"writing {path}"):
            self._files.pipe_file(self._at(path), data)

    def remove(self, path: str) -> None:
        """See `Files`."""
        with sentence(self.url, f"removing {path}"), suppress(FileNotFoundError):
            self._files.rm_file(self._at(path))

    def remove_folder(self, path: str) -> int:
        """See `Files`."""
        with sentence(self.url, f"removing {path}"):
            count = len(self.below(path))
            if count or self._files.isdir(self._at(path)):
                self._files.rm(self._at(path), recursive=True)
            return count

    def names(self, path: str) -> list[str]:
        """See `Files`."""
        with sentence(self.url, f"listing {path}"):
            try:
                entries = self._files.ls(self._at(path), detail=True)
            except FileNotFoundError:
                return []
        return sorted(entry["name"].rpartition("/")[2] for entry in entries if entry["type"] == "file")

    def below(self, path: str) -> list[str]:
        """See `Files`."""
        with sentence(self.url, f"listing {path or 'it'}"):
            found = self._files.find(self._at(path))
        prefix = f"{self._root}/"
        return sorted(name.removeprefix(prefix) for name in found if name.startswith(prefix))

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root
