"""Writes files in one step: a reader sees the old content or the new one, and a killed run leaves no half of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bot.errors import UsageError


def write(path: Path, content: bytes) -> None:
    """Writes a file that a flag named, and the folders it needs. Raises UsageError where that is not possible."""
    try:
        replace(path, content)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}; name another place with --out"
        ) from error


def replace(path: Path, content: bytes) -> None:
    """Writes the file and the folders it needs. An existing file keeps its mode, a new one is readable by all.

    A pipe or a device is written to. Raises OSError, and leaves no temporary file then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():  # a folder is refused by the system
        path.write_bytes(content)
        return
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o644  # a web server reads it as another user
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
