"""A JSON array of posts, with the keys of JSON Lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.errors import SourceError
from bot.sources import open_source
from bot.sources.posts import Post, Timeline


def array(folder: Path, *objects: Any, cut: int | None = None) -> Timeline:
    (folder / "posts.json").write_text(json.dumps(objects, indent=1)[:cut])
    return open_source("jsonl", file=str(folder / "posts.json")).read("ada")


def one(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "text": "All is well here", "created_at": "2024-05-01T12:00:00Z", **fields}


def test_an_object_is_a_post(tmp_path: Path) -> None:
    timeline = array(tmp_path, one(1), one(2, lang="en", reply_to="1"))
    moment = datetime(2024, 5, 1, 12, tzinfo=UTC)
    assert timeline.posts == (
        Post("1", "All is well here", moment),
        Post("2", "All is well here", moment, "en", reply_to="1"),
    )


def test_a_few_bad_objects_are_skipped_and_counted(tmp_path: Path) -> None:
    timeline = array(tmp_path, one(1), one(2), one(3, text=7))
    assert len(tuple(timeline.posts)) == 2
    assert "record 3 text is missing or no text; 1 of its 3 records were skipped" in timeline.warnings[0]


def test_what_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cut short"):
        array(tmp_path, one(1), one(2), cut=-20)
    with pytest.raises(SourceError, match="created_at lies in the future"):
        array(tmp_path, one(1, created_at="2999-01-01"))
    with pytest.raises(SourceError, match="a JSON array; write one post a line"):
        array(tmp_path, {"id": 1})
