"""The backend that holds the files of a place: a folder, the Hub, or S3."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

from bot.store.files import Files, Folder
from bot.store.places import Place, place_of


def open_files(where: str | Place) -> Files:
    """The files of a place, or of what a path or URL names. UsageError for a place that holds no store."""
    place = place_of(where) if isinstance(where, str) else where
    match place.kind:  # what the others import is slow to start, and a folder needs none of it
        case "folder":
            return Folder(Path(place.prefix))
        case "bucket" | "dataset" | "model":
            from bot.store.hub_files import HubFiles

            return HubFiles(place)
        case "s3" | "memory":
            from bot.store.remote import Remote

            return Remote(place)
        case _:
            assert_never(place.kind)
