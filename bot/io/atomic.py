"""Writes the files of `--out`: completely or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bot.errors import UsageError


def write(path: Path, content: bytes) -> None:
    """Writes the file and its parent folders. Raises UsageError where that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a pipe or a device; a folder is refused
            path.write_bytes(content)
            return
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(temporary).chmod(0o644)  # a web server reads it as another user
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}; name another place with --out"
        ) from error
