"""Fetching through the store: only what is new, within the budget, from the account that was meant."""

from __future__ import annotations

import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from x_archives import members, pack, tweet
from x_server import XServer

from bot import registry
from bot.apply.fetch import Fetcher
from bot.errors import Blocked, Deferred, SourceError
from bot.plan import estimate
from bot.registry import Registry
from bot.sources import SOURCES, Cost, Cursor, Options, Source, SourceSpec
from bot.sources.budget import Budget
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Store

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Network:
    """A paid network with numbered posts, ten a page, newest first."""

    def __init__(self) -> None:
        self.newest = 45
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.breaks_at: int | None = None
        self.paged: Callable[[], None] = lambda: None
        self.id = "77"

    def open_source(self, options: Options) -> Source:
        return Reader(self, options.budget)


class Reader:
    def __init__(self, network: Network, budget: Budget) -> None:
        self._network, self._budget = network, budget

    @property
    def cost(self) -> Cost:
        return Cost(self._budget.spent, self._budget.spent * 0.005)

    def read(
        self,
        handle: str,
        *,
        since: Cursor | None = None,
        until: Cursor | None = None,
        account: str | None = None,
    ) -> Timeline:
        network = self._network
        network.asked.append((handle, since.id if since else None, until.id if until else None))
        if account is not None and account != network.id:
            raise Blocked("the handle has another owner")
        first = int(until.id) - 1 if until else network.newest
        last = int(since.id) if since else 0

        def posts() -> Iterator[Post]:
            for start in range(first, last, -10):
                page = range(start, max(start - 10, last), -1)
                if network.breaks_at in page:
                    raise SourceError("the network broke off")
                got = self._budget.take(10)
                network.paged()
                self._budget.give_back(max(0, got - len(page)))
                for number in page[:got]:
                    yield Post(str(number), f"post number {number}", NOON + timedelta(minutes=number))

        return Timeline(Profile(handle, "Ada", "x", id=network.id), posts())


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    network = Network()
    module = types.ModuleType("toy_network")
    module.open_source = network.open_source  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "toy_network", module)
    monkeypatch.setitem(SOURCES, "x", SourceSpec("toy_network", "x", usd_post=0.005, usd_user=0.01))
    return network


def read(folder: Path, x: str = "{terms_acknowledged: true}", entry: str = "source: x") -> Registry:
    text = (
        f"version: 1\nnamespace: org\ncontact: https://example.org/r\nx: {x}\n"
        f"models: [{{handles: [ada], consent: self, {entry}}}]\n"
    )
    return registry.read_text(text.encode(), folder / "registry.yaml")


def fetcher(found: Registry, store: Store, max_reads: int | None = None) -> Fetcher:
    return Fetcher(found, store, lambda: NOON, max_reads)


def test_only_what_is_new_is_asked_for(network: Network, tmp_path: Path) -> None:
    found, store = read(tmp_path), Store(str(tmp_path / "store"))
    (timeline,) = fetcher(found, store).fetch(found.entries[0])
    assert len(list(timeline.posts)) == 45
    network.newest = 48
    again = fetcher(found, store)
    (timeline,) = again.fetch(found.entries[0])
    assert len(list(timeline.posts)) == 48
    assert network.asked == [("ada", None, None), ("ada", "45", None)]
    assert again.cost == Cost(3, 3 * 0.005)


def test_a_reading_that_broke_off_is_kept_and_resumed_where_it_ended(
    network: Network, tmp_path: Path
) -> None:
    found, store = read(tmp_path), Store(str(tmp_path / "store"))
    network.breaks_at = 20
    with pytest.raises(SourceError, match="broke off"):
        fetcher(found, store).fetch(found.entries[0])
    network.breaks_at, network.newest = None, 50
    again = fetcher(found, store)
    (timeline,) = again.fetch(found.entries[0])
    assert sorted(int(post.id) for post in timeline.posts) == list(range(1, 51))
    assert network.asked[1:] == [("ada", None, "26"), ("ada", "45", None)]
    assert again.cost.reads == 25 + 5


