from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.errors import SourceError
from bot.sources import check_file, jsonl, open_source
from bot.sources.posts import Post, Timeline

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def line(identifier: Any = "1", **fields: Any) -> str:
    return json.dumps(
        {"id": identifier, "text": "All is well", "created_at": "2024-05-01T12:00:00Z", **fields}
    )


def read(path: Path, data: str | bytes) -> Timeline:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return open_source("jsonl", file=str(path)).read("diary")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "posts.jsonl"


def test_a_line_is_a_post(file: Path) -> None:
    timeline = read(
        file,
        line(
            "a1",
            lang="en",
            is_repost=True,
            reply_to=7,
            reply_to_author=8,
            app="Pen",
            sensitive=True,
            other=[1],
        ),
    )
    post = Post(
        "a1",
        "All is well",
        NOON,
        "en",
        is_repost=True,
        reply_to="7",
        sensitive=True,
        reply_to_author="8",
        app="Pen",
    )
    assert tuple(timeline.posts) == (post,)
    assert (timeline.profile.handle, timeline.profile.network) == ("diary", "other")
    assert timeline.warnings == ()


@pytest.mark.parametrize(
    "created_at",
    ["2024-05-01T12:00:00Z", "2024-05-01T14:00:00+02:00", "2024-05-01 12:00:00", 1714564800, 1714564800.0],
)
def test_dates_are_iso_8601_or_seconds_and_end_in_utc(file: Path, created_at: object) -> None:
    (post,) = read(file, line(created_at=created_at)).posts
    assert post.created_at == NOON
    assert post.created_at.tzinfo is UTC


def test_a_byte_order_mark_blank_lines_and_windows_line_ends_do_no_harm(file: Path) -> None:
    data = f"\ufeff{line(1)}\r\n\r\n   \n{line(2)}\r\n{line(3)}"
    assert [post.id for post in read(file, data).posts] == ["1", "2", "3"]


def test_an_empty_file_is_an_empty_timeline(file: Path) -> None:
    assert read(file, "").posts == ()


def test_a_compressed_file_is_read_as_it_is(tmp_path: Path) -> None:
    packed = gzip.compress(line(1).encode())
    assert len(tuple(read(tmp_path / "posts.jsonl.gz", packed).posts)) == 1


def test_of_lines_with_one_id_the_last_is_taken_and_said(file: Path) -> None:
    timeline = read(
        file, "\n".join([line(1), line(2), line(1, text="New words here"), line(1, text="Newest")])
    )
    assert {post.id: post.text for post in timeline.posts} == {"1": "Newest", "2": "All is well"}
    assert timeline.warnings == ("2 lines repeat an id; the last of each was taken",)


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("canary", "not JSON"),
        ('{"id": "1", "text": "canary', "not JSON"),
        ("[1]", "not a JSON object"),
        ("[" * 100_000, "it holds more than 10,000 values"),
        (line(None), "id is missing or no text"),
        (line(True), "id is missing or no text"),
        (line(" "), "id is missing or no text"),
        (line(text=None), "text is missing or no text"),
        (line(created_at=None), "created_at is no date"),
        (line(created_at="canary"), "created_at is no date"),
        (line(created_at=1e18), "created_at is no date"),
        (line(created_at=True), "created_at is no date"),
        (line(created_at="9999-01-01"), "created_at lies in the future"),
        (line(is_repost="no"), "is_repost is neither true nor false"),
        (line(lang=["en"]), "lang is no text"),
        (b'{"id": "1", "text": "\xe9 canary"}', "not UTF-8: save the file as UTF-8"),
        ("\ufeff".encode("utf-16"), "not UTF-8: save the file as UTF-8"),
    ],
)
def test_a_bad_line_is_named_by_its_number_with_what_to_do(
    file: Path, bad: str | bytes, complaint: str
) -> None:
    data = bad.encode() if isinstance(bad, str) else bad
    with pytest.raises(SourceError) as caught:
        read(file, line(1).encode() + b"\n\n" + data + b"\n")
    message = str(caught.value)
    assert message.startswith(f"{file}:3: {complaint}")
    assert '; write one post a line, such as {"id":' in message
    assert "canary" not in message


def test_a_line_without_end_is_given_up(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "LONGEST_LINE", 1000)
    with pytest.raises(SourceError, match=":2: longer than 1,000 bytes"):
        read(file, line(1) + "\n" + line(2, text="x" * 2000))


def test_a_damaged_compressed_file_is_named(file: Path) -> None:
    packed = gzip.compress("\n".join(line(number) for number in range(1000)).encode())
    with pytest.raises(SourceError, match=r"posts.jsonl: damaged or cut short after line \d+"):
        read(file, packed[:-20])


def test_a_check_names_the_first_bad_line(file: Path) -> None:
    file.write_text(line(1) + "\n")
    check_file("jsonl", str(file))
    file.write_text(line(1) + "\nnonsense\n")
    with pytest.raises(SourceError, match=":2: not JSON"):
        check_file("jsonl", str(file))


def test_a_folder_and_a_missing_file_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="this is a folder, and a file is needed"):
        check_file("jsonl", str(tmp_path))
    with pytest.raises(SourceError, match=r"there is no such file; check the path"):
        check_file("jsonl", str(tmp_path / "absent"))
