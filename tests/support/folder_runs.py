"""Runs of the bot against a folder hub, in processes that are killed at a chosen change of the disk."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from hub_versions import files

from bot.hub import staging
from bot.hub.folder import FolderHub

GONE = ("gone/txt",)
"""What a replacing publication removes."""
_CHANGES = (
    "os.rename",
    "os.mkdir",
    "os.remove",
    "os.rmdir",
    "os.link",
    "os.utime",
    "os.truncate",
    "ctypes.dlopen",
)


def publish_in_folder(
    root: str, version: str, parent: str | None, replace: bool, exchange: bool, point: int
) -> None:
    """Publishes into a folder hub, and is killed just before its change number `point` of the disk."""
    hub = FolderHub(Path(root), "tester")
    os.fsync = lambda fd: None  # the process dies here, not the machine
    if not exchange:
        staging._exchange = lambda one, other: False
    changes = iter(range(10_000))

    def count(event: str, arguments: tuple[object, ...]) -> None:
        writes = (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if (writes or event in _CHANGES) and next(changes) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    hub.publish(
        "ada", files(version), parent=parent, message=version, remove=GONE if replace and parent else ()
    )
