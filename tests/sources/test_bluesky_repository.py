"""Repositories of Bluesky accounts, and what of them is read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bluesky_repositories import block, file_of_blocks, key, post, profile, repository, repost, section
from social_payloads import DID, OTHER_DID, START

from bot.errors import Blocked, SourceError
from bot.sources import check_file, open_source, owner_of
from bot.sources.archives.bluesky_repository import ANYBODYS
from bot.sources.posts import Owner, Post, Timeline

HANDLE = "carol.example.social"
PROFILE = "app.bsky.actor.profile/self"


def write(folder: Path, data: bytes, name: str = "repo.car") -> str:
    (folder / name).write_bytes(data)
    return str(folder / name)


def read(*files: str, handle: str = HANDLE) -> Timeline:
    return open_source("archive", file=files).read(handle)


def records(**more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    like = {
        "$type": "app.bsky.feed.like",
        "createdAt": "2024-05-01T12:00:00Z",
        "subject": {"uri": "zanzibar"},
    }
    return {
        PROFILE: profile(),
        key(1): post(1),
        key(2): post(2, "Birds sing at dawn"),
        key(3, "repost"): repost(3),
        key(4, "like"): like,
        **more,
    }


def test_a_repository_is_read_with_its_profile(tmp_path: Path) -> None:
    file = write(tmp_path, repository(records()), "download")
    timeline = read(file)
    posts = {post.id: post for post in timeline.posts}
    first = f"at://{DID}/{key(1)}"
    assert posts[first] == Post(first, "All is well here", START + timedelta(hours=1), "en")
    assert [post.is_repost for post in posts.values()].count(True) == 1
    assert len(posts) == 3
    about = timeline.profile
    assert (about.handle, about.id, about.name, about.bio) == (HANDLE, DID, "Carol", "Birds, mostly.")
    assert (about.network, timeline.complete, timeline.warnings) == ("bluesky", True, ())
    check_file("archive", file, HANDLE)


def test_it_names_the_account_and_not_the_handle(tmp_path: Path) -> None:
    file = write(tmp_path, repository(records()))
    assert owner_of("archive", file, HANDLE) == Owner(None, DID)
    assert read(file).profile.notes == (ANYBODYS,)
    with pytest.raises(SourceError, match="is a handle of X"):
        read(file, handle="carol")


def test_the_record_of_a_post_is_read_as_the_networks_api_is(tmp_path: Path) -> None:
    words = "See example.com/a and more"
    link = {"$type": "app.bsky.richtext.facet#link", "uri": "https://example.com/a"}
    parent = {"uri": f"at://{OTHER_DID}/app.bsky.feed.post/3k1", "cid": "b"}
    record = post(
        1,
        words,
        facets=[{"index": {"byteStart": 4, "byteEnd": 17}, "features": [link]}],
        reply={"parent": parent, "root": parent},
        labels={"values": [{"val": "nudity"}]},
    )
    (found,) = read(write(tmp_path, repository({key(1): record}))).posts
    assert (found.text, found.sensitive) == ("See  and more", True)
    assert (found.reply_to, found.reply_to_author) == (parent["uri"], OTHER_DID)


@pytest.mark.parametrize(
    "fields",
    [{"description": "birds #noai"}, {"labels": {"values": [{"val": "!no-unauthenticated"}]}}],
)
def test_who_asks_not_to_be_used_is_not(tmp_path: Path, fields: dict[str, Any]) -> None:
    file = write(tmp_path, repository(records(**{PROFILE: profile(**fields)})))
    with pytest.raises(Blocked, match="asks"):
        read(file)


def test_repositories_of_two_accounts_are_refused(tmp_path: Path) -> None:
    files = (
        write(tmp_path, repository(records()), "a"),
        write(tmp_path, repository(records(), OTHER_DID), "b"),
    )
    with pytest.raises(SourceError, match="repositories of 2 accounts"):
        read(*files)


def test_a_record_that_is_no_post_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    odd = {"$type": "example.other", "text": "zanzibar"}
    timeline = read(write(tmp_path, repository(records(**{key(9): odd}))))
    assert len(tuple(timeline.posts)) == 3
    assert "is missing, or of another type than its key says" in timeline.warnings[0]
    assert not timeline.complete


WHOLE = repository(records())
COMMIT = block({"did": DID, "version": 3, "data": block({"e": [], "l": None})[0]})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (WHOLE[:-10], "cut short"),
        (WHOLE[:-1] + b"\xff", "differs from its digest"),
        (WHOLE[:100], "cut short"),
        (file_of_blocks(COMMIT[0]), "its root is missing"),
        (file_of_blocks(COMMIT[0], COMMIT), "a part of it is missing"),
        (file_of_blocks(COMMIT[0], block({"did": "x", "data": COMMIT[0]})), "its root is missing"),
        (file_of_blocks(COMMIT[0], block([[[]]]), COMMIT), "a part of it is missing"),
        (section(b"\xa2eroots\x80gversion\x01"), "names no single root"),
        (section(b"\xa2eroots"), "cannot be decoded"),
        (section(b"\xa2eroots\x80gversion\x01") + b"\xff" * 20, "names no single root"),
        (file_of_blocks(COMMIT[0]) + b"\xff" * 20, "a block has"),
        (repository({key(1): post(1, createdAt="2999-01-01T00:00:00Z")}), "is from the future"),
    ],
)
def test_a_damaged_or_hostile_repository_is_refused_with_a_sentence(
    tmp_path: Path, data: bytes, said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        read(write(tmp_path, data))


def test_a_tree_that_leads_round_in_a_circle_is_walked_once(tmp_path: Path) -> None:
    # Digests make a real circle impossible; the same node twice is not.
    node = block({"e": [], "l": None})
    tree = block({"l": node[0], "e": [{"p": 0, "k": b"a/b", "v": node[0], "t": node[0]}]})
    commit = block({"did": DID, "version": 3, "data": tree[0]})
    assert tuple(read(write(tmp_path, file_of_blocks(commit[0], commit, tree, node))).posts) == ()
