"""Notes: what the bot remembers of a model between runs, a small JSON file a model."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from bot.store.files import Files
from bot.store.names import key, quoted

FOLDER = "notes"


def remember(files: Files, name: str, handles: Sequence[str], values: dict[str, Any]) -> None:
    """Adds values under a model's name; None forgets one."""
    notes = {**read(files, name), **values}
    if handles:
        notes["handles"] = sorted({*notes.get("handles", ()), *map(key, handles)})
    notes = {name: value for name, value in notes.items() if value is not None}
    files.write(_path(name), json.dumps(notes, sort_keys=True).encode())


def forget(files: Files, name: str) -> None:
    """Removes the note on a model."""
    files.remove(_path(name))


def read(files: Files, name: str) -> dict[str, Any]:
    """What was remembered of a model; empty when nothing was. Damaged notes count as none."""
    return _parsed(files.read(_path(name)))


def read_all(files: Files) -> dict[str, dict[str, Any]]:
    """What was remembered, of every model by name."""
    paths = [f"{FOLDER}/{name}" for name in files.names(FOLDER) if name.endswith(".json")]
    return {_name(path): _parsed(data) for path, data in files.read_many(paths).items()}


def purge(files: Files, handle: str) -> int:
    """Removes every note on a model that holds the handle, or names it; returns how many went."""
    names = sorted({handle, handle.replace("@", ".")})
    mentions = re.compile("|".join(rf"(?<![\w.@]){re.escape(name)}(?![\w@]|\.\w)" for name in names))
    paths = [f"{FOLDER}/{name}" for name in files.names(FOLDER)]
    count = 0
    for path, data in files.read_many(paths).items():
        told = json.dumps(_parsed(data), ensure_ascii=False) + data.decode(errors="replace")
        if mentions.search(f"{_name(path)} {told}".lower()):
            files.remove(path)
            count += 1
    return count


def _path(name: str) -> str:
    return f"{FOLDER}/{quoted(name)}.json"


def _name(path: str) -> str:
    return unquote(path.removeprefix(f"{FOLDER}/").removesuffix(".json"))


def _parsed(data: bytes | None) -> dict[str, Any]:
    try:
        notes = json.loads(data or b"{}")
    except ValueError:
        return {}
    return notes if isinstance(notes, dict) else {}
