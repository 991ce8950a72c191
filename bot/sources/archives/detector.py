"""What kind of file somebody has: by its content first, by its name last. Reads no post.

A new kind is one module with the interface of `kind.Kind` and one line in `KINDS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from bot.errors import SourceError
from bot.sources.archives.kind import FileSource, Kind
from bot.sources.archives.look import Look, look
from bot.sources.archives.refusals import is_media_alone, refusal

KINDS: tuple[str, ...] = (
    "bot.sources.archives.x_archive",
    "bot.sources.archives.x_classic",
    "bot.sources.archives.x_community_archive",
    "bot.sources.archives.mastodon_archive",
    "bot.sources.archives.bluesky_repository",
    "bot.sources.archives.reddit",
    "bot.sources.archives.meta_export",
    "bot.sources.archives.table",
    "bot.sources.archives.json_array",
    "bot.sources.jsonl",
    "bot.sources.archives.plain_text",
)
"""The modules of all kinds; of two that recognise a file the first one reads it."""


@dataclass(frozen=True, slots=True)
class Detected:
    """The kind of some files, which `generation` of it they are, and `media`, files with pictures or videos alone."""

    kind: Kind
    generation: str
    looks: tuple[Look, ...]
    media: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The files as messages name them."""
        return ", ".join(one.name for one in self.looks)


def detect(files: Sequence[str]) -> Detected:
    """The kind of the files, all of one. Raises SourceError with a sentence for any that is not read."""
    looks = [look(file) for file in files]
    media = [one.name for one in looks if len(looks) > 1 and is_media_alone(one)]
    looks = [one for one in looks if one.name not in media]
    found = [(one, _recognised(one)) for one in looks]
    for one, match in found:
        if match is None:
            raise SourceError(f"{one.name}: {refusal(one)}")
    kinds = [match for _, match in found if match is not None]
    if not kinds:
        raise SourceError(
            f"{', '.join(media)}: these files hold pictures and videos alone; add the file with the posts"
        )
    kind, generation = kinds[0]
    for one, (other, _) in zip(looks, kinds, strict=True):
        if other is not kind:
            raise SourceError(
                f"{one.name}: this is {other.TITLE}, and {looks[0].name} is {kind.TITLE}; give files of one kind at a "
                "time: what is read is added to what is stored"
            )
    return Detected(kind, generation, tuple(looks), tuple(media))


def detect_for(source: FileSource, files: Sequence[str]) -> Detected:
    """The kind of files that a registry names under `source`. Raises SourceError for what another source reads.

    A file that nobody recognises is JSON Lines where that source is asked for: its reader names the first bad line.
    """
    looks = [look(file) for file in files]
    lines = source == "jsonl" and all(_recognised(one) is None and _may_be_lines(one) for one in looks)
    found = Detected(_module("bot.sources.jsonl"), "", tuple(looks)) if lines else detect(files)
    if source != found.kind.SOURCE:
        right = found.kind.SOURCE
        raise SourceError(
            f"{found.where}: this is {found.kind.TITLE}, which source: {right} reads: write source: {right} and "
            f"{right}: FILE"
        )
    return found


def _may_be_lines(one: Look) -> bool:
    return one.form in ("folder", "file", "gzip") and refusal(one, known_only=True) is None


def _recognised(one: Look) -> tuple[Kind, str] | None:
    for name in KINDS:
        kind = _module(name)
        if (generation := kind.recognise(one)) is not None:
            return kind, generation
    return None


def _module(name: str) -> Kind:
    return cast("Kind", importlib.import_module(name))
