"""Local files that the registry names: where they are, and whether they are what they are said to be."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from bot.hub import base_files
from bot.io.paths import TEMPLATES
from bot.registry import hub_names
from bot.registry.fault import Fault
from bot.registry.schema import Preferences
from bot.registry.values import is_path
from bot.registry.yaml_tree import Mapping
from bot.sources.handles import shown

"""Where the bot's own templates are: in an installed package, in a checkout."""

OUTSIDE = "is outside of the repository; in a review only files inside are looked at"

DEFAULT_TEMPLATE: str = Preferences.model_fields["template"].default


KEEPS_HISTORY = (
    "a repo keeps its history, so that a removed person could be read back: a new store is refused here, and an "
    "existing one goes on with a warning in every run; make a private Storage Bucket (`hf buckets create "
    "NAMESPACE/NAME --private`) and write hf://buckets/NAMESPACE/NAME, or carry the store over with `bot store move "
    "hf://buckets/NAMESPACE/NAME`"
)
"""The warning on the line of a store in a dataset or model repo of the Hub."""


def located(text: str, folder: Path) -> str:
    """A path or fsspec URL as the registry means it: local ones absolute, relative to the registry's folder."""
    scheme, mark, rest = text.partition("://")
    if mark and scheme not in ("file", "local"):
        return text
    path = os.path.normpath(folder / Path(os.path.expanduser(rest if mark else text)))  # noqa: PTH111
    return path if not mark else f"file://{path}"


def leads_out(path: Path, within: Path | None) -> bool:
    """Whether the path, its links followed, is outside of the folder `within`; nothing is, of None."""
    try:
        return within is not None and not path.resolve().is_relative_to(within.resolve())
    except (
        OSError,
        RuntimeError,
        ValueError,
    ):  # links that lead round in a circle, a name that no disk can hold
        return True


def unreadable(kind: str, path: Path, within: Path | None = None) -> str | None:
    """The reason why this cannot be the file meant, as the end of a sentence; None when it can be.

    What lies outside of `within` is not looked at.
    """
    if leads_out(path, within):
        return OUTSIDE
    try:
        if not path.exists():
            return "does not exist; a relative path starts at the registry's folder"
        if kind in ("archive", "jsonl") and path.is_dir():
            return None
        if not path.is_file():
            return "is not a file"
        with path.open("rb"):
            return None
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError:  # a NUL in its name
        return "is no name of a file"


def base_of(
    file: Preferences, node: Mapping, folder: Path, faults: list[Fault], within: Path | None = None
) -> str:
    """The base as an absolute folder or a Hub id; what is neither becomes a fault."""
    text, place = file.base, node.get("base") or node
    path = located(text, folder)
    if "://" not in text and leads_out(Path(path), within):
        faults.append(place.fault(f"base: {shown(text)} {OUTSIDE}"))
        return path
    if "://" not in text and _is_local(Path(path), named=is_path(text)):
        if fault := _base_fault(Path(path)):
            faults.append(place.fault(f"base: {shown(text)} {fault}"))
        return path
    if is_path(text):
        message = f"base: there is no folder {shown(text)}; a relative path starts at the registry's folder"
        faults.append(place.fault(message))
        return path
    if not hub_names.is_model_id(text):
        faults.append(
            place.fault(
                f"base: {shown(text)} is neither a folder nor a model's Hub id such as openai-community/gpt2, "
                "with @revision or without"
            )
        )
    return text


def _is_local(path: Path, *, named: bool) -> bool:
    """Whether there is a folder or a GGUF file, or any file where the text is `named` like a path.

    None is where nobody can look, or of a name that no disk can hold.
    """
    try:
        return path.is_dir() or base_files.is_gguf(path) or (named and path.exists())
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=64)
def _base_fault(path: Path) -> str | None:
    try:
        return base_files.fault(path)
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def check_template(file: Preferences, node: Mapping, folder: Path, faults: list[Fault]) -> None:
    """Adds a fault when a template that somebody chose is nowhere to be found."""
    if "template" not in file.model_fields_set or file.template == DEFAULT_TEMPLATE:
        return
    name = f"{file.template}.md.j2"
    if not any((home / name).is_file() for home in (folder / "templates", *TEMPLATES)):
        place = node.get("template") or node
        faults.append(place.fault(f"template: there is no templates/{name} beside the registry"))


def hub_target(
    target: str | None, root: Mapping, folder: Path, faults: list[Fault], within: Path | None = None
) -> str | None:
    """Where repos live, a folder's path absolute; a fault where that leads out of what may be looked at."""
    if target is None or not target.startswith("dir:"):
        return target
    path = located(target.removeprefix("dir:"), folder)
    if leads_out(Path(path), within):
        faults.append((root.get("hub") or root).fault(f"hub: {shown(target)} {OUTSIDE}"))
    return f"dir:{path}"


def store_url(text: str, folder: Path) -> str:
    """A store as a URL; a relative path starts at the registry's folder."""
    where = located(text, folder)
    return where if "://" in where else f"file://{where}"
