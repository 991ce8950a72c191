"""The files of archives of X that are given together: several zips of one archive, folders, single files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bot.errors import SourceError
from bot.sources import fields
from bot.sources.archives import ytd
from bot.sources.archives.look import Look
from bot.sources.archives.members import Members, Single, open_members, where
from bot.sources.archives.x_posts import Part

_MANIFEST = "manifest.js"
_COUNT = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Root:
    """A folder with data of an archive: `folder` ends in a slash, or is empty."""

    members: Members
    folder: str

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest's value; empty where there is none."""
        name = self.folder + _MANIFEST
        if name not in self.members.names:
            return {}
        with self.members.open(name) as stream:
            return as_object(ytd.value(stream, f"{self.members.file}: {name}"))

    def files(self, types: Sequence[str]) -> list[dict[str, Any]]:
        """The files that the manifest names for the first of the data types that it has any for."""
        known = as_object(self.manifest.get("dataTypes"))
        return next((found for each in types if (found := _files(known.get(each)))), [])

    def matching(self, pattern: re.Pattern[str]) -> list[str]:
        """The names of the files in this folder that match, as X numbers them."""
        here = (name.removeprefix(self.folder) for name in self.members.names if name.startswith(self.folder))
        return sorted(filter(pattern.fullmatch, here), key=lambda name: (len(name), name))

    def has(self, name: str) -> bool:
        """Whether the folder holds the file."""
        return self.folder + name in self.members.names

    def first(self, name: str, wrapper: str) -> dict[str, Any]:
        """The first record of a small file; empty where there is none."""
        return next(self.records(name, wrapper), {})

    def records(self, name: str, wrapper: str) -> Iterator[dict[str, Any]]:
        """The records of a small file; none where there is no such file."""
        if self.has(name):
            with self.members.open(self.folder + name) as stream:
                for record in ytd.records(stream, f"{self.members.file}: {self.folder}{name}"):
                    yield as_object(record.get(wrapper, record))


@dataclass(frozen=True, slots=True)
class File:
    """A file with records, in one of the folders."""

    root: Root = field(repr=False)
    name: str

    def part(self) -> Part:
        """The file as a part to be read."""
        members, name = self.root.members, self.root.folder + self.name
        place = where(members, name)

        def records() -> Iterator[dict[str, Any]]:
            with members.open(name) as stream:
                yield from ytd.records(stream, place)

        return Part(place, records)


@dataclass(frozen=True, slots=True)
class Announced:
    """Files of one type, and how many records their manifests announce in all; None where one of them does not."""

    parts: tuple[File, ...]
    count: int | None


def announced(roots: Sequence[Root], types: Sequence[str], pattern: re.Pattern[str]) -> Announced:
    """The files of a type: those that manifests name, in whichever folder they are, else those of such a name.

    A file that two archives have makes their counts useless. Raises SourceError for one that is missing.
    """
    found: dict[tuple[int, str], str | None] = {}
    for number, root in enumerate(roots):
        named = root.files(types)
        for file in named:
            name = _checked(root, file, pattern)
            holders = [at for at, other in enumerate(roots) if other.has(name)]
            if not holders:
                raise SourceError(
                    f"{root.members.file}: {root.folder}{name}: the manifest names this part, but it is missing; "
                    "give all files of the archive, or download it again, all its files if X split it"
                )
            found[number if number in holders else holders[0], name] = str(file.get("count"))
        for name in () if named else root.matching(pattern):
            found.setdefault((number, name), None)
    names = [name for _, name in found]
    counts = [count for count in found.values() if count is not None and _COUNT.fullmatch(count)]
    sure = len(counts) == len(found) > 0 and len(set(names)) == len(names)
    in_order = sorted(found, key=lambda key: (key[0], len(key[1]), key[1]))
    files = tuple(File(roots[number], name) for number, name in in_order)
    return Announced(files, sum(map(int, counts)) if sure else None)


def open_roots(
    stack: ExitStack, looks: Sequence[tuple[Look, str | None]], markers: re.Pattern[str]
) -> list[Root]:
    """Opens the files, and finds the folders of archives in them: those with a file that `markers` matches.

    A look with a name is a single file that has this name in an archive.
    """
    roots = []
    for look, name in looks:
        if name is not None:
            roots.append(Root(Single(look.name, look.file, name), ""))
            continue
        members = stack.enter_context(open_members(look.file))
        folders = {
            folder + slash
            for folder, slash, last in (member.rpartition("/") for member in members.names)
            if markers.fullmatch(last)
        }
        roots += [
            Root(members, folder) for folder in sorted(folders, key=lambda each: (each.count("/"), each))
        ]
    return roots


def _checked(root: Root, file: dict[str, Any], pattern: re.Pattern[str]) -> str:
    """The file that a manifest names. Raises SourceError for one that is of another type."""
    named = file.get("fileName")
    name = named.lower().removeprefix("data/") if isinstance(named, str) else ""
    if not pattern.fullmatch(name):
        raise SourceError(
            f"{root.members.file}: {root.folder}{_MANIFEST}: it names {str(named)[:100]!r} as posts; not read"
        )
    return name


def _files(data_type: object) -> list[dict[str, Any]]:
    return fields.mappings(data_type, "files")


def as_object(value: object) -> dict[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(values: dict[str, Any], key: str) -> str:
    """The text under a key, empty where there is none."""
    return fields.text(values, key) or ""
