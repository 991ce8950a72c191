"""Problems of local files that a registry names, found by reading the files."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from bot import sources
from bot.errors import BotError, Problem
from bot.registry import Registry, owners

REVIEW_CPU_S = 4.0
"""CPU seconds after which a review opens no further file: one hostile file may take as long again."""


def file_problems(
    registry: Registry,
    names: Collection[str] | None = None,
    *,
    cpu_s: float = math.inf,
    clock: Callable[[], float] = time.process_time,
) -> Iterator[Problem]:
    """Yields a problem for each local file that its source cannot read, or whose owner the entry may not have.

    `names` are the models to check, None for all. After `cpu_s` seconds of `clock` no further file is opened, and
    each entry whose files were not is a problem.
    """
    end = clock() + cpu_s
    for entry in registry.entries:
        if names is not None and entry.name not in names:
            continue
        if entry.files and clock() >= end:
            message = (
                "its files were not opened: those before it took all the time of this check; split the change"
            )
            yield Problem(str(registry.path), entry.line, entry.column, message)
            continue
        for handle, files in entry.files.items():
            if not all(Path(file).exists() for file in files):
                continue
            try:
                sources.check_file(entry.source, files, handle)
            except BotError as error:
                yield Problem(str(registry.path), entry.line, entry.column, str(error))
        for fault in owners.file_faults(registry, entry, owners.of_files(entry).owners):
            yield Problem(str(registry.path), entry.line, entry.column, fault)
