"""Notes on each model that last from one run to the next, in a small JSON file."""

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
    """Adds values to the notes on a model; None removes one. Writes nothing where nothing changes."""
    before = read(files, name)
    notes = {**before, **values}
    if handles:
        notes["handles"] = sorted({*_handles(before), *map(key, handles)})
    notes = {name: value for name, value in sorted(notes.items()) if value is not None}
    if notes != before:
        files.write(_path(name), seal(notes))


def forget(files: Files, name: str) -> None:
    """Removes the notes on a model."""
    files.remove(_path(name))


def read(files: Files, name: str) -> dict[str, Any]:
    """The notes on a model; empty when there are none, or damaged ones."""
    return _parsed(files.read(_path(name)), _path(name))


def read_all(files: Files) -> dict[str, dict[str, Any]]:
    """The notes on every model, by its name."""
    paths = [f"{FOLDER}/{name}" for name in files.names(FOLDER) if name.endswith(".json")]
    return {_name(path): _parsed(data, path) for path, data in files.read_many(paths).items()}


def purge(files: Files, handle: str) -> int:
    """Removes the notes on every model that holds or names the handle; returns how many files."""
    names = sorted({handle, handle.replace("@", ".")})
    mentions = re.compile("|".join(rf"(?<![\w.@]){re.escape(name)}(?![\w@]|\.\w)" for name in names))
    paths = [f"{FOLDER}/{name}" for name in files.names(FOLDER)]
    found = []
    for path, data in files.read_many(paths).items():
        text = json.dumps(_parsed(data, path), ensure_ascii=False) + data.decode(errors="replace")
        if mentions.search(f"{_name(path)} {text}".lower()):
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
    """The handles in notes; none where somebody edited them into something else."""
    handles = notes.get("handles")
    return [one for one in handles if isinstance(one, str)] if isinstance(handles, list) else []