def test_reads_are_capped_before_a_page_is_asked_for_and_nothing_is_lost(
    network: Network, tmp_path: Path
) -> None:
    found, store = read(tmp_path), Store(str(tmp_path / "store"))
    first = fetcher(found, store, max_reads=25)
    with pytest.raises(Deferred, match=r"25 of --max-reads 25; what was read is kept"):
        first.fetch(found.entries[0])
    assert first.cost.reads == 25
    facts = store.facts("ada", "x")
    assert facts is not None
    assert facts.total == 25
    (timeline,) = fetcher(found, store).fetch(found.entries[0])
    assert len(list(timeline.posts)) == 45


def test_the_months_reads_hold_across_runs(network: Network, tmp_path: Path) -> None:
    found = read(tmp_path, "{terms_acknowledged: true, monthly_reads: 30}")
    store = Store(str(tmp_path / "store"))
    for _ in range(3):
        with pytest.raises(Deferred, match=r"30 of x.monthly_reads 30"):
            fetcher(found, store).fetch(found.entries[0])
    assert store.reads("x", NOON) == 30
    later = Fetcher(found, store, lambda: NOON + timedelta(days=30))
    (timeline,) = later.fetch(found.entries[0])
    assert len(list(timeline.posts)) == 45


def test_another_owner_is_seen_before_anything_is_fetched(network: Network, tmp_path: Path) -> None:
    found, store = read(tmp_path), Store(str(tmp_path / "store"))
    with pytest.raises(Blocked, match="another owner"):
        fetcher(found, store).fetch(found.entries[0], {"ada": "1"})
    assert store.facts("ada", "x") is None
    fetcher(found, store).fetch(found.entries[0], {"ada": None})
    network.id = "88"
    with pytest.raises(Blocked, match="another owner"):
        fetcher(found, store).fetch(found.entries[0])


def test_the_id_in_the_entry_is_compared_before_a_post_is_paid_for(network: Network, tmp_path: Path) -> None:
    found = read(tmp_path, entry="source: x, accounts: '1'")
    store = Store(str(tmp_path / "store"))
    with pytest.raises(Blocked, match="another owner"):
        fetcher(found, store).fetch(found.entries[0])
    assert store.facts("ada", "x") is None
    same = read(tmp_path, entry=f"source: x, accounts: '{network.id}'")
    fetcher(same, store).fetch(same.entries[0])
    assert store.facts("ada", "x") is not None


def test_lost_posts_are_read_again_in_full(network: Network, tmp_path: Path) -> None:
    found, store = read(tmp_path), Store(str(tmp_path / "store"))
    fetcher(found, store).fetch(found.entries[0])
    (file,) = (tmp_path / "store" / "x" / "ada").glob("posts-*")
    file.write_bytes(file.read_bytes()[:-20])
    (timeline,) = fetcher(found, store).fetch(found.entries[0])
    assert len(list(timeline.posts)) == 45
    assert network.asked[-1] == ("ada", None, None)
    assert timeline.warnings == ("posts in the store were damaged, and all were read again",)


def test_damage_is_said_by_the_run_that_finds_it_though_its_reading_breaks_off(
    network: Network, tmp_path: Path
) -> None:
    found, store = read(tmp_path), Store(str(tmp_path / "store"))
    fetcher(found, store).fetch(found.entries[0])
    (file,) = (tmp_path / "store" / "x" / "ada").glob("posts-*")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(Deferred, match=r"used up: .*posts of ada in the store were damaged"):
        fetcher(found, store, max_reads=20).fetch(found.entries[0])
    (timeline,) = fetcher(found, store).fetch(found.entries[0])
    assert len(list(timeline.posts)) == 45
    assert timeline.warnings == ()


def test_an_archive_of_another_account_than_was_published_is_blocked(tmp_path: Path) -> None:
    pack(tmp_path / "ada.zip", members([tweet(1)], handle="ada"))
    found = read(tmp_path, entry="source: archive, archive: ada.zip")
    store = Store(str(tmp_path / "store"))
    (timeline,) = fetcher(found, store).fetch(found.entries[0], {"ada": None})
    assert timeline.profile.id is not None
    with pytest.raises(
        Blocked, match=rf"another owner.* account 1, and this file is of {timeline.profile.id}"
    ):
        fetcher(found, store).fetch(found.entries[0], {"ada": "1"})


