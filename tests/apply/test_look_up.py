"""What people delete goes: stored posts held against their source before a training, and what is no evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from social_payloads import bluesky_item, bluesky_profile, mastodon_account, mastodon_status
from social_server import Feed, SocialServer
from x_archives import members, pack, tweet
from x_server import FIRST_ID, XServer, post
from x_specs import SPECS

from bot import registry
from bot.apply.fetch import Fetcher
from bot.errors import BotError, Deferred
from bot.plan import estimate
from bot.sources import Cost, open_source
from bot.sources.posts import Timeline
from bot.store import Store

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=31)
HANDLES = {"bluesky": "carol.example.social", "mastodon": "carol@example.social", "x": "ada_example"}


class Fleet:
    """Runs of one entry over one store; each opens its own source. `train` fetches as a training does."""

    def __init__(self, folder: Path, source: str, environment: dict[str, str], settings: str = "") -> None:
        self.handle, self.source = HANDLES[source], source
        text = (
            "version: 1\nnamespace: org\ncontact: https://example.org/r\n"
            f"x: {{terms_acknowledged: true{settings}}}\n"
            f"models: [{{handles: ['{self.handle}'], source: {source}, consent: 'https://example.org/yes'}}]\n"
        )
        self.registry = registry.read_text(text.encode(), folder / "registry.yaml")
        self.environment = environment
        self.store = Store(str(folder / "store"))

    def train(self, now: datetime = NOON, max_reads: int | None = None) -> tuple[Timeline, Cost]:
        (entry,) = self.registry.entries
        fetcher = Fetcher(self.registry, self.store, lambda: now, max_reads, self.environment)
        (timeline,) = fetcher.drop_deleted(entry, fetcher.fetch(entry))
        self.held_back = fetcher.held_back(entry)
        return timeline, fetcher.cost

    def ids(self) -> set[str]:
        held = self.store.load(self.handle, self.source)
        return {one.id for one in held.posts} if held else set()


@pytest.fixture
def net() -> Iterator[SocialServer]:
    with SocialServer() as server:
        yield server


def feed(net: SocialServer, source: str, count: int = 300) -> Feed:
    """An account of that many posts, and its feed, in which items are deleted and edited."""
    if source == "bluesky":
        made = Feed(bluesky_profile(), [bluesky_item(n) for n in range(count, 0, -1)])
        net.bluesky[HANDLES["bluesky"]] = made
    else:
        made = Feed(mastodon_account(), [mastodon_status(n) for n in range(count, 0, -1)])
        net.mastodon[HANDLES["mastodon"]] = made
    return made


def identifier(item: dict[str, Any]) -> str:
    return str(item["post"]["uri"] if "post" in item else item["id"])


FREE = pytest.mark.parametrize("source", ["bluesky", "mastodon"])


@FREE
def test_what_was_deleted_on_a_free_network_goes_before_a_training(
    net: SocialServer, tmp_path: Path, source: str
) -> None:
    account = feed(net, source)
    fleet = Fleet(tmp_path, source, net.environment)
    timeline, _ = fleet.train()
    assert (len(fleet.ids()), timeline.checked_at) == (300, NOON)
    deleted = {identifier(account.items[n]) for n in (0, 150, 299)}  # the newest and the oldest one, too
    account.items = [item for item in account.items if identifier(item) not in deleted]
    timeline, _ = fleet.train(LATER)
    assert len(fleet.ids()) == 297
    assert not deleted & fleet.ids()
    assert timeline.checked_at == LATER
    assert "3 posts missing from this reading were removed" in timeline.warnings


def test_an_edit_on_mastodon_is_taken_before_a_training(net: SocialServer, tmp_path: Path) -> None:
    account = feed(net, "mastodon", 100)
    fleet = Fleet(tmp_path, "mastodon", net.environment)
    fleet.train()
    account.items[60] = {**account.items[60], "content": "<p>said better now</p>"}
    timeline, _ = fleet.train(LATER)
    (edited,) = [one for one in timeline.posts if one.id == account.items[60]["id"]]
    assert edited.text == "said better now"


@FREE
def test_an_account_is_read_to_its_end_once_a_run(net: SocialServer, tmp_path: Path, source: str) -> None:
    feed(net, source)
    fleet = Fleet(tmp_path, source, net.environment)
    pages = "getAuthorFeed" if source == "bluesky" else "/statuses"
    fleet.train()
    assert net.count(pages) == (3 if source == "bluesky" else 8 + 1)
    (entry,) = fleet.registry.entries
    fetcher = Fetcher(fleet.registry, fleet.store, lambda: LATER, None, net.environment)
    before = net.count(pages)
    fetcher.fetch(entry)
    assert net.count(pages) - before <= 2  # no training, no full reading


@FREE
@pytest.mark.parametrize("broken", ["damaged", "circle", "error"])
def test_a_reading_that_is_no_evidence_removes_nothing(
    net: SocialServer, tmp_path: Path, source: str, broken: str
) -> None:
    account = feed(net, source)
    fleet = Fleet(tmp_path, source, net.environment)
    fleet.train()
    gone = identifier(account.items.pop(100))
    pages = "getAuthorFeed" if source == "bluesky" else "/statuses"
    match broken:
        case "damaged":
            account.items[50] = {"id": "50", "post": {}}
        case "circle":
            whole = list(account.items)
            account.page = lambda query: (
                {"feed": whole[:100], "cursor": "again"} if source == "bluesky" else whole[:40]
            )
        case _:
            net.fault(path=pages, skip=2, times=-1, status=500)
    try:
        timeline, _ = fleet.train(LATER)
    except BotError:  # the reading broke off
        assert broken == "error"
    else:
        assert timeline.checked_at == NOON
    assert gone in fleet.ids()
    assert len(fleet.ids()) == 300


@FREE
def test_a_sudden_loss_of_more_than_half_is_held_back_and_said(
    net: SocialServer, tmp_path: Path, source: str
) -> None:
    account = feed(net, source)
    fleet = Fleet(tmp_path, source, net.environment)
    fleet.train()
    account.items = account.items[:140]
    timeline, _ = fleet.train(LATER)
    assert len(fleet.ids()) == 300
    assert fleet.held_back == 160
    (warning,) = timeline.warnings
    assert "160 posts missing from this reading were kept: more than half of the 300" in warning
    assert f"bot purge {fleet.handle}" in warning
    fleet.store.purge(fleet.handle)
    fleet.train(LATER)
    assert (len(fleet.ids()), fleet.held_back) == (140, 0)


@FREE
def test_an_account_that_shows_nothing_any_more_loses_nothing(
    net: SocialServer, tmp_path: Path, source: str
) -> None:
    account = feed(net, source, 50)
    fleet = Fleet(tmp_path, source, net.environment)
    fleet.train()
    account.items = []
    fleet.train(LATER)
    assert (len(fleet.ids()), fleet.held_back) == (50, 50)


def test_what_another_run_adds_meanwhile_is_not_taken_for_deleted(net: SocialServer, tmp_path: Path) -> None:
    account = feed(net, "mastodon", 100)
    fleet = Fleet(tmp_path, "mastodon", net.environment)
    fleet.train()
    fresh = open_source("mastodon", environment=net.environment).read(fleet.handle)
    read = list(fresh.posts)
    account.items.insert(0, mastodon_status(101))

    def posts() -> Iterator[Any]:
        yield from read
        fleet.train()  # another run, which sees one more

    merged = fleet.store.merge(
        replace(fresh, posts=posts()), "mastodon", now=NOON, handle=fleet.handle, complete=fresh.complete
    )
    assert (merged.gone, len(fleet.ids())) == (0, 101)


# X: posts are looked up by their ids.


@pytest.fixture(params=SPECS)
def x(request: pytest.FixtureRequest) -> Iterator[XServer]:
    with XServer(request.param) as server:
        server.add("ada_example", [written(n) for n in range(250, 0, -1)])
        yield server


def written(number: int) -> dict[str, Any]:
    """Every fifth is a retweet."""
    return post(number, "RT @bob_example: hi") if number % 5 == 0 else post(number)


def numbers(ids: Any) -> set[int]:
    return {int(one) - FIRST_ID for one in ids}


def test_posts_deleted_on_x_go_and_only_those_that_are_there_are_paid_for(x: XServer, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, "x", x.environment)
    timeline, cost = fleet.train()
    assert (cost, x.looked_up(), timeline.checked_at) == (Cost(251, 1.26), [], NOON)
    posts = x.accounts["1000"].posts
    posts[:] = [one for one in posts if numbers([one["id"]]) - {1, 101, 249}]
    posts.insert(0, post(251))
    timeline, cost = fleet.train(LATER)
    assert numbers(fleet.ids()) == set(range(1, 252)) - {1, 101, 249}
    assert timeline.checked_at == LATER
    assert "3 posts that are gone from the network were removed" in timeline.warnings
    assert [len(ids) for ids in x.looked_up()] == [
        100,
        100,
    ]  # 200 with a text: no retweet, and not the one just read
    assert cost.reads == 1 + 1 + 197
    assert sum(x.billed.values()) == 251 + cost.reads


def test_x_is_not_asked_again_before_the_look_is_old(x: XServer, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, "x", x.environment, ", look_up_every: 7d")
    fleet.train()
    timeline, cost = fleet.train(NOON + timedelta(days=6))
    assert (cost.reads, timeline.checked_at) == (1, NOON)
    timeline, cost = fleet.train(NOON + timedelta(days=7))
    assert (cost.reads, timeline.checked_at) == (201, NOON + timedelta(days=7))


def test_the_estimate_holds_the_look_up_and_the_key_takes_it_out(x: XServer, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, "x", x.environment)
    fleet.train()
    facts = fleet.store.facts("ada_example", "x")
    age = fleet.registry.x.look_up_age
    with_it, without = estimate.estimate("x", facts, LATER, age), estimate.estimate("x", facts, LATER, None)
    assert with_it.reads - without.reads == 200
    assert with_it.usd - without.usd == pytest.approx(1.0)
    assert estimate.estimate("x", facts, NOON, age).reads == estimate.estimate("x", facts, NOON, None).reads

    skips = Fleet(tmp_path, "x", x.environment, ", skip_deletion_checks: true")
    assert skips.registry.x.look_up_age is None
    timeline, cost = skips.train(LATER)
    assert (cost.reads, x.looked_up(), timeline.checked_at) == (1, [], None)


def test_a_look_up_that_the_budget_ends_goes_on_where_it_was(x: XServer, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, "x", x.environment)
    fleet.train()
    posts = x.accounts["1000"].posts
    posts[:] = [one for one in posts if numbers([one["id"]]) - {2, 248}]
    with pytest.raises(Deferred, match="--max-reads 121"):
        fleet.train(LATER, max_reads=121)
    assert numbers(fleet.ids()) == set(range(1, 251)) - {248}
    timeline, cost = fleet.train(LATER + timedelta(days=1))
    assert numbers(fleet.ids()) == set(range(1, 251)) - {2, 248}
    assert x.billed["posts"] == 250 + 198
    assert cost.reads == 1 + 198 - 120
    assert timeline.checked_at == LATER


def test_the_month_bounds_look_ups_like_every_paid_read(x: XServer, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, "x", x.environment, ", monthly_reads: 300, look_up_every: 1d")
    fleet.train()
    fleet.train(LATER)
    assert fleet.store.reads("x", LATER) == 201
    with pytest.raises(Deferred, match=r"300 of x\.monthly_reads 300"):
        fleet.train(LATER + timedelta(days=2))
    assert fleet.store.reads("x", LATER) == 300


def test_a_withheld_post_goes_and_an_older_version_is_marked(x: XServer, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, "x", x.environment)
    account = x.accounts["1000"]
    fleet.train()
    account.posts[:] = [
        {**one, "withheld": {"copyright": False, "country_codes": ["DE"]}}
        if numbers([one["id"]]) == {7}
        else one
        for one in account.posts
        if numbers([one["id"]]) != {9}
    ]
    chain = [str(FIRST_ID + 9), str(FIRST_ID + 400)]
    account.older.append(post(9, edit_history_tweet_ids=chain))
    timeline, _ = fleet.train(LATER)
    told = {int(one.id) - FIRST_ID: one for one in timeline.posts}
    assert 7 not in told
    assert (told[9].superseded_by, told[9].text) == (chain[1], "")


def test_a_sudden_loss_on_x_is_held_back_said_each_time_and_paid_for_once(x: XServer, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, "x", x.environment)
    fleet.train()
    del x.accounts["1000"].posts[100:]
    timeline, _ = fleet.train(LATER)
    assert (len(fleet.ids()), fleet.held_back) == (250, 120)
    said = [one for one in timeline.warnings if "120 posts that are gone from the network were kept" in one]
    assert len(said) == 1
    assert "bot purge ada_example" in said[0]
    asked = len(x.looked_up())
    timeline, _ = fleet.train(LATER + timedelta(days=1))
    assert said[0] in timeline.warnings
    assert len(x.looked_up()) == asked


def test_posts_that_x_says_nothing_of_stay_and_the_look_does_not_count(x: XServer, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, "x", x.environment)
    fleet.train()
    x.mangle = lambda payload, params: (
        {"data": payload["data"][3:]} if "ids" in params and params["ids"].count(",") == 99 else payload
    )
    timeline, _ = fleet.train(LATER)
    assert len(fleet.ids()) == 250
    assert timeline.checked_at == NOON
    assert any("X does not say whether 6 stored posts" in one for one in timeline.warnings)


def test_the_window_of_a_timeline_of_x_is_no_evidence(x: XServer, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, "x", x.environment)
    fleet.train()
    (file,) = (tmp_path / "store" / "x" / "ada_example").glob("posts-*")
    whole = file.read_bytes()
    x.accounts["1000"].posts[:] = x.accounts["1000"].posts[:50]
    fresh = open_source("x", environment=x.environment).read("ada_example")
    merged = fleet.store.merge(fresh, "x", now=LATER, complete=fresh.complete, all_asked=True)
    assert merged.gone == 0
    assert file.read_bytes() == whole


def test_an_archive_says_nothing_of_deletions_and_takes_the_date_away(x: XServer, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, "x", x.environment)
    fleet.train()
    pack(tmp_path / "ada.zip", members([tweet(FIRST_ID - 5, "an older one")], handle="ada_example"))
    archive = open_source("archive", file=str(tmp_path / "ada.zip")).read("ada_example")
    stranger = replace(archive, profile=replace(archive.profile, id=None))
    fleet.store.merge(stranger, "archive", now=LATER, handle="ada_example")
    facts = fleet.store.facts("ada_example", "x")
    assert facts is not None
    assert facts.checked_at is None
    timeline, cost = fleet.train(LATER)
    assert numbers(fleet.ids()) == set(range(1, 251))  # X knows nothing of what the archive held
    assert (cost.reads, timeline.checked_at) == (201, LATER)
