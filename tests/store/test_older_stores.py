"""Stores as earlier versions wrote them, kept in tests/data/stores for ever, and as a newer one may."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.errors import SourceError
from bot.sources import Cursor
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Check, Facts, Gap, Store
from bot.store.facts import from_json, to_json
from bot.store.format import Segment, pack, posts_name, unpack

KEPT = Path(__file__).parents[1] / "data" / "stores"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(params=sorted(path.name for path in KEPT.iterdir()))
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a store that an earlier version wrote."""
    return Path(shutil.copytree(KEPT / request.param, tmp_path / "store"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_facts_are_written_byte_for_byte_as_ever() -> None:
    half_past = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    gap = Gap(None, Cursor("1", half_past))
    known = Facts("ä@h", "x", None, "N", 3, 2, Cursor("9", NOW), half_past, NOW, ("x",), gaps=(gap,))
    data = to_json(replace(known, check=Check(NOW, 3)))
    assert data == (
        b'{"version":1,"handle":"\\u00e4@h","network":"x","id":null,"name":"N","total":3,"own":2,'
        b'"newest":["9","2026-01-01T00:00:00+00:00"],"oldest":"2026-01-02T03:04:05+05:30",'
        b'"read_at":"2026-01-01T00:00:00+00:00","sources":["x"],"files":[],"recent":[],"pace":[0,0],'
        b'"gaps":[[null,["1","2026-01-02T03:04:05+05:30"]]],"not_fetched":[],"known_as":"",'
        b'"check":{"at":"2026-01-01T00:00:00+00:00","held_back":3,"reached":null},"digest":"6b648b03bcebf0c1"}'
    )
    assert from_json(data, "facts.json") == replace(known, check=Check(NOW, 3))


def test_a_store_of_an_earlier_version_is_read_as_it_is(folder: Path) -> None:
    store = Store(str(folder))
    ada = store.load("ada_example", "x")
    assert ada is not None
    assert ada.profile == Profile(
        "Ada_Example",
        "Ada Lark",
        "x",
        id="4242",
        bio="Birds",
        avatar=b"\x89PNG made up",
        languages=("en", "de"),
        parody=True,
        labels=("bot",),
    )
    assert list(ada.posts) == [
        Post("1", "canary number 1 sings 🐦", NOW + HOUR, "en"),
        Post("2", "", NOW + 2 * HOUR, is_repost=True),
        Post("3", "", NOW + 3 * HOUR, superseded_by="4"),
        Post("4", "canary number 4 sings 🐦", NOW + 4 * HOUR, reply_to="1", sensitive=True),
        Post("8", "canary number 8 sings 🐦", NOW + 8 * HOUR),
        Post("9", "canary number 9 sings 🐦", NOW + 9 * HOUR),
    ]
    assert ada.not_fetched == ("retweets",)
    bob = store.load("bob.example.social", "bluesky")
    assert bob is not None
    assert [post.id for post in bob.posts] == ["1", "2", "3"]
    facts = store.all_facts()
    assert {key: (one.total, one.damaged) for key, one in facts.items()} == {
        ("x", "ada_example"): (6, False),
        ("bluesky", "bob.example.social"): (3, False),
        ("other", "carol"): (1, False),
        ("mastodon", "dan@host.example"): (0, False),
    }
    gap = facts["x", "ada_example"].gap
    assert gap is not None
    assert gap.since is not None
    assert (gap.since.id, gap.until.id) == ("4", "8")
    assert store.notes("bob.example.social")["last_answer"] == "12 of 100"
    assert store.notes("ada_example")["failures"] == [{"at": NOW.isoformat(), "reason": "no network"}]
    assert store.reads("x", NOW) == 68


def test_a_store_of_an_earlier_version_is_gone_on_with(folder: Path) -> None:
    store = Store(str(folder))
    store.record_reads("x", "run-1", 2, NOW)
    assert store.reads("x", NOW) == 70
    store.remember("ada_example", failed=2)
    assert store.notes("ada_example")["failed"] == 2
    merged = store.merge(
        Timeline(Profile("carol", "Carol", "other"), [Post("6", "Six birds sing", NOW)]), "jsonl", now=NOW
    )
    assert (merged.added, merged.total) == (1, 2)
    listed = {("x", "ada_example"), ("bluesky", "bob.example.social"), ("mastodon", "dan@host.example")}
    keep = timedelta(days=30)
    assert store.purge_unlisted(listed, keep, NOW + 29 * HOUR + keep) == []
    assert store.purge_unlisted(listed, keep, NOW + 30 * HOUR + keep) == ["carol"]
    assert store.purge("Ada_Example").files > 0
    assert b"Ada" not in b"".join(contents(folder).values())


def test_a_file_of_posts_has_the_first_format_as_long_as_that_suffices() -> None:
    profile = Profile("ada", "Ada", "x")
    plain = Post("1", "All is well", NOW, reply_to="7")
    for post, version in (
        (plain, 1),
        (replace(plain, app="Pen"), 2),
        (replace(plain, reply_to_author="8"), 2),
    ):
        segment = Segment(profile, NOW, {"1": post})
        data = pack(segment)
        assert json.loads(gzip.decompress(data).splitlines()[0])["version"] == version
        assert unpack(data) == segment


def newer_posts(folder: Path) -> None:
    (file,) = (folder / "x/ada_example").glob("posts-*")
    header, *lines = gzip.decompress(file.read_bytes()).splitlines()
    whole = b"\n".join([json.dumps({**json.loads(header), "version": 3}).encode(), *lines]) + b"\n"
    data = gzip.compress(whole, mtime=0)
    file.unlink()
    file.with_name(posts_name(data)).write_bytes(data)


def newer(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        value = json.loads(path.read_bytes())
        path.write_text(json.dumps({**value, "version": 2, "digest": "of another kind"}))

    return change


def merge(store: Store) -> object:
    some = [Post("10", "Ten birds sing", NOW + 10 * HOUR)]
    return store.merge(
        Timeline(Profile("Ada_Example", "Ada", "x", id="4242"), some), "x", now=NOW + 40 * HOUR
    )


@pytest.mark.parametrize(
    ("change", "use"),
    [
        (newer_posts, lambda store: store.load("ada_example", "x")),
        (newer_posts, lambda store: store.facts("ada_example", "x")),
        (newer_posts, merge),
        (newer("x/ada_example/facts.json"), merge),
        (newer("x/ada_example/facts.json"), lambda store: store.all_facts()),
        (newer("x/ada_example/facts.json"), lambda store: store.purge("ada_example")),
        (newer("notes/ada_example.json"), lambda store: store.remember("ada_example", failed=3)),
        (newer("notes/ada_example.json"), lambda store: store.all_notes()),
        (newer("ledger/x/2026-01/run-1.json"), lambda store: store.reads("x", NOW)),
        (newer("ledger/x/2026-01/run-1.json"), lambda store: store.record_reads("x", "run-1", 5, NOW)),
    ],
)
def test_what_a_newer_version_wrote_is_refused_and_nothing_is_written(
    folder: Path, change: Callable[[Path], None], use: Callable[[Store], object]
) -> None:
    change(folder)
    before = contents(folder)
    with pytest.raises(
        SourceError, match=r"has format \d, and this bot reads format \d: install the version"
    ):
        use(Store(str(folder)))
    assert contents(folder) == before


def test_facts_count_the_text_to_train_on_without_links_and_older_facts_do_not_know_it(
    tmp_path: Path,
) -> None:
    posts = [
        Post("1", "ten letter https://example.org/a/long/address", NOW),
        Post("2", "somebody else wrote this", NOW, is_repost=True),
    ]
    store = Store(f"file://{tmp_path}")
    store.merge(Timeline(Profile("ada_example", "Ada", "x"), posts), "archive", now=NOW)
    facts = store.facts("ada_example", "x")
    assert facts is not None
    assert (facts.total, facts.own, facts.characters) == (2, 1, 10)
    older = replace(facts, characters=None)
    assert from_json(to_json(older), "facts.json") == older
    assert from_json(to_json(facts), "facts.json") == facts
