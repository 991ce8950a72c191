"""Zips of every network that are encrypted, hostile, cut short or have names in another case."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from mastodon_archives import mastodon, note
from meta_exports import INSTAGRAM, PROFILE, instagram, profile
from reddit_data import reddit
from x_archives import Members, members, pack, tweet

from bot.errors import SourceError
from bot.sources.archives.detector import detect
from bot.sources.archives.kind import Choices
from bot.sources.archives.source import read
from bot.sources.posts import Timeline

ZIPS: dict[str, tuple[str, Members, str]] = {
    "X": ("ada_example", members([tweet(1)]), "data/tweets.js"),
    "Mastodon": ("ida@m.example", mastodon([note()]), "outbox.json"),
    "Reddit": ("ada_example", reddit("All is well"), "comments.csv"),
    "Instagram": ("ada_example", {PROFILE: profile(), INSTAGRAM: instagram("All is well")}, INSTAGRAM),
}
EACH = pytest.mark.parametrize("network", ZIPS)


def timeline(file: Path, handle: str) -> Timeline:
    return read(detect([str(file)]), handle, Choices())


def refusal(file: Path, handle: str) -> str:
    with pytest.raises(SourceError) as caught:
        timeline(file, handle)
    return str(caught.value)


@EACH
def test_names_in_another_case_are_the_same(tmp_path: Path, network: str) -> None:
    handle, contents, _ = ZIPS[network]
    file = pack(tmp_path / "A.ZIP", {f"Mine/{name.upper()}": data for name, data in contents.items()})
    assert tuple(timeline(file, handle).posts) == tuple(
        timeline(pack(tmp_path / "b.zip", contents), handle).posts
    )


@EACH
def test_an_encrypted_member_is_refused(tmp_path: Path, network: str) -> None:
    handle, contents, posts = ZIPS[network]
    file = pack(tmp_path / "a.zip", contents)
    data = bytearray(file.read_bytes())
    at = data.rindex(posts.encode()) - 46  # the central directory's entry
    data[at + 8] |= 1
    file.write_bytes(data)
    assert f"{posts}: it is encrypted; unpack the archive with its password" in refusal(file, handle)


@EACH
@pytest.mark.parametrize("name", ["../passwd", "/etc/passwd", "C:/passwd"])
def test_a_member_that_leads_out_is_refused(tmp_path: Path, network: str, name: str) -> None:
    handle, contents, _ = ZIPS[network]
    file = pack(tmp_path / "a.zip", {**contents, name: b"{}"})
    assert "which no archive does; not read" in refusal(file, handle)


@EACH
def test_a_zip_that_is_cut_short_is_refused(tmp_path: Path, network: str) -> None:
    handle, contents, _ = ZIPS[network]
    file = pack(tmp_path / "a.zip", contents)
    file.write_bytes(file.read_bytes()[:-100])
    assert "damaged or cut short; download it again" in refusal(file, handle)


@EACH
def test_a_member_that_unpacks_to_more_than_it_can_be_is_refused(tmp_path: Path, network: str) -> None:
    handle, contents, posts = ZIPS[network]
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data + b" " * (80 << 20) if name == posts else data)
    assert "it would unpack to" in refusal(tmp_path / "a.zip", handle)
