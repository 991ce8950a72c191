"""What somebody's file is: every kind is found by its content, and what is not read is named with what to do."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from bluesky_repositories import key, post, repository
from mastodon_archives import mastodon, note, outbox, tar
from meta_exports import INSTAGRAM, instagram, threads
from old_archives import classic, classic_tweet, community_archive, table, unpack
from reddit_data import comments, reddit
from x_archives import javascript, members, pack, tweet

from bot.errors import SourceError
from bot.sources import check_file
from bot.sources.archives import detector
from bot.sources.archives.detector import KINDS, detect
from bot.sources.archives.kind import NAMES

PAGE = b"<!doctype html>\n<html><head><title>%s</title></head><body></body></html>"
LINE = b'{"id": "1", "text": "canary is well here", "created_at": "2024-05-01"}\n'


def zipped(**contents: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return made.getvalue()


READ: dict[str, tuple[str, bytes]] = {
    "zip of today": ("x_archive", zipped(**{"data/tweets.js": javascript("tweets", [tweet(1)])})),
    "single tweets.js": ("x_archive", javascript("tweets", [tweet(1)])),
    "records alone": ("x_archive", b'[ { "tweet" : {"id": "1"} } ]'),
    "zip of 2014": ("x_classic", zipped(**classic({"2014_05": [classic_tweet(1, "all is well")]}))),
    "month of 2014": ("x_classic", b"Grailbird.data.tweets_2014_05 = \n[]"),
    "table of 2014": ("x_classic", table([classic_tweet(1, "all is well")])),
    "community archive": ("x_community_archive", community_archive([tweet(1)])),
    "archive of Mastodon": ("mastodon_archive", zipped(**mastodon([note()]))),
    "tar.gz of Mastodon": ("mastodon_archive", tar(mastodon([note()]))),
    "outbox": ("mastodon_archive", outbox([note()])),
    "lines": ("jsonl", LINE),
    "repository": ("bluesky_repository", repository({key(1): post()})),
    "Reddit's zip": ("reddit", zipped(**reddit("canary"))),
    "Reddit's comments": ("reddit", comments("canary")),
    "Instagram's zip": ("meta_export", zipped(**{INSTAGRAM: instagram("canary")})),
    "Threads' posts": ("meta_export", threads("canary")),
    "array of posts": ("json_array", b"[" + LINE.strip() + b"]"),
    "table": ("table", b"Datum,Text\n2024-05-01,canary is well\n"),
    "text": ("plain_text", "canary is well\nund Öl\n".encode()),
    "packed lines": ("jsonl", gzip.compress(LINE)),
}


@pytest.mark.parametrize("what", READ)
@pytest.mark.parametrize("name", ["a.zip", "posts.JSONL", "download", "tweets.csv.crdownload"])
def test_a_kind_is_found_by_its_content_whatever_the_name(tmp_path: Path, what: str, name: str) -> None:
    kind, data = READ[what]
    if what == "text" and name in ("posts.JSONL", "tweets.csv.crdownload"):
        return  # any text may be the content of a file with these names, cut short or not
    (tmp_path / name).write_bytes(data)
    assert detect([str(tmp_path / name)]).kind.__name__.rpartition(".")[2] == kind


def test_every_kind_is_found_here_and_says_what_it_reads() -> None:
    assert {kind for kind, _ in READ.values()} == {name.rpartition(".")[2] for name in KINDS}
    for name in KINDS:
        kind = detector._module(name)
        assert kind.TITLE
        assert kind.READS
        assert kind.NEVER
        assert set(NAMES) >= kind.CHOICES


NOT_READ: dict[str, tuple[str, bytes, str]] = {
    "login page": (
        "a.zip",
        PAGE % b"Log in to X",
        "web page where one signs in, so the download did not work",
    ),
    "page": ("Your archive.html", PAGE % b"Archive", "this is a web page; of an archive give the whole zip"),
    "empty": ("a.zip", b"", "this is empty"),
    "JSON array": ("posts.json", b'[\n {"id": "1"}]', "a JSON array; write one post a line"),
    "tar.gz": (
        "a.tar.gz",
        tar({"data/tweets.js": javascript("tweets", [tweet(1)])}),
        "no zip: unpack it and give the folder",
    ),
    "PDF": ("a.pdf", b"%PDF-1.7\n", "this is a PDF"),
    "7z": ("a.7z", b"7z\xbc\xaf\x27\x1c", "a 7z or rar archive and no zip: unpack it"),
    "unfinished": (
        "a.zip.crdownload",
        zipped(a=b"1" * 500)[:300],
        "the browser has not finished this download",
    ),
    "cut short": ("a.zip", zipped(a=b"1" * 500)[:300], "damaged or cut short; download it again"),
    "media alone": ("a.zip", zipped(**{"data/tweets_media/1.jpg": b""}), "pictures and videos alone"),
    "picture": ("a.jpg", b"\xff\xd8\xff\xe0", "a picture, a video or a sound"),
    "document": ("a.xlsx", zipped(**{"[Content_Types].xml": b""}), "save its table as CSV"),
    "zips in a zip": ("a.zip", zipped(**{"a.zip": b"", "b.zip": b""}), "other zips alone: unpack it"),
    "another zip": ("a.zip", zipped(**{"notes.txt": b""}), "this zip holds no tweets.js"),
    "likes": (
        "likes.json",
        b'{"@context": "https://www.w3.org/ns/activitystreams", "orderedItems": ["https://canary.example"]}',
        "a list of an archive of Mastodon that holds no posts",
    ),
    "messages": (
        "tweets.js",
        b"window.YTD.direct_messages.part0 = [",
        "this is direct-messages of an archive of X",
    ),
    "text in Latin-1": ("a.txt", b"canary \xd6l", "if it is a text, save it as UTF-8"),
}


@pytest.mark.parametrize("what", NOT_READ)
def test_a_file_that_is_not_read_is_named_with_what_to_do(tmp_path: Path, what: str) -> None:
    name, data, said = NOT_READ[what]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceError) as caught:
        detect([str(tmp_path / name)])
    assert str(caught.value).startswith(f"{tmp_path / name}: ")
    assert said in str(caught.value)
    assert "canary" not in str(caught.value)


def test_folders_without_posts_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="this is empty"):
        detect([str(tmp_path / "empty")])
    (tmp_path / "empty/notes.txt").write_text("x")
    with pytest.raises(SourceError, match="this folder holds no file with posts"):
        detect([str(tmp_path / "empty")])


def test_a_source_says_which_other_one_reads_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(LINE)
    with pytest.raises(
        SourceError, match="this is JSON Lines, which source: jsonl reads: write source: jsonl"
    ):
        check_file("archive", str(tmp_path / "a"))
    pack(tmp_path / "b", members([tweet(1)]))
    with pytest.raises(SourceError, match="this is an archive of X, which source: archive reads"):
        check_file("jsonl", str(tmp_path / "b"))
    (tmp_path / "c.jsonl").write_bytes(b"[1]")
    with pytest.raises(SourceError, match="a JSON array; write one post a line"):
        check_file("jsonl", str(tmp_path / "c.jsonl"))


def test_a_zip_of_very_many_pictures_is_detected_without_an_object_for_each(tmp_path: Path) -> None:
    name = b"data/tweets_media/1234567890123456789-AbCdEfGhIjKlMnOp.jpg"
    record = b"PK\x01\x02" + b"\x14\0" * 2 + b"\0" * 20 + len(name).to_bytes(2, "little") + b"\0" * 16 + name
    posts = b"PK\x01\x02" + b"\x14\0" * 2 + b"\0" * 20 + b"\x0e\0" + b"\0" * 16 + b"data/tweets.js"
    count = 250_000
    directory = record * count + posts
    end = b"PK\x05\x06" + b"\0" * 4 + b"\xff\xff" * 2 + len(directory).to_bytes(4, "little") + b"\0" * 6
    (tmp_path / "a.zip").write_bytes(directory + end)
    found = detect([str(tmp_path / "a.zip")])
    assert (found.looks[0].media, found.looks[0].members) == (count, frozenset(["data/tweets.js"]))


def test_a_folder_that_leads_round_in_a_circle_is_looked_at_once(tmp_path: Path) -> None:
    unpack(tmp_path / "a", members([tweet(1)]))
    (tmp_path / "a/data/again").symlink_to(tmp_path / "a")
    check_file("archive", str(tmp_path / "a"))
