from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.errors import SourceError
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Store
from bot.store.places import Place

pytest_plugins = ["store_fixtures"]

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def store(place: Place) -> Store:
    return Store(place)


def test_reads_of_all_runs_of_a_month_add_up_and_refunds_count(store: Store) -> None:
    assert store.reads("x", NOW) == 0
    store.record_reads("x", "run-1", 100, NOW)
    store.record_reads("x", "run-1", -37, NOW)
    store.record_reads("x", "run-2/odd id", 5, NOW)
    store.record_reads("bluesky", "run-1", 9, NOW)
    store.record_reads("x", "run-1", 50, NOW + timedelta(days=1))
    assert store.reads("x", NOW) == store.reads("x", date(2026, 11, 1)) == 68
    assert store.reads("x", NOW + timedelta(days=1)) == 50


def test_a_month_is_one_of_utc(store: Store) -> None:
    store.record_reads("x", "run", 3, datetime(2026, 12, 1, 1, tzinfo=timezone(timedelta(hours=9))))
    assert store.reads("x", date(2026, 11, 30)) == 3


def test_runs_at_once_lose_no_read(store: Store) -> None:
    def run(name: str) -> None:
        for _ in range(20):
            store.record_reads("x", name, 1, NOW)

    runs = [threading.Thread(target=run, args=(f"run-{number}",)) for number in range(4)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert store.reads("x", NOW) == 80


def test_a_damaged_ledger_is_no_zero(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    store.record_reads("x", "run", 3, NOW)
    (tmp_path / "ledger/x/2026-11/run.json").write_bytes(b"")
    with pytest.raises(SourceError, match=r"ledger/x/2026-11/run.json is damaged, so it is not known"):
        store.reads("x", NOW)


def test_the_ledger_is_no_account_and_a_person_called_x_does_not_take_it_along(store: Store) -> None:
    store.record_reads("x", "run", 3, NOW)
    store.merge(Timeline(Profile("x", "X", "x"), [Post("1", "hello", NOW)]), "x", now=NOW)
    assert set(store.all_facts()) == {("x", "x")}
    assert store.purge("x").files == 2
    assert store.reads("x", NOW) == 3
