"""Small JSON files of the store, each with the version of its format and a digest of what it says.

    {"version": 1, "digest": "…", and the file's own keys}

A file without either was written before there were any, and is read as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.errors import SourceError
from bot.io import digest
from bot.io.bounded import Bounds, read_json

VERSION = 1
"""The version of these files, and the first one of every format of the store."""

_DIGEST = "digest"


class NewerFormat(SourceError):
    """A file of the store is newer than this bot, which therefore neither reads nor writes it."""


def seal(value: Mapping[str, Any]) -> bytes:
    """The file that says `value`, a JSON object without the keys `version` and `digest`."""
    whole = {"version": VERSION, **value}
    return json.dumps({**whole, _DIGEST: _digest(whole)}, separators=(",", ":")).encode()


def unseal(data: bytes, path: str) -> dict[str, Any]:
    """What a file says. Raises ValueError for a damaged one, and NewerFormat, which names `path`."""
    value = read_json(data, Bounds(64 << 20, whole=False), "it")
    if not isinstance(value, dict):
        raise ValueError("not an object")
    check_version(value.get("version", VERSION), path)  # first: a newer format may have another digest
    expected = value.pop(_DIGEST, None)
    if expected is not None and expected != _digest(value):
        raise ValueError("not what was written")
    value.pop("version", None)
    return value


def check_version(version: object, path: str, newest: int = VERSION) -> None:
    """NewerFormat for a version above the `newest` that this bot reads, ValueError for what is no version."""
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError("no version")
    if version > newest:
        raise NewerFormat(
            f"{path} in the store has format {version}, and this bot reads format {newest}: install the version of "
            "the bot that wrote it (docs/upgrading.md), and run again; nothing was written"
        )


def _digest(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return digest.short(text.encode())
