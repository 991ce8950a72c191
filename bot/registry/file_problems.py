"""Problems of local files that a registry names, found by reading the files."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from bot import sources
from bot.errors import BotError, Problem
from bot.registry import Registry, owners


def file_problems(registry: Registry, names: Collection[str] | None = None) -> Iterator[Problem]:
    """Yields a problem for each local file that its source cannot read, or whose owner the entry may not have.

    `names` are the models to check, None for all.
    """
    for entry in registry.entries:
        if names is not None and entry.name not in names:
            continue
        for file in entry.files.values():
            if not Path(file).exists():
                continue
            try:
                sources.check_file(entry.source, file)
            except BotError as error:
                yield Problem(str(registry.path), entry.line, entry.column, str(error))
        for fault in owners.file_faults(registry, entry, owners.of_files(entry)):
            yield Problem(str(registry.path), entry.line, entry.column, fault)
