"""Accounts that left the registry, posts that left the network, and what a reading left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.sources.posts import Post, Profile, Timeline
from bot.store import Facts, Store
from bot.store.places import Place

pytest_plugins = ["store_fixtures"]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KEEP = 30 * DAY
ADA = Profile("ada_example", "Ada", "x", id="42")


def post(number: int, **fields: Any) -> Post:
    return Post(str(number), f"post {number} sings", NOW + timedelta(hours=number), **fields)


@pytest.fixture
def store(place: Place) -> Store:
    return Store(place)


def put(store: Store, handle: str, source: str = "x") -> None:
    store.merge(Timeline(Profile(handle, handle, "x"), [post(1)]), source, now=NOW)
    store.remember(handle, handles=[handle], asked=1)


def facts(store: Store) -> Facts:
    found = store.facts("ada_example", "x")
    assert found is not None
    return found


def test_an_account_that_left_the_registry_goes_after_a_while_without_a_trace(store: Store) -> None:
    put(store, "ada_example")
    put(store, "bob_example")
    listed = {("x", "Ada_Example")}
    assert store.purge_unlisted(listed, KEEP, NOW) == []
    assert store.purge_unlisted(listed, KEEP, NOW + 29 * DAY) == []
    assert store.purge_unlisted(listed, KEEP, NOW + 30 * DAY) == ["bob_example"]
    for path in store._files.below(""):
        assert "bob" not in path
        assert b"bob" not in (store._files.read(path) or b"")
    assert set(store.all_facts()) == {("x", "ada_example")}
    assert store.notes("ada_example")


def test_an_account_listed_again_starts_to_count_from_zero(store: Store) -> None:
    put(store, "bob_example")
    store.purge_unlisted([], KEEP, NOW)
    store.purge_unlisted([("x", "bob_example")], KEEP, NOW + 29 * DAY)
    assert store.purge_unlisted([], KEEP, NOW + 31 * DAY) == []
    assert store.purge_unlisted([], KEEP, NOW + 61 * DAY) == ["bob_example"]


def test_a_network_that_is_not_listed_goes_and_the_persons_notes_stay_while_another_is(store: Store) -> None:
    put(store, "ada_example", "x")
    put(store, "ada_example", "jsonl")
    store.purge_unlisted([("x", "ada_example")], timedelta(0), NOW)
    assert set(store.all_facts()) == {("x", "ada_example")}
    assert store.notes("ada_example")


def test_keeping_for_no_time_purges_at_once(store: Store) -> None:
    put(store, "ada_example")
    assert store.purge_unlisted([], timedelta(0), NOW) == ["ada_example"]
    assert store._files.below("") in ([], [".gitignore"])


def test_a_marker_is_no_file_of_posts(store: Store) -> None:
    put(store, "ada_example")
    before = facts(store)
    store.purge_unlisted([], KEEP, NOW)
    assert facts(store) == before
    assert store.purge("ada_example").files == 4


def test_what_a_reading_left_out_is_known_until_one_reads_it_all(store: Store) -> None:
    some = Timeline(ADA, [post(1), post(2)], not_fetched=("retweets",))
    store.merge(some, "x", now=NOW, complete=True)
    assert facts(store).not_fetched == ("retweets",)
    store.merge(Timeline(ADA, [post(3)]), "x", now=NOW, since=facts(store).newest)
    held = store.load("ada_example", "x")
    assert held is not None
    assert facts(store).not_fetched == held.not_fetched == ("retweets",)
    store.merge(Timeline(ADA, [post(1), post(2), post(3)]), "x", now=NOW, complete=True)
    assert facts(store).not_fetched == ()


def test_reposts_that_were_not_asked_for_are_not_taken_for_deleted(store: Store) -> None:
    every = [post(1), post(2, is_repost=True), post(3), post(4)]
    store.merge(Timeline(ADA, every), "archive", now=NOW, complete=True)
    some = Timeline(ADA, [post(1), post(4)], not_fetched=("retweets",))
    assert store.merge(some, "x", now=NOW, complete=True).gone == 1
    held = store.load("ada_example", "x")
    assert held is not None
    assert {post.id for post in held.posts} == {"1", "2", "4"}


def test_an_older_version_of_a_post_that_is_still_shown_was_not_deleted(store: Store) -> None:
    every = [post(1), post(2, superseded_by="3"), post(3), post(4)]
    store.merge(Timeline(ADA, every), "archive", now=NOW, complete=True)
    assert store.merge(Timeline(ADA, [post(1), post(3), post(4)]), "x", now=NOW, complete=True).gone == 0


def test_a_full_reading_of_the_newest_3200_posts_deletes_nothing_older(store: Store) -> None:
    store.merge(Timeline(ADA, [post(n) for n in range(5_000)]), "archive", now=NOW, complete=True)
    newest = [post(n) for n in range(1_800, 5_000) if n != 4_000]
    merged = store.merge(Timeline(ADA, newest), "x", now=NOW, complete=True)
    assert (merged.gone, merged.total) == (1, 4_999)


def test_every_fact_of_a_profile_comes_back(store: Store) -> None:
    profile = replace(ADA, languages=("en", "de"), parody=True, protected=True, labels=("bot",))
    store.merge(Timeline(profile, [post(1)]), "x", now=NOW)
    held = store.load("ada_example", "x")
    assert held is not None
    assert held.profile == profile


def test_the_rate_of_posts_predicts_a_reading(store: Store) -> None:
    hourly = [post(n, is_repost=n % 2 == 0) for n in range(1_000)]
    store.merge(Timeline(ADA, hourly), "x", now=NOW + timedelta(hours=1_000))
    rate = facts(store).rate_per_day()
    assert rate == pytest.approx(24, rel=0.01)
    assert facts(store).expected(NOW + timedelta(hours=1_010)) == 10
    store.merge(Timeline(ADA, []), "x", now=NOW + timedelta(hours=1_500))
    assert facts(store).rate_per_day() == pytest.approx(12, rel=0.01)
    store.merge(Timeline(replace(ADA, handle="none"), []), "x", now=NOW)
    empty = store.facts("none", "x")
    assert empty is not None
    assert (empty.rate_per_day(), empty.expected(NOW)) == (None, None)


def test_purge_finds_an_account_by_the_name_it_gives_itself_too(store: Store) -> None:
    """It was renamed after it was stored, or its archive imported under another handle."""
    store.merge(Timeline(replace(ADA, handle="New_Name"), [post(1)]), "x", now=NOW, handle="ada_example")
    assert store.purge("new_name").files == 2
    assert store.all_facts() == {}


def test_what_else_lies_beside_a_store_is_left_alone(store: Store) -> None:
    put(store, "ada_example")
    others = dict.fromkeys(("backups/ada_example/a.sql", "x/logs/day.txt"), b"no account of ours")
    for path, data in others.items():
        store._files.write(path, data)
    assert store.purge_unlisted([], KEEP, NOW) == []
    assert store.purge_unlisted([], KEEP, NOW + 90 * DAY) == ["ada_example"]
    put(store, "ada_example")
    store.purge("ada_example")
    paths = [path for path in store._files.below("") if path != ".gitignore"]
    left = {path: store._files.read(path) for path in paths if not path.startswith("purged/")}
    assert left == others
