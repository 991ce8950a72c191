"""A smaller copy of an X archive: its newest posts, and a manifest that agrees."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

POSTS = re.compile(r"data/tweets(-part\d+)?\.js")
MANIFEST = "data/manifest.js"


def cut(archive: Path, target: Path, most: int) -> None:
    """Writes an archive with `most` posts of each of its files of posts at most; all else is copied."""
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        counts: dict[str, int] = {}
        for name in sorted(
            source.namelist(), key=lambda name: name == MANIFEST
        ):  # the manifest counts, so it is last
            data = source.read(name)
            if POSTS.fullmatch(name):
                head, posts = _parsed(data)
                counts[name] = len(posts[:most])
                data = _written(head, posts[:most])
            elif name == MANIFEST:
                head, facts = _parsed(data)
                for file in facts["dataTypes"]["tweets"]["files"]:
                    file["count"] = str(counts[file["fileName"]])
                data = _written(head, facts)
            made.writestr(name, data)


def _parsed(data: bytes) -> tuple[str, Any]:
    """What stands before the JSON of a file, and the JSON."""
    head, _, body = data.decode().partition("=")
    return head, json.loads(body)


def _written(head: str, value: Any) -> bytes:
    return f"{head}= {json.dumps(value, ensure_ascii=False, indent=2)}".encode()
