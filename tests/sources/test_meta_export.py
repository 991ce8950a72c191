"""Exports of Instagram, Threads and Facebook: their text repaired, and only what is public read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from meta_exports import (
    FACEBOOK,
    INSTAGRAM,
    PROFILE,
    THREADS,
    facebook,
    instagram,
    mistaken,
    profile,
    threads,
)
from old_archives import unpack
from x_archives import Members, pack

from bot.errors import SourceError
from bot.sources import check_file, owner_of
from bot.sources.archives.detector import detect
from bot.sources.archives.kind import Choices
from bot.sources.archives.meta_export import PUBLIC_BY_WORD
from bot.sources.archives.source import read
from bot.sources.posts import Owner, Timeline

HANDLE = "ada_example"


def export(folder: Path, contents: Members, *, public: bool = False, handle: str = HANDLE) -> Timeline:
    return read(detect([str(pack(folder / "a.zip", contents))]), handle, Choices(public=public))


def test_a_public_account_of_instagram_is_read_with_its_text_repaired(tmp_path: Path) -> None:
    contents = {PROFILE: profile(), INSTAGRAM: instagram("Grüße 🦜", "もう朝です")}
    timeline = export(tmp_path, contents)
    assert [post.text for post in timeline.posts] == ["Grüße 🦜", "もう朝です"]
    assert {post.created_at for post in timeline.posts} == {datetime(2024, 5, 1, 12, tzinfo=UTC)}
    about = timeline.profile
    assert (about.handle, about.name, about.bio) == (HANDLE, "Ada Öl", "Birds 🦜")
    assert (about.network, about.notes, timeline.warnings) == ("other", (), ())
    file = str(unpack(tmp_path / "a", contents))
    assert owner_of("jsonl", file) == Owner(HANDLE, "ada_example@instagram.com")
    check_file("jsonl", file, HANDLE)


UNMARKED = {
    "private": {PROFILE: profile(private="True"), INSTAGRAM: instagram("All is well")},
    "no profile": {INSTAGRAM: instagram("All is well")},
    "Threads": {PROFILE: profile(), THREADS: threads("All is well")},
    "Facebook": {FACEBOOK: facebook("All is well")},
}


@pytest.mark.parametrize("what", UNMARKED)
def test_what_is_not_marked_as_public_is_read_only_where_somebody_says_that_it_is(
    tmp_path: Path, what: str
) -> None:
    with pytest.raises(SourceError, match=r"does not mark whether these posts are public.*--public"):
        export(tmp_path, UNMARKED[what])
    with pytest.raises(SourceError, match="does not mark"):
        check_file("jsonl", str(tmp_path / "a.zip"))
    timeline = export(tmp_path, UNMARKED[what], public=True)
    assert [post.text for post in timeline.posts] == ["All is well"]
    assert timeline.profile.notes == (PUBLIC_BY_WORD,)


def test_of_two_networks_in_one_export_the_marked_one_is_read(tmp_path: Path) -> None:
    contents = {PROFILE: profile(), INSTAGRAM: instagram("All is well"), THREADS: threads("zanzibar")}
    timeline = export(tmp_path, contents)
    assert [post.text for post in timeline.posts] == ["All is well"]
    assert "posts of Threads are not marked as public and were left out" in timeline.warnings[0]
    assert len(tuple(export(tmp_path, contents, public=True).posts)) == 2


def test_single_files_are_read_together(tmp_path: Path) -> None:
    for name, data in {
        "a": threads("one"),
        "b": facebook("two"),
        "c": instagram("three"),
        "d": profile(),
    }.items():
        (tmp_path / name).write_bytes(data)
    found = detect([str(tmp_path / name) for name in "abcd"])
    timeline = read(found, HANDLE, Choices(public=True))
    assert [post.text for post in timeline.posts] == ["one", "two", "three"]
    assert timeline.warnings == ("records left out, since they have no words of their own: 1",)


def test_equal_posts_of_one_second_are_two_and_have_the_same_ids_in_every_reading(tmp_path: Path) -> None:
    first, second = (export(tmp_path, {FACEBOOK: facebook("yes", "yes")}, public=True) for _ in range(2))
    assert len({post.id for post in first.posts}) == 2
    assert first.posts == second.posts


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ({FACEBOOK: facebook("a")[:-20]}, "cut short"),
        ({FACEBOOK: mistaken([{"timestamp": "soon", "data": [{"post": "a"}]}])}, "has no time"),
        (
            {FACEBOOK: mistaken([{"timestamp": 1 << 39, "data": [{"post": "a"}]}])},
            "has no time that can be read",
        ),
        ({FACEBOOK: mistaken([{"timestamp": 32503680000, "data": [{"post": "a"}]}])}, "from the future"),
        (
            {FACEBOOK: facebook("a"), PROFILE: profile(), f"b/{PROFILE}": profile("bob")},
            "exports of 2 accounts",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path, contents: Members, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        export(tmp_path, contents, public=True)


def test_an_export_as_web_pages_says_what_to_ask_for(tmp_path: Path) -> None:
    pages = {"your_facebook_activity/posts/your_posts__check_ins__photos_and_videos_1.html": b"<html>"}
    with pytest.raises(SourceError, match="as web pages; ask for it again in the format JSON"):
        export(tmp_path, pages)


def test_the_export_of_another_account_is_named_without_its_owner(tmp_path: Path) -> None:
    contents = {PROFILE: profile(), INSTAGRAM: instagram("All is well")}
    (warning,) = export(tmp_path, contents, handle="bob").warnings
    assert "another account's" in warning
    assert "ada" not in warning
