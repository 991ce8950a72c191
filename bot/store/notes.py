"""Notes: what the bot remembers of a model between runs, a small JSON file a model."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from bot.store.files import Files
from bot.store.names import key, quoted
from bot.store.sealed import seal, unseal

FOLDER = "notes"


def remember(files: Files, name: str, handles: Sequence[str], values: dict[str, Any]) -> None:
    """Adds values under a model's name; None forgets one. Writes nothing where nothing changes."""
    before = read(files, name)
    notes = {**before, **values}
    if handles:
        notes["handles"] = sorted({*_handles(before), *map(key, handles)})
    notes = {name: value for name, value in sorted(notes.items()) if value is not None}
    if notes != before:
        files.write(_path(name), seal(notes))


def forget(files: Files, name: str) -> None:
    """Removes the note on a model."""
    files.remove(_path(name))


def read(files: Files, name: str) -> dict[str, Any]:
    """What was remembered of a model; empty when nothing was. Damaged notes count as none."""
    return _parsed(files.read(_path(name)), _path(name))


def read_all(files: Files) -> dict[str, dict[str, Any]]:
    """What was remembered, of every model by name."""
    paths = [f"{FOLDER}/{name}" for name in files.names(FOLDER) if name.endswith(".json")]
    return {_name(path): _parsed(data, path) for path, data in files.read_many(paths).items()}


def purge(files: Files, handle: str) -> int:
    """Removes every note on a model that holds the handle, or names it; returns how many went."""
    names = sorted({handle, handle.replace("@", ".")})
    mentions = re.compile("|".join(rf"(?<![\w.@]){re.escape(name)}(?![\w@]|\.\w)" for name in names))
    paths = [f"{FOLDER}/{name}" for name in files.names(FOLDER)]
    found = []
    for path, data in files.read_many(paths).items():
        told = json.dumps(_parsed(data, path), ensure_ascii=False) + data.decode(errors="replace")
        if mentions.search(f"{_name(path)} {told}".lower()):
            found.append(path)
    files.update({}, found)
    return len(found)


def _path(name: str) -> str:
    return f"{FOLDER}/{quoted(name)}.json"


def _name(path: str) -> str:
    return unquote(path.removeprefix(f"{FOLDER}/").removesuffix(".json"))


def _parsed(data: bytes | None, path: str) -> dict[str, Any]:
    try:
        return unseal(data, path) if data is not None else {}
    except ValueError:
        return {}


def _handles(notes: dict[str, Any]) -> list[str]:
    """The handles that a note names; none where a hand has written something else there."""
    handles = notes.get("handles")
    return [one for one in handles if isinstance(one, str)] if isinstance(handles, list) else []
