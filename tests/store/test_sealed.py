"""A flipped bit in a small file of the store is seen; a file from before there were digests is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import SourceError
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Store
from bot.store.sealed import seal, unseal

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(str(tmp_path))
    store.merge(Timeline(Profile("ada", "Ada", "x", id="42"), [Post("1", "One bird", NOW)]), "x", now=NOW)
    store.record_reads("x", "run", 5_000, NOW)
    store.remember("ada", handles=["ada"], failed=1, retry_at="2026-01-01T01:00:00+00:00")
    store.purge_unlisted([], timedelta(days=30), NOW)
    return store


def each_flip(path: Path, check: Callable[[], None], step: int = 1) -> list[str]:
    """Runs a check for each bit of a file, or each `step`th, flipped; what SourceErrors it raised."""
    data, said = path.read_bytes(), []
    for at in range(0, len(data) * 8, step):
        damaged = bytearray(data)
        damaged[at // 8] ^= 1 << at % 8
        path.write_bytes(damaged)
        try:
            check()
        except SourceError as error:
            said.append(str(error))
    path.write_bytes(data)
    return said


def test_no_flipped_bit_makes_the_ledger_say_another_number(store: Store, tmp_path: Path) -> None:
    def check() -> None:
        assert store.reads("x", NOW) == 5_000

    said = each_flip(tmp_path / "ledger/x/2026-01/run.json", check)
    assert len(said) > 300
    assert all("ledger/x/2026-01/run.json" in one for one in said)


def test_no_flipped_bit_makes_a_note_say_something_else(store: Store, tmp_path: Path) -> None:
    whole = store.notes("ada")

    def check() -> None:
        told = store.notes("ada")
        assert told == {} or {name: told.get(name) for name in whole} == whole

    said = each_flip(tmp_path / "notes/ada.json", check, step=3)
    assert all("has format" in one for one in said)
    assert len(said) < 8


def test_no_flipped_bit_makes_facts_say_something_else(store: Store, tmp_path: Path) -> None:
    whole = store.facts("ada", "x")

    def check() -> None:
        found = store.facts("ada", "x")
        assert whole is not None
        assert found in (whole, replace(whole, check=None))  # the day of the last look is not known any more

    assert all("has format" in one for one in each_flip(tmp_path / "x/ada/facts.json", check, step=31))


def test_a_damaged_marker_makes_nobody_go_early(store: Store, tmp_path: Path) -> None:
    def check() -> None:
        assert store.purge_unlisted([], timedelta(days=30), NOW + timedelta(days=29)) == []

    assert all("has format" in one for one in each_flip(tmp_path / "x/ada/unlisted.json", check, step=3))
    (tmp_path / "x/ada/unlisted.json").write_text("2026-01-01")
    assert store.purge_unlisted([], timedelta(days=30), NOW + timedelta(days=90)) == []


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"[" * 100_000, b'{"version": true}', b'{"version": 0}']
)
def test_what_is_no_file_of_the_store_is_damaged(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"nested|object|version|JSON|values"):
        unseal(data, "notes/ada.json")


def test_what_was_written_comes_back_and_a_file_without_a_digest_is_read() -> None:
    value = {"name": "Ada 🐦 \ud83d", "count": 3, "list": [1, None]}
    assert unseal(seal(value), "x") == value
    assert unseal(json.dumps(value).encode(), "x") == value
    assert unseal(json.dumps({"version": 1, **value}).encode(), "x") == value
