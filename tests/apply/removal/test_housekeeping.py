"""Who left the registry leaves the store: at once with a tombstone, else when store.keep has passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import registry
from bot.apply.removal.housekeeping import purge_removed_and_unlisted
from bot.registry import Registry
from bot.registry.tombstones import hashed
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Store

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def read(folder: Path, models: str, removed: str = "[]") -> Registry:
    text = (
        "version: 1\nnamespace: org\ncontact: https://example.org/r\nstore: {url: 'file://store', keep: 30d}\n"
        f"defaults: {{source: jsonl, consent: self}}\nmodels: {models}\nremoved: {removed}\n"
    )
    return registry.read_text(text.encode(), folder / "registry.yaml")


def filled(folder: Path, *handles: str) -> Store:
    store = Store(str(folder / "store"))
    for handle in handles:
        posts = [Post("1", "some words of theirs", NOW)]
        store.merge(Timeline(Profile(handle, handle, "other"), posts), "jsonl", now=NOW)
    return store


def held(store: Store) -> set[str]:
    return {handle for _, handle in store.all_facts()}


def test_an_account_outlives_its_entry_by_store_keep_and_no_longer(tmp_path: Path) -> None:
    store = filled(tmp_path, "ada", "bob")
    found = read(tmp_path, "[{handles: [ada]}]")
    assert list(purge_removed_and_unlisted(found, store, NOW, removals=False)) == []
    assert list(purge_removed_and_unlisted(found, store, NOW + timedelta(days=29), removals=False)) == []
    said = list(purge_removed_and_unlisted(found, store, NOW + timedelta(days=30), removals=False))
    assert said == ["purged from the store: bob: in no entry of the registry for longer than store.keep"]
    assert held(store) == {"ada"}


def test_people_with_a_tombstone_go_at_once_once_removals_are_allowed(tmp_path: Path) -> None:
    store = filled(tmp_path, "ada", "dave", "eve")
    found = read(tmp_path, "[]", f"[{{handles: [dave]}}, {{handles: ['{hashed('eve', 'ab' * 8)}']}}]")
    assert list(purge_removed_and_unlisted(found, store, NOW, removals=False)) == []
    assert held(store) == {"ada", "dave", "eve"}
    said = list(purge_removed_and_unlisted(found, store, NOW, removals=True))
    assert said == ["purged from the store: an account of somebody who asked to be removed"] * 2
    assert held(store) == {"ada"}


def test_a_faulty_entry_keeps_its_posts(tmp_path: Path) -> None:
    store = filled(tmp_path, "ada")
    found = read(tmp_path, "[{handles: [ada], max_age: soon}]")
    assert found.faulty
    assert list(purge_removed_and_unlisted(found, store, NOW, removals=False)) == []
    assert list(purge_removed_and_unlisted(found, store, NOW + timedelta(days=90), removals=False)) == []


def test_what_was_imported_under_another_handle_goes_with_the_person(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    for handle, known_as, number in (("ada", "dave", "1"), ("bob", "new_name", "42"), ("cleo", "cleo", "3")):
        posts = [Post("1", "some words of theirs", NOW)]
        store.merge(
            Timeline(Profile(known_as, "D", "x", id=number), posts), "archive", now=NOW, handle=handle
        )
    found = read(tmp_path, "[]", "[{handles: [dave], accounts: ['42']}]")
    assert len(list(purge_removed_and_unlisted(found, store, NOW, removals=True))) == 2
    assert held(store) == {"cleo"}
