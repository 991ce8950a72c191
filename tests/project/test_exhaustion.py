"""Files of strangers that would fill the memory or never end, read by the command itself under hard limits."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest
from limits import MEMORY, Run, run_limited
from x_archives import pack, tweet

from bot.errors import SourceError
from bot.sources import jsonl, open_source
from bot.sources.archives import keys, members, tally, tweets, x_posts

HEAD = "version: 1\nnamespace: org\ncontact: https://example.org/removal\npolicy: {consent: off}\nmodels:\n"
POST = b'{"id":"%d","full_text":"a","created_at":"Wed Oct 10 20:19:24 +0000 2018"}'


def validate(folder: Path, source: str, file: Path) -> Run:
    """`bot validate` on a registry whose one entry names the file."""
    entry = f"  - handles: [bad]\n    source: {source}\n    {source}: {file.name}\n"
    (folder / "registry.yaml").write_text(HEAD + entry)
    return run_limited(["validate"], folder)


def test_a_manifest_of_many_empty_lists_is_a_line_of_validate(tmp_path: Path) -> None:
    lists = b"x = [" + b"[]," * 21_000_000 + b"1]"
    file = pack(tmp_path / "a.zip", {"data/manifest.js": lists, "data/tweets.js": b"x = []"})
    assert file.stat().st_size < 70_000
    run = validate(tmp_path, "archive", file)
    assert run.code == 2, run.said
    assert "data/manifest.js: it is cut short or damaged: it is larger than 8 MiB" in run.said or (
        "data/manifest.js: it is cut short or damaged: it holds more than 200,000 values" in run.said
    )
    assert run.peak < MEMORY // 4


def test_a_packed_file_of_empty_lines_ends(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.jsonl.gz", "wb") as packed:
        for _ in range(100):
            packed.write(b"\n" * 1_000_000)
    run = validate(tmp_path, "jsonl", tmp_path / "a.jsonl.gz")
    assert run.code == 2, run.said
    assert "a.jsonl.gz:1000001: more than 1,000,000 lines" in run.said


def test_a_million_members_are_counted_before_they_are_listed(tmp_path: Path) -> None:
    record = b"PK\x01\x02" + b"\x14\0" * 2 + b"\0" * 20 + b"\1\0" + b"\0" * 16 + b"a"
    count = 1_000_000
    end = (
        b"PK\x05\x06" + b"\0" * 4 + b"\xff\xff" * 2 + (count * len(record)).to_bytes(4, "little") + b"\0" * 6
    )
    (tmp_path / "a.zip").write_bytes(record * count + end)
    run = validate(tmp_path, "archive", tmp_path / "a.zip")
    assert run.code == 2, run.said
    assert "a.zip: it holds more than 300,000 files; unpack it" in run.said


def test_more_posts_than_any_account_has_are_refused_when_they_are_reached(tmp_path: Path) -> None:
    posts = b"x = [" + b",".join(POST % number for number in range(600_000)) + b"]"
    file = pack(tmp_path / "a.zip", {"data/tweets.js": posts})
    (tmp_path / "registry.yaml").write_text(HEAD + "  - {handles: [bad], source: archive}\n")
    run = run_limited(["import", "bad", file], tmp_path)
    assert run.code == 2, run.said
    assert "data/tweets.js: more than 500,000 posts; not read; write the newest of them as JSONL" in run.said


def refusal(kind: str, file: Path) -> str:
    with pytest.raises(SourceError) as caught:
        tuple(open_source(kind, file=str(file)).read("ada").posts)
    assert "canary" not in str(caught.value)
    return str(caught.value)


def test_many_parts_are_counted_together(tmp_path: Path) -> None:
    part = b"x = [" + b" " * (20 << 20) + b"]"
    file = pack(tmp_path / "a.zip", {f"data/tweets-part{number}.js": part for number in range(1, 6)})
    assert (
        "data/tweets-part4.js: it would unpack to 20,971,526 bytes, 83,886,104 with the files read"
        in refusal("archive", file)
    )


def test_a_member_that_lies_about_its_packed_size_gains_nothing(tmp_path: Path) -> None:
    file = pack(tmp_path / "a.zip", {"data/tweets.js": b"x = [" + b" " * (70 << 20) + b"]"})
    data = bytearray(file.read_bytes())
    at = data.rindex(b"PK\x01\x02") + 20
    data[at : at + 4] = (1 << 30).to_bytes(4, "little")
    file.write_bytes(data)
    assert "it would unpack to 73,400,326 bytes, where an archive of this size has at most" in refusal(
        "archive", file
    )


def test_the_parts_of_a_folder_are_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "LARGEST", 2000)
    for number in range(1, 4):
        (tmp_path / f"tweets-part{number}.js").write_bytes(b"x = [" + b" " * 900 + b"]")
    assert "tweets-part3.js: with the files read before it, it has more than the 2,000 bytes" in refusal(
        "archive", tmp_path
    )


def test_records_characters_and_versions_have_a_most_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.zip"
    monkeypatch.setattr(tally, "MOST_RECORDS", 10)
    pack(file, {"data/tweets.js": b"x = [" + b"{}," * 10 + b"{}]"})
    assert "the archive has more than 10 records" in refusal("archive", file)
    monkeypatch.setattr(tally, "MOST_CHARACTERS", 100)
    records = [tweet(number, f"canary {'a' * 60}") for number in range(1, 3)]
    pack(file, {"data/tweets.js": b"x = " + json.dumps(records).encode()})
    assert "the texts have more than 100 characters" in refusal("archive", file)
    monkeypatch.setattr(x_posts, "MOST_POSTS", 8)
    ids = [str(number) for number in range(100, 130)]
    edited = tweet(1, "a", edit_info={"initial": {"editTweetIds": ids}})
    pack(file, {"data/tweets.js": b"x = " + json.dumps([edited]).encode()})
    assert "more than 8 posts" in refusal("archive", file)


def test_a_post_longer_than_any_is_skipped_and_said(tmp_path: Path) -> None:
    records = [tweet(1, "a" * (tweets.LONGEST_TEXT + 1)), tweet(2, "well"), tweet(3, "well")]
    file = pack(tmp_path / "a.zip", {"data/tweets.js": b"x = " + json.dumps(records).encode()})
    timeline = open_source("archive", file=str(file)).read("ada")
    assert [post.id for post in timeline.posts] == ["2", "3"]
    assert (
        "record 1 has a full_text of more than 100,000 characters; 1 of its 3 records"
        in timeline.warnings[-1]
    )


def test_a_date_or_a_count_beyond_all_bounds_is_one_record_or_nothing(tmp_path: Path) -> None:
    records = [tweet(1, created_at="Mon Jan 01 00:00:00 +2359 0001"), tweet(2), tweet(3)]
    config = {"dataTypes": {"tweets": {"files": [{"fileName": "data/tweets.js", "count": "9" * 6000}]}}}
    contents = {
        "data/tweets.js": b"x = " + json.dumps(records).encode(),
        "data/manifest.js": b"x = " + json.dumps(config).encode(),
    }
    timeline = open_source("archive", file=str(pack(tmp_path / "a.zip", contents))).read("ada")
    assert [post.id for post in timeline.posts] == ["2", "3"]
    assert "record 1 has no created_at that is a date" in timeline.warnings[-1]


def test_lines_bytes_and_texts_of_jsonl_have_a_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = {"id": "1", "text": "canary", "created_at": "2025-01-01T00:00:00Z"}
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({**line, "text": "a" * (keys.LONGEST_TEXT + 1)}))
    assert f"{file}:1: text has more than 100,000 characters" in refusal("jsonl", file)
    monkeypatch.setattr(jsonl, "MOST_BYTES", 200)
    file.write_text((json.dumps(line) + "\n") * 4)
    assert f"{file}:3: more than 1,000,000 lines or 200 bytes" in refusal("jsonl", file)
    monkeypatch.setattr(jsonl, "MOST_LINES", 1)
    assert f"{file}:2: more than 1 lines" in refusal("jsonl", file)


def test_links_that_stand_elsewhere_are_cut_in_one_pass() -> None:
    links = [(500, 523, f"https://t.co/{number:010}") for number in range(500)]
    text = " ".join(url for _, _, url in links) + " https://t.co/0000000001x stays"
    assert tweets.cut(text, links).split() == ["https://t.co/0000000001x", "stays"]


def test_an_archive_of_many_pictures_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for number in range(70_000):  # more than a zip's old list can count
            packed.writestr(zipfile.ZipInfo(f"data/tweets_media/{number}-picture.jpg"), b"")
        packed.writestr("data/tweets.js", b"x = " + json.dumps([tweet(1)]).encode())
    assert len(tuple(open_source("archive", file=str(tmp_path / "a.zip")).read("ada").posts)) == 1