@pytest.mark.parametrize("stored", [False, True])
def test_an_account_of_somebody_removed_is_known_by_its_id_before_a_post_is_read(
    stored: bool, network: Network, tmp_path: Path
) -> None:
    store = Store(str(tmp_path / "store"))
    if stored:
        found = read(tmp_path)
        fetcher(found, store).fetch(found.entries[0])
    before = len(network.asked)
    found = read(tmp_path, entry="source: x}]\nremoved: [{handles: [old_name], accounts: ['77']")
    with pytest.raises(Blocked, match=r"of ada is of somebody who was removed \(line \d+ of the registry\)"):
        fetcher(found, store).fetch(found.entries[0])
    assert store.reads("x", NOON) == (45 if stored else 0)
    assert len(network.asked) == before + (not stored)


def test_the_estimate_is_a_whole_timeline_and_later_what_the_pace_predicts(
    network: Network, tmp_path: Path
) -> None:
    found, store = read(tmp_path), Store(str(tmp_path / "store"))
    whole = estimate.estimate("x", None, NOON)
    assert whole.reads == 3_201
    assert whole.usd == pytest.approx(16.01)
    fetcher(found, store).fetch(found.entries[0])
    facts = store.facts("ada", "x")
    now = estimate.estimate("x", facts, NOON + timedelta(days=10))
    assert 2 <= now.reads < 1_000
    assert now.usd == pytest.approx((now.reads - 1) * 0.005 + 0.01)
    assert estimate.estimate("bluesky", facts, NOON) == estimate.estimate("archive", None, NOON) == Cost()


def test_a_reading_that_is_stopped_keeps_what_was_paid_for_and_asks_for_no_more(
    network: Network, tmp_path: Path
) -> None:
    found, store = read(tmp_path), Store(str(tmp_path / "store"))
    one = fetcher(found, store)
    network.paged = one.stop  # as a run does that is interrupted while a page is on its way
    with pytest.raises(Deferred, match="interrupted"):
        one.fetch(found.entries[0])
    assert one.cost.reads == 10
    network.paged = lambda: None
    again = fetcher(found, store)
    (timeline,) = again.fetch(found.entries[0])
    assert len(list(timeline.posts)) == 45
    assert again.cost.reads == 35


def test_a_wait_for_the_network_ends_when_the_run_is_interrupted(tmp_path: Path) -> None:
    found, store = read(tmp_path), Store(str(tmp_path / "store"))
    with XServer() as x:
        x.add("ada", posts=150)
        one = Fetcher(found, store, lambda: datetime.now(UTC), environment=x.environment)
        soon = threading.Timer(0.3, one.stop)
        x.fault(path="/tweets", skip=1, status=429, headers=until(50), hook=soon.start)
        with pytest.raises(Deferred, match="interrupted"):
            one.fetch(found.entries[0])
        assert (
            len(x.pages()) == 1
        )  # the refused one is no page; a wait to its end would have been followed by another try
        facts = store.facts("ada", "x")
        assert facts is not None
        assert (facts.total, one.cost.reads, store.reads("x", datetime.now(UTC))) == (100, 101, 101)


def until(seconds: int) -> dict[str, str]:
    return {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(time.time()) + seconds)}


def test_what_the_month_allows_is_said_where_the_ledger_can_be_read(network: Network, tmp_path: Path) -> None:
    from bot.hub.folder import FolderHub
    from bot.plan.make import make_plan

    found = read(tmp_path, "{terms_acknowledged: true, monthly_reads: 5000}")
    url = str(tmp_path / "store")
    hub = FolderHub(tmp_path / "hub", "org")
    Store(url).record_reads("x", "run", 400, datetime.now(UTC))
    (note,) = make_plan(found, hub, url).notes
    assert note.text == "of x.monthly_reads 5,000, 4,600 are left and this would use about 3,201"
    (file,) = (tmp_path / "store" / "ledger").rglob("*.json")
    file.write_text("{")
    (note,) = make_plan(found, hub, url).notes
    assert note.text.startswith("what is left of x.monthly_reads is not known: ")
