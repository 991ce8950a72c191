"""Whole fetches of X: registry, API on loopback, store, corpus, and what later runs still have to pay for."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from x_archives import members, pack, tweet
from x_server import FIRST_ID, PICTURE, XServer, post
from x_specs import SPECS

from bot import corpus, registry
from bot.apply.fetch import Fetcher
from bot.errors import Blocked, Deferred
from bot.sources import Cost, open_source
from bot.sources.posts import Timeline
from bot.store import Store

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = "the canary number {} sings at dawn over the old stone bridge"


@pytest.fixture(params=SPECS)
def x(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[XServer]:
    def never(*asked: object, **_: object) -> list[object]:
        raise AssertionError(f"DNS was asked for {asked[0]}")

    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: (real if host == "127.0.0.1" else never)(host, *rest, **more),
    )
    with XServer(request.param) as server:
        yield server


class Fleet:
    """Runs over one registry and one store; every run opens its own source."""

    def __init__(self, x: XServer, folder: Path, settings: str = "", handles: str = "ada_example") -> None:
        text = (
            "version: 1\nnamespace: org\ncontact: https://example.org/r\n"
            f"x: {{terms_acknowledged: true{settings}}}\n"
            f"models: [{{handles: [{handles}], consent: 'https://example.org/yes'}}]\n"
        )
        self._registry = registry.read_text(text.encode(), folder / "registry.yaml")
        self._x = x
        self.store = Store(str(folder / "store"))

    def run(
        self, max_reads: int | None = None, account: str | None = None
    ) -> tuple[tuple[Timeline, ...], Cost]:
        (entry,) = self._registry.entries
        fetcher = Fetcher(self._registry, self.store, lambda: NOON, max_reads, self._x.environment)
        timelines = fetcher.fetch(entry, {"ada_example": account} if account else None)
        return timelines, fetcher.cost

    def stored(self) -> list[int]:
        held = self.store.load("ada_example", "x")
        return sorted(int(one.id) - FIRST_ID for one in held.posts) if held else []


def written(number: int) -> dict[str, object]:
    """A post: every fifth a retweet, every seventh too short."""
    if number % 5 == 0:
        return post(number, "RT @bob_example: hi", referenced_tweets=[{"type": "retweeted", "id": "5"}])
    return post(number, "short" if number % 7 == 0 else WORDS.format(number))


def test_a_timeline_becomes_a_corpus_and_is_paid_for_once(
    x: XServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    x.add("ada_example", [written(n) for n in range(1050, 0, -1)])
    fleet = Fleet(x, tmp_path)
    timelines, cost = fleet.run()
    assert cost == Cost(1_051, 5.26)
    (account,) = corpus.build(timelines).accounts
    reposts, short = 1050 // 5, 1050 // 7 - 1050 // 35
    assert account.downloaded == 1050
    assert dict(account.dropped) == {"retweets": reposts, "short": short}
    assert account.kept == 1050 - reposts - short
    assert account.profile.avatar == PICTURE
    assert "canary" not in caplog.text
    assert x.token not in caplog.text

    assert fleet.run()[1] == Cost(1, 0.01)
    x.accounts["1000"].posts[:0] = [written(n) for n in range(1057, 1050, -1)]
    assert fleet.run()[1] == Cost(8, 0.045)
    assert fleet.stored() == list(range(1, 1058))
    assert x.billed == {"users": 3, "posts": 1057}


def test_a_budget_that_ends_within_a_timeline_pays_for_no_post_twice(x: XServer, tmp_path: Path) -> None:
    x.add("ada_example", posts=500)
    fleet = Fleet(x, tmp_path)
    for _ in range(2):
        with pytest.raises(Deferred, match="--max-reads 181"):
            fleet.run(max_reads=181)
    assert fleet.stored() == list(range(141, 501))
    x.accounts["1000"].posts[:0] = [post(501)]
    fleet.run(max_reads=181)
    assert fleet.stored() == list(range(1, 502))
    assert x.billed == {"users": 3, "posts": 501}


@pytest.mark.parametrize(
    "fault",
    [{"status": 402, "problem": {"title": "CreditsDepleted"}}, {"status": 429, "problem": {}}],
    ids=str,
)
def test_what_was_paid_for_before_x_said_no_is_kept(
    x: XServer, tmp_path: Path, fault: dict[str, object]
) -> None:
    x.add("ada_example", posts=350)
    fleet = Fleet(x, tmp_path)
    x.fault(path="/tweets", skip=2, times=-1, **fault)
    with pytest.raises(Deferred):
        fleet.run()
    assert fleet.stored() == list(range(151, 351))
    x.faults.clear()
    assert fleet.run()[1].reads == 151
    assert fleet.stored() == list(range(1, 351))


def test_the_months_reads_are_never_exceeded(x: XServer, tmp_path: Path) -> None:
    x.add("ada_example", posts=500)
    fleet = Fleet(x, tmp_path, settings=", monthly_reads: 250")
    for _ in range(3):
        with pytest.raises(Deferred, match=r"x\.monthly_reads 250"):
            fleet.run()
    assert sum(x.billed.values()) <= 250
    assert len(fleet.stored()) == x.billed["posts"] >= 200


def test_an_edit_after_the_first_reading_replaces_the_older_version(x: XServer, tmp_path: Path) -> None:
    x.add("ada_example", [post(3), post(2, WORDS.format("two")), post(1)])
    fleet = Fleet(x, tmp_path)
    fleet.run()
    chain = [str(FIRST_ID + 2), str(FIRST_ID + 4)]
    x.accounts["1000"].posts[:] = [
        post(4, WORDS.format("four"), edit_history_tweet_ids=chain),
        post(3),
        post(1),
    ]
    ((timeline,), _) = fleet.run()
    told = {int(one.id) - FIRST_ID: one.superseded_by for one in timeline.posts}
    assert told == {1: None, 2: str(FIRST_ID + 4), 3: None, 4: None}
    (account,) = corpus.build([timeline]).accounts
    assert account.downloaded == 4
    assert dict(account.dropped)["edited"] == 1


def test_the_api_goes_on_where_an_archive_ended(x: XServer, tmp_path: Path) -> None:
    records = [tweet(FIRST_ID + number, WORDS.format(number)) for number in range(1, 101)]
    archive = pack(tmp_path / "ada.zip", members(records))
    fleet = Fleet(x, tmp_path)
    timeline = open_source("archive", file=str(archive)).read("ada_example")
    fleet.store.merge(timeline, "archive", now=NOON, handle="ada_example", complete=True)
    x.add("ada_example", posts=130, id=timeline.profile.id)
    assert fleet.run()[1].reads == 31
    assert fleet.stored() == list(range(1, 131))


def test_retweets_that_are_not_fetched_are_not_counted_as_none(x: XServer, tmp_path: Path) -> None:
    x.add("ada_example", [written(n) for n in range(100, 0, -1)])
    fleet = Fleet(x, tmp_path, settings=", fetch_retweets: false")
    ((timeline,), cost) = fleet.run()
    assert cost.reads == 81
    assert tuple(timeline.not_fetched) == ("retweets",)
    assert corpus.build([timeline]).accounts[0].not_fetched == ("retweets",)


def test_a_handle_that_changed_hands_touches_nothing(x: XServer, tmp_path: Path) -> None:
    x.add("ada_example", posts=5, id="55")
    fleet = Fleet(x, tmp_path)
    fleet.run()
    x.accounts.clear()
    x.add("ada_example", posts=50, id="77")
    with pytest.raises(Blocked, match="the handle has another owner"):
        fleet.run()
    assert fleet.stored() == [1, 2, 3, 4, 5]
    x.accounts.clear()
    x.add("ada_lovely", posts=5, id="55")
    with pytest.raises(Blocked, match="@ada_example is called @ada_lovely now"):
        fleet.run()
    assert len(x.pages()) == 1


def test_two_voices_in_one_entry(x: XServer, tmp_path: Path) -> None:
    x.add("ada_example", posts=120)
    x.add("bob_example", posts=20)
    timelines, cost = Fleet(x, tmp_path, handles="bob_example, ada_example").run()
    assert [len(list(one.posts)) for one in timelines] == [20, 120]
    assert cost == Cost(142, 0.72)
