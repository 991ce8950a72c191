from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

import pytest
from x_archives import Members, javascript, members, pack, tweet

from bot.errors import SourceError
from bot.sources import open_source
from bot.sources.archives import members as members_module


@pytest.fixture
def contents() -> Members:
    return members([tweet(1, "canary of a post")])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hostile.zip"


def refusal(file: Path) -> str:
    with pytest.raises(SourceError) as caught:
        open_source("archive", file=str(file)).read("ada_example")
    message = str(caught.value)
    assert str(file) in message
    assert "canary" not in message
    return message.replace(str(file), "ZIP")


@pytest.mark.parametrize(
    "name", ["../evil.js", "data/../../evil.js", "/etc/evil.js", "C:/evil.js", "..\\evil.js", "data/.."]
)
def test_a_member_name_that_leads_out_is_refused_and_nothing_is_written(
    file: Path, contents: Members, name: str
) -> None:
    pack(file, {**contents, name: b"x"})
    before = sorted(file.parent.parent.rglob("*"))
    assert f"ZIP: it holds a member named {name!r}".replace("\\\\", "/") in refusal(file).replace("\\\\", "/")
    assert sorted(file.parent.parent.rglob("*")) == before


def test_windows_slashes_are_read_as_slashes(file: Path, contents: Members) -> None:
    pack(file, {name.replace("/", "\\"): data for name, data in contents.items()})
    assert len(tuple(open_source("archive", file=str(file)).read("ada_example").posts)) == 1


def test_a_symbolic_link_is_refused(file: Path, contents: Members) -> None:
    pack(file, contents)
    info = zipfile.ZipInfo("data/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "ZIP: its member 'data/link' is a symbolic link" in refusal(file)


def test_a_member_that_stands_twice_is_refused(file: Path, contents: Members) -> None:
    pack(file, contents)
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("data/tweets.js", javascript("tweets", []))
    assert "ZIP: it holds 'data/tweets.js' twice" in refusal(file)


def test_an_encrypted_member_is_refused(file: Path, contents: Members) -> None:
    pack(file, contents)
    data = bytearray(file.read_bytes())
    at = data.rindex(b"data/tweets.js") - 46  # the central directory's entry
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 8] |= 1
    file.write_bytes(data)
    assert "ZIP: data/tweets.js: it is encrypted" in refusal(file)


def test_a_bomb_is_refused_by_the_size_it_declares(file: Path, contents: Members) -> None:
    size = 70 << 20
    pack(file, {**contents, "data/tweets.js": b"window.YTD.tweets.part0 = [" + b" " * size + b"]"})
    assert "ZIP: data/tweets.js: it would unpack to 73,400,3" in refusal(file)


def test_a_member_larger_than_any_of_x_is_refused(
    file: Path, contents: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members_module, "LARGEST", 100)
    assert "where an archive of this size has at most 100 bytes; not read" in refusal(pack(file, contents))


def test_a_member_that_declares_less_than_it_holds_is_refused(file: Path, contents: Members) -> None:
    pack(file, contents)
    data = bytearray(file.read_bytes())
    at = data.rindex(b"data/tweets.js") - 46
    struct.pack_into("<I", data, at + 24, 200)  # its declared size
    file.write_bytes(data)
    assert "ZIP: data/tweets.js: it is " in refusal(file)


def test_a_compression_nobody_knows_is_refused(file: Path, contents: Members) -> None:
    pack(file, contents)
    data = bytearray(file.read_bytes())
    at = data.rindex(b"data/tweets.js") - 46
    struct.pack_into("<H", data, at + 10, 9)  # Deflate64
    file.write_bytes(data)
    assert "ZIP: data/tweets.js: it cannot be unpacked" in refusal(file)


def test_a_damaged_member_is_named(file: Path, contents: Members) -> None:
    pack(file, contents)
    data = bytearray(file.read_bytes())
    at = data.index(b"data/tweets.js") + len(b"data/tweets.js") + 30
    data[at : at + 20] = b"\xff" * 20
    file.write_bytes(data)
    assert "ZIP: data/tweets.js: it is damaged or cut short" in refusal(file)


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_zip_that_is_cut_short_or_none_at_all_is_refused(
    file: Path, contents: Members, keep: float
) -> None:
    data = pack(file, contents).read_bytes()
    file.write_bytes(data[: int(keep * len(data)) if keep < 1 else int(keep)])
    said = "is a zip that is damaged or cut short; download it again" if keep else "is empty"
    assert f"ZIP: this {said}" in refusal(file)


def test_a_zip_of_something_else_says_what_to_give(file: Path) -> None:
    pack(file, {"notes.txt": b"x"})
    assert "ZIP: this zip holds no tweets.js, so it is no archive of X" in refusal(file)
    pack(file, {"holiday.jpg": b"x"})
    assert "ZIP: this holds pictures and videos alone" in refusal(file)


def test_a_missing_file_and_a_file_that_is_no_zip_are_sentences(tmp_path: Path) -> None:
    assert "there is no such file; check the path" in refusal(tmp_path / "absent.zip")
    (tmp_path / "text.zip").write_text("canary")
    assert "this is a plain text" in refusal(tmp_path / "text.zip")


def test_a_link_in_a_folder_that_leads_out_of_it_is_refused(tmp_path: Path, contents: Members) -> None:
    (tmp_path / "secret.js").write_bytes(javascript("tweets", [tweet(1, "canary of somebody else")]))
    folder = tmp_path / "archive"
    (folder / "data").mkdir(parents=True)
    (folder / "data/tweets.js").symlink_to(tmp_path / "secret.js")
    assert "data/tweets.js: it is a link that leads out of the archive" in refusal(folder)


def test_a_password_in_a_url_stays_out_of_messages() -> None:
    with pytest.raises(SourceError) as caught:
        open_source("archive", file="nosuch://user:hunter2@host/a.zip").read("ada_example")
    assert "hunter2" not in str(caught.value)
    assert "nosuch://host/a.zip" in str(caught.value)
