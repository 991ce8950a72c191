"""Digests of values, files and folders."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

SHORT_LENGTH = 16
"""Hex digits of a short digest."""


def of_value(value: object) -> str:
    """SHA-256 (hex) of a JSON value in canonical form: sorted keys, no white space, UTF-8.

    File names that are not UTF-8 may hold the surrogates of `os.fsdecode`, which are encoded as they are.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def short(value: object) -> str:
    """The first 16 hex digits of the SHA-256 of bytes, or of a JSON value in canonical form."""
    return (of_bytes(value) if isinstance(value, bytes) else of_value(value))[:SHORT_LENGTH]


def of_bytes(data: bytes) -> str:
    """SHA-256 (hex) of bytes."""
    return hashlib.sha256(data).hexdigest()


def of_file(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob(data: bytes) -> str:
    """The id (SHA-1, hex) that git, and so the Hub, gives to a file of these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def of_files(root: Path, paths: Iterable[Path]) -> str:
    """SHA-256 (hex) over relative names and contents of files below `root`, in any order."""
    return of_value({path.relative_to(root).as_posix(): of_file(path) for path in paths})
