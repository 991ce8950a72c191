"""Archives of Mastodon in every form, and what of them is read."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mastodon_archives import ACTOR, PICTURE, actor, boost, mastodon, note, outbox, tar
from old_archives import unpack
from x_archives import Members, pack

from bot.errors import SourceError
from bot.sources import check_file, open_source, owner_of
from bot.sources.archives import tar as tar_files
from bot.sources.archives.mastodon_archive import NAMELESS
from bot.sources.posts import Owner, Post, Timeline

HANDLE = "ida@m.example"


def read(*files: Path, handle: str = HANDLE) -> Timeline:
    return open_source("archive", file=[str(file) for file in files]).read(handle)


def posts(*files: Path) -> dict[str, Post]:
    return {post.id: post for post in read(*files).posts}


def one(folder: Path, activity: dict[str, Any]) -> Post:
    (folder / "outbox.json").write_bytes(outbox([activity]))
    (post,) = read(folder / "outbox.json").posts
    return post


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


FORMS: dict[str, Callable[[Path, Members], Path]] = {
    "zip": lambda folder, members: pack(folder / "a.zip", members),
    "folder": lambda folder, members: unpack(folder / "a", members),
    "tar.gz": lambda folder, members: write(folder / "a.tar.gz", tar(members)),
    "tar": lambda folder, members: write(folder / "a.tar", tar(members, "w")),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_archive_of_mastodon_is_read_with_its_profile(tmp_path: Path, form: str) -> None:
    file = FORMS[form](tmp_path, mastodon([note(1, "<p>Hello there, all</p>"), boost(2)]))
    timeline = read(file)
    profile = timeline.profile
    assert (profile.handle, profile.name, profile.network, profile.id) == (
        HANDLE,
        "Ida :bird:",
        "mastodon",
        None,
    )
    assert (profile.bio, profile.avatar) == ("Birds, mostly.", PICTURE)
    moment = datetime(2023, 1, 2, 10, tzinfo=UTC)
    assert next(iter(timeline.posts)) == Post("1", "Hello there, all", moment, "en")
    assert [post.is_repost for post in timeline.posts] == [False, True]
    assert not timeline.warnings
    assert owner_of("archive", str(file), HANDLE) == Owner(HANDLE)
    check_file("archive", str(file), HANDLE)


def test_the_outbox_alone_names_its_owner_and_the_actor_adds_the_profile(tmp_path: Path) -> None:
    alone = write(tmp_path / "download", outbox([note()]))
    assert owner_of("archive", str(alone), HANDLE) == Owner(HANDLE)
    assert read(alone).profile.name == "ida"
    assert read(alone, write(tmp_path / "actor", actor())).profile.name == "Ida :bird:"


def test_only_what_everybody_can_see_is_read(tmp_path: Path) -> None:
    followers = f"{ACTOR}/followers"
    file = write(
        tmp_path / "outbox.json",
        outbox(
            [
                note(1),
                note(2, to=[followers], cc=["https://www.w3.org/ns/activitystreams#Public"]),
                note(3, "<p>zanzibar</p>", to=[followers], cc=[]),
                note(4, "<p>zanzibar</p>", to=["https://m.example/users/bob"], cc=[]),
                boost(5, [followers]),
            ]
        ),
    )
    assert set(posts(file)) == {"1", "2"}
    assert read(file).warnings == ("records left out, since they are not public or no posts: 3",)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"content": "<p>Hi <a class='u-url mention'>@<span>bob</span></a> :bird: &amp; all</p>"},
            "Hi @bob :bird: & all",
        ),
        ({"content": None, "contentMap": {"no": "<p>Ha det</p>"}}, "Ha det"),
    ],
)
def test_the_text_is_what_its_author_typed(tmp_path: Path, fields: dict[str, Any], expected: str) -> None:
    assert one(tmp_path, note(1, **fields)).text == expected


def test_languages_warnings_and_replies_are_facts_of_a_post(tmp_path: Path) -> None:
    html = "<p>Ha det</p>"
    post = one(
        tmp_path,
        note(7, html, contentMap={"no": html}, summary="food", inReplyTo=f"{ACTOR}/statuses/6"),
    )
    assert (post.lang, post.sensitive, post.reply_to) == ("no", True, "6")
    far = one(tmp_path, note(8, inReplyTo="https://other.example/users/bob/statuses/9"))
    assert far.reply_to == "https://other.example/users/bob/statuses/9"
    assert one(tmp_path, note(9, html, contentMap={"no": html, "da": html})).lang is None


def test_the_archive_of_another_account_is_named_without_its_owner(tmp_path: Path) -> None:
    file = pack(tmp_path / "a.zip", mastodon([note()]))
    (warning,) = read(file, handle="bob@m.example").warnings
    assert "another account's" in warning
    assert "ida" not in warning
    with pytest.raises(SourceError, match="is a handle of X"):
        read(file, handle="ada")


def test_archives_of_two_accounts_are_refused(tmp_path: Path) -> None:
    other = note()
    other["actor"] = "https://m.example/users/bob"
    files = write(tmp_path / "a", outbox([note()])), write(tmp_path / "b", outbox([other]))
    with pytest.raises(SourceError, match="archives of 2 accounts"):
        read(*files)
    mixed = write(tmp_path / "c", outbox([note(1), note(2), note(3), other]))
    timeline = read(mixed)
    assert len(tuple(timeline.posts)) == 3
    assert "is of another account; 1 of its 4 records were skipped" in timeline.warnings[0]


def test_an_outbox_of_no_known_account_is_taken_with_a_warning(tmp_path: Path) -> None:
    anonymous = note()
    for key in ("id", "actor"):
        del anonymous[key]
    del anonymous["object"]["id"]
    file = write(tmp_path / "outbox.json", outbox([anonymous]))
    assert owner_of("archive", str(file), HANDLE) == Owner()
    (post,) = read(file).posts
    assert len(post.id) == 16
    assert read(file).profile.notes == (NAMELESS,)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (outbox([note()])[:-30], "cut short or damaged"),
        (outbox([note(published="2999-01-01T00:00:00Z")]), "is from the future"),
        (outbox([note(content=None, contentMap=None)]), "has no content"),
        (tar(mastodon([note()]))[:-200], "damaged or cut short"),
        (tar({"media_attachments/files/a.png": b"", "../outbox.json": b""}), "'../outbox.json'"),
        (tar({"media_attachments/files/a.png": b"", "a/likes.json": b""}), "there is no outbox.json here"),
    ],
)
def test_a_damaged_or_hostile_archive_is_refused_with_a_sentence(
    tmp_path: Path, data: bytes, said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        read(write(tmp_path / "download", data))


def test_a_tar_archive_with_gigabytes_of_media_says_to_unpack_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tar_files, "LARGEST", 50_000)
    with pytest.raises(SourceError, match="unpack it and give the folder"):
        read(write(tmp_path / "a.tar.gz", tar(mastodon([note()]))))


def test_a_header_of_a_tar_archive_does_not_fill_the_memory(tmp_path: Path) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("outbox.json"))
        archive.addfile(tarfile.TarInfo("a" * 1_000_000))
    with pytest.raises(SourceError, match="damaged or cut short"):
        read(write(tmp_path / "a.tar.gz", made.getvalue()))
