"""The registry as it is on disk now: a run that takes hours sees who was removed meanwhile."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from bot.errors import BotError
from bot.registry import Registry, load


@dataclass(slots=True)
class Latest:
    """A registry that is read again once its file has changed."""

    registry: Registry
    _stamp: tuple[int, int, int] | None = field(init=False)

    def __post_init__(self) -> None:
        self._stamp = self._now()

    def read(self) -> Registry:
        """The registry as its file is now. Raises RegistryError and UsageError when it cannot be read any more."""
        stamp = self._now()
        if stamp != self._stamp:
            self.registry, self._stamp = load(self.registry.path), stamp
        return self.registry

    def removed(self, handle: str) -> bool:
        """Whether the handle has a tombstone by now; as last known where the file cannot be read any more."""
        try:
            return handle in self.read().gone
        except BotError:
            return handle in self.registry.gone

    def _now(self) -> tuple[int, int, int] | None:
        try:
            status = os.stat(self.registry.path)  # noqa: PTH116 - a link's target counts
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
