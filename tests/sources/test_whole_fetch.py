"""Whole fetches of Bluesky and Mastodon: registry, source on loopback, store, corpus, and the next fetch."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from social_payloads import (
    DID,
    Json,
    bluesky_item,
    bluesky_profile,
    bluesky_repost,
    boost,
    mastodon_account,
    mastodon_status,
    pinned,
    uri,
)
from social_server import PICTURE, Feed, SocialServer

from bot import corpus, registry
from bot.apply.fetch import Fetcher
from bot.errors import Blocked, Deferred
from bot.store import Store

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAMES = {"bluesky": "carol.example.social", "mastodon": "carol@example.social"}


@pytest.fixture
def net() -> Iterator[SocialServer]:
    with SocialServer() as net:
        yield net


def record(network: str, number: int) -> Json:
    """One record of a timeline with everything in it: every fifth a repost, every seventh too short."""
    words = (
        "Canary" if number % 7 == 0 else f"The canary number {number} sings at dawn over the old stone bridge"
    )
    if network == "bluesky":
        item = bluesky_item(number, words)
        return bluesky_repost(number, item) if number % 5 == 0 else item
    status = mastodon_status(number, f"<p>{words}</p>")
    return boost(number, status) if number % 5 == 0 else status


def give(net: SocialServer, network: str, numbers: range, **profile: Any) -> None:
    items = [record(network, number) for number in numbers]
    if network == "bluesky":
        net.bluesky[NAMES[network]] = Feed(bluesky_profile(**profile), [pinned(items[-1]), *items])
    else:
        net.mastodon[NAMES[network]] = Feed(mastodon_account(**profile), items)


class Fleet:
    """A registry with one entry of the network, and a store."""

    def __init__(self, net: SocialServer, network: str, folder: Path) -> None:
        text = (
            "version: 1\nnamespace: org\ncontact: https://example.org/r\n"
            f"models: [{{handles: ['{NAMES[network]}'], consent: self, source: {network}}}]\n"
        )
        self._registry = registry.read_text(text.encode(), folder / "registry.yaml")
        self._net = net
        self.store = Store(str(folder / "store"))

    def fetch(self, account: str | None = None) -> corpus.Corpus:
        (entry,) = self._registry.entries
        fetcher = Fetcher(self._registry, self.store, lambda: NOON, environment=self._net.environment)
        timelines = fetcher.fetch(entry, {entry.handles[0]: account} if account else None)
        assert fetcher.cost.usd == fetcher.cost.reads == 0
        return corpus.build(timelines)


@pytest.mark.parametrize("network", ["bluesky", "mastodon"])
def test_a_timeline_becomes_a_corpus_and_is_read_once(
    net: SocialServer, network: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    give(net, network, range(1050, 0, -1))
    fleet = Fleet(net, network, tmp_path)
    built = fleet.fetch()
    (account,) = built.accounts
    reposts, short = 1050 // 5, 1050 // 7 - 1050 // 35
    assert account.downloaded == 1050
    assert dict(account.dropped) == {"retweets": reposts, "short": short}
    assert account.kept == 1050 - reposts - short
    assert built.languages == {"en": account.kept}
    assert built.warnings == ()
    assert account.profile.avatar == PICTURE
    assert (account.profile.id, account.profile.handle) == (
        DID if network == "bluesky" else "23634",
        NAMES[network],
    )
    asked = net.count("Feed") + net.count("/statuses")
    assert asked == (11 if network == "bluesky" else 28)  # 100 and 40 a page, and one to see that it ends

    give(net, network, range(1060, 0, -1))
    (account,) = fleet.fetch(account.profile.id).accounts
    assert account.downloaded == 1060
    assert net.count("Feed") + net.count("/statuses") - asked <= 2
    assert "canary" not in caplog.text.lower()


@pytest.mark.parametrize("network", ["bluesky", "mastodon"])
def test_a_fetch_that_broke_off_is_kept_and_ends_the_next_time(
    net: SocialServer, network: str, tmp_path: Path
) -> None:
    give(net, network, range(500, 0, -1))
    path = "Feed" if network == "bluesky" else "/statuses"
    net.fault(path=path, skip=2, status=429, headers={"Retry-After": "9999"})
    fleet = Fleet(net, network, tmp_path)
    with pytest.raises(Deferred, match="allows no more requests until"):
        fleet.fetch()
    held = fleet.store.load(NAMES[network], network)
    assert held is not None
    assert 0 < len(list(held.posts)) < 500

    give(net, network, range(510, 0, -1))
    (account,) = fleet.fetch().accounts
    assert account.downloaded == 510
    assert sum(account.dropped.values()) + account.kept == 510


@pytest.mark.parametrize("network", ["bluesky", "mastodon"])
def test_an_account_that_turned_away_is_not_read_again(
    net: SocialServer, network: str, tmp_path: Path
) -> None:
    give(net, network, range(50, 0, -1))
    fleet = Fleet(net, network, tmp_path)
    fleet.fetch()
    net.calls.clear()
    give(net, network, range(60, 0, -1), description="#nobot", note="<p>#nobot</p>")
    with pytest.raises(Blocked, match="#nobot"):
        fleet.fetch()
    assert len(net.calls) == 1


@pytest.mark.parametrize("network", ["bluesky", "mastodon"])
def test_a_handle_that_went_to_somebody_else_is_blocked_by_what_the_store_knows(
    net: SocialServer, network: str, tmp_path: Path
) -> None:
    give(net, network, range(50, 0, -1))
    fleet = Fleet(net, network, tmp_path)
    fleet.fetch()
    other = {"did": "did:plc:otherotherotherotherothe"} if network == "bluesky" else {"number": "99"}
    give(net, network, range(60, 0, -1), **other)
    with pytest.raises(Blocked, match="has another owner"):
        fleet.fetch()
    facts = fleet.store.facts(NAMES[network], network)
    assert facts is not None
    assert facts.total == 50


def test_a_repost_of_an_own_post_does_not_shadow_it(net: SocialServer, tmp_path: Path) -> None:
    own = bluesky_item(1, "The bird sings at dawn again")
    net.bluesky[NAMES["bluesky"]] = Feed(bluesky_profile(), [bluesky_repost(2, own), own])
    (account,) = Fleet(net, "bluesky", tmp_path).fetch().accounts
    assert [(text.id, text.text) for text in account.texts] == [(uri(1), "The bird sings at dawn again")]
    assert account.dropped["retweets"] == 1
