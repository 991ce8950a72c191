"""The source `bluesky` against Bluesky's own PDS and AppView, and the stub of the other tests beside them."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from bluesky_network import Account, Json, Network
from differences import differences
from PIL import Image
from social_payloads import bluesky_item, bluesky_profile, bluesky_repost, facet, link_facet
from social_server import Feed, SocialServer

from bot import corpus, registry
from bot.apply.fetch import Fetcher
from bot.errors import Blocked
from bot.sources import Cursor, open_source
from bot.sources.posts import Post, Timeline
from bot.store import Store

pytestmark = pytest.mark.peers

START = datetime(2025, 1, 1, tzinfo=UTC)
_NAMES = itertools.count(1)


def at(minute: int) -> str:
    return (START + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def new_handle() -> str:
    return f"person{next(_NAMES)}.test"


def new_account(bluesky: Network, **profile: Any) -> tuple[str, Account]:
    handle = new_handle()
    return handle, bluesky.account(handle, **profile)


def read(bluesky: Network, handle: str, **options: Any) -> Timeline:
    return open_source("bluesky", environment=bluesky.environment).read(handle, **options)


def posts(bluesky: Network, handle: str, **options: Any) -> dict[str, Post]:
    return {post.id: post for post in read(bluesky, handle, **options).posts}


@pytest.fixture(scope="module")
def bob(bluesky: Network) -> tuple[Account, list[Json]]:
    """Somebody else, and his posts."""
    _, account = new_account(bluesky, displayName="Bob")
    return account, account.post_all(
        [{"text": f"Bob says {n}", "createdAt": at(n), "langs": ["en"]} for n in range(5)]
    )


def test_a_profile_is_read_with_its_picture(bluesky: Network) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(buffer, "PNG")
    handle, account = new_account(bluesky)
    account.set_profile(
        displayName="Carol | <b>Ä</b> 🦋",
        description="About me.\nTwo lines.",
        avatar=account.upload(buffer.getvalue(), "image/png"),
    )
    bluesky.settle()
    timeline = read(bluesky, handle)
    profile = timeline.profile
    assert (profile.handle, profile.network, profile.id) == (handle, "bluesky", account.did)
    assert (profile.name, profile.bio) == ("Carol | <b>Ä</b> 🦋", "About me.\nTwo lines.")
    assert list(timeline.posts) == []
    assert list(timeline.warnings) == []
    assert timeline.complete
    assert profile.avatar
    with Image.open(io.BytesIO(profile.avatar)) as picture:
        assert picture.size[0] == picture.size[1]


def test_an_account_needs_no_profile(bluesky: Network) -> None:
    handle, account = new_account(bluesky)
    made = account.post("No profile here")
    bluesky.settle()
    profile = read(bluesky, handle).profile
    assert (profile.handle, profile.name, profile.id, profile.bio) == (handle, handle, account.did, "")
    assert [post.text for post in posts(bluesky, handle).values()] == ["No profile here"]
    assert list(posts(bluesky, handle)) == [made["uri"]]


def test_every_kind_of_post_is_read_as_its_author_wrote_it(
    bluesky: Network, bob: tuple[Account, list[Json]]
) -> None:
    handle, carol = new_account(bluesky, displayName="Carol")
    _, theirs = bob
    quote = {"$type": "app.bsky.embed.record", "record": theirs[0]}
    warned = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "sexual"}]}
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    picture = {"alt": "NEVER READ", "image": carol.upload(buffer.getvalue(), "image/png")}
    images = {"$type": "app.bsky.embed.images", "images": [picture]}
    first = carol.post("The first of a thread", createdAt=at(1), langs=["en"])
    second = carol.post("The second", createdAt=at(2), reply={"root": first, "parent": first})
    third = carol.post("The third", createdAt=at(3), reply={"root": first, "parent": second})
    reply = carol.post("Well, Bob", createdAt=at(4), reply={"root": theirs[1], "parent": theirs[1]})
    quoting = carol.post("Look at Bob", createdAt=at(5), embed=quote, langs=["de-AT", "en"])
    pictured = carol.post("My picture", createdAt=at(6), embed=images)
    wordless = carol.post("", createdAt=at(7), embed=images)
    sensitive = carol.post("Not for all", createdAt=at(8), labels=warned)
    lines = carol.post("  Line one\n\nline two & <b>all</b> &amp; 日本\n", createdAt=at(9))
    bluesky.settle()
    found = posts(bluesky, handle)
    assert list(found) == [
        each["uri"] for each in (lines, sensitive, wordless, pictured, quoting, reply, third, second, first)
    ]
    assert {post.text for post in found.values()} == {
        "The first of a thread",
        "The second",
        "The third",
        "Well, Bob",
        "Look at Bob",
        "My picture",
        "",
        "Not for all",
        "Line one\n\nline two & <b>all</b> &amp; 日本",
    }
    assert found[first["uri"]] == Post(
        first["uri"], "The first of a thread", START + timedelta(minutes=1), "en"
    )
    assert {each: post.reply_to for each, post in found.items() if post.reply_to} == {
        second["uri"]: first["uri"],
        third["uri"]: second["uri"],
        reply["uri"]: theirs[1]["uri"],
    }
    assert found[quoting["uri"]].lang == "de-AT"
    assert [each for each, post in found.items() if post.sensitive] == [sensitive["uri"]]
    assert not any(post.is_repost for post in found.values())


def test_links_are_cut_by_their_facets_and_words_stay(
    bluesky: Network, bob: tuple[Account, list[Json]]
) -> None:
    handle, carol = new_account(bluesky)
    mention = {"$type": "app.bsky.richtext.facet#mention", "did": bob[0].did}
    tag = {"$type": "app.bsky.richtext.facet#tag", "tag": "mytag"}
    shortened = "🦋🦋 example.org/very/lon... at the end"
    kept = "Read my own page about rivers"
    japanese = "日本語の文 example.com/日本/lon… です"
    alone = "https://example.org/only"
    written = [
        (
            shortened,
            [link_facet(shortened, "example.org/very/lon...", "https://example.org/very/long/x?y=1")],
        ),
        (kept, [link_facet(kept, "my own page", "https://example.org/page")]),
        ("Hello @bob.test and all", [facet("Hello @bob.test and all", "@bob.test", **mention)]),
        ("The tag #mytag stays", [facet("The tag #mytag stays", "#mytag", **tag)]),
        (japanese, [link_facet(japanese, "example.com/日本/lon…", "https://example.com/日本/long")]),
        (alone, [link_facet(alone, alone, alone)]),
    ]
    carol.post_all(
        [{"text": text, "facets": facets, "createdAt": at(n)} for n, (text, facets) in enumerate(written)]
    )
    bluesky.settle()
    assert [post.text for post in posts(bluesky, handle).values()] == [
        "",
        "日本語の文  です",
        "The tag #mytag stays",
        "Hello @bob.test and all",
        "Read my own page about rivers",
        "🦋🦋  at the end",
    ]


def test_reposts_have_ids_of_their_own(bluesky: Network, bob: tuple[Account, list[Json]]) -> None:
    other, theirs = bob
    handle, carol = new_account(bluesky)
    own = carol.post("Worth saying twice", createdAt=at(1))
    doomed = other.post("This one goes")
    foreign, again = carol.repost(theirs[0], at(2)), carol.repost(own, at(3))
    carol.remove(carol.repost(theirs[1], at(4)))  # undone
    redone = carol.repost(theirs[1], at(5))
    carol.repost(doomed, at(6))
    other.remove(doomed)
    bluesky.settle()
    found = posts(bluesky, handle)
    assert list(found) == [redone["uri"], again["uri"], foreign["uri"], own["uri"]]
    assert [post.is_repost for post in found.values()] == [True, True, True, False]
    assert [post.text for post in found.values()] == ["", "", "", "Worth saying twice"]


def test_a_pinned_post_comes_once(bluesky: Network) -> None:
    handle, carol = new_account(bluesky)
    made = carol.post_all([{"text": f"Post {n}", "createdAt": at(n)} for n in range(3)])
    carol.set_profile(displayName="Carol", pinnedPost=made[0])
    bluesky.settle()
    assert sorted(posts(bluesky, handle)) == sorted(each["uri"] for each in made)


def test_times_that_an_author_invents_are_bounded(bluesky: Network) -> None:
    handle, carol = new_account(bluesky)
    future = carol.post("From the future", createdAt="2031-01-01T00:00:00Z")
    past = carol.post("From the past", createdAt="1990-06-01T00:00:00+02:00")
    bluesky.settle()
    found = posts(bluesky, handle)
    assert list(found) == [future["uri"], past["uri"]]
    assert found[future["uri"]].created_at < datetime.now(UTC) + timedelta(minutes=1)
    assert found[past["uri"]].created_at == datetime(1990, 5, 31, 22, tzinfo=UTC)


def test_all_pages_are_read_newest_first(bluesky: Network) -> None:
    handle, carol = new_account(bluesky)
    made = carol.post_all([{"text": f"Post {n}", "createdAt": at(n)} for n in range(105)])
    same = carol.post_all([{"text": f"At once {n}", "createdAt": at(300)} for n in range(110)])
    bluesky.settle()
    timeline = read(bluesky, handle)
    ids = [post.id for post in timeline.posts]
    assert set(ids[:110]) == {each["uri"] for each in same}
    assert ids[110:] == [each["uri"] for each in reversed(made)]
    assert timeline.complete
    assert list(timeline.warnings) == []


def test_later_readings_fetch_what_is_new(bluesky: Network) -> None:
    handle, carol = new_account(bluesky)
    made = carol.post_all([{"text": f"Post {n}", "createdAt": at(n)} for n in range(220)])
    bluesky.settle()
    newest = next(iter(posts(bluesky, handle).values()))
    since = Cursor(newest.id, newest.created_at)
    carol.remove(made[-1])  # the cursor itself
    new = [carol.post(f"New {n}", createdAt=at(1000 + n)) for n in range(3)]
    bluesky.settle()
    timeline = read(bluesky, handle, since=since)
    ids = [post.id for post in timeline.posts]
    assert ids[:3] == [each["uri"] for each in reversed(new)]
    assert len(ids) <= 200
    assert newest.id not in ids
    assert not timeline.complete


def test_a_renamed_account_is_found_by_its_id(bluesky: Network) -> None:
    old, carol = new_account(bluesky, displayName="Carol")
    carol.post("Said under the old name")
    bluesky.settle()
    assert read(bluesky, old, account=carol.did).profile.handle == old
    new = new_handle()
    carol.rename(new)
    bluesky.settle()
    with pytest.raises(Blocked, match=f"{old} is now called '{new}'"):
        read(bluesky, old, account=carol.did)
    for name in (new, carol.did):
        assert read(bluesky, name, account=carol.did).profile.handle == new
        assert [post.text for post in posts(bluesky, name).values()] == ["Said under the old name"]
    squatter = bluesky.account(old, displayName="Somebody else")
    squatter.post("Not Carol")
    bluesky.settle()
    with pytest.raises(Blocked, match=f"{old} has another owner: .* {squatter.did}"):
        read(bluesky, old, account=carol.did)


def test_accounts_that_are_gone_are_blocked_each_with_its_reason(bluesky: Network) -> None:
    deleted, deactivated, suspended = (new_account(bluesky, displayName="Gone") for _ in range(3))
    for _, account in (deleted, deactivated, suspended):
        account.post("Here for now")
    bluesky.settle()
    bluesky.delete(deleted[1])
    deactivated[1].deactivate()
    bluesky.suspend(suspended[1])
    bluesky.settle()
    for (handle, _), reason in (
        (deleted, "there is no account"),
        (deactivated, "is deactivated by its owner"),
        (suspended, "is suspended by the network"),
        (("never.test", None), "there is no account"),
    ):
        with pytest.raises(Blocked, match=reason):
            read(bluesky, handle)


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ({"description": "Please #NoBot, thank you"}, "#nobot"),
        (
            {
                "labels": {
                    "$type": "com.atproto.label.defs#selfLabels",
                    "values": [{"val": "!no-unauthenticated"}],
                }
            },
            "!no-unauthenticated",
        ),
    ],
)
def test_accounts_that_ask_not_to_be_used_are_blocked(bluesky: Network, profile: Json, reason: str) -> None:
    handle, carol = new_account(bluesky, displayName="Carol", **profile)
    carol.post("Not for bots")
    bluesky.settle()
    with pytest.raises(Blocked, match=reason):
        read(bluesky, handle)


def test_posts_that_their_author_deleted_are_forgotten_before_a_training(
    bluesky: Network, bob: tuple[Account, list[Json]], tmp_path: Path
) -> None:
    handle, carol = new_account(bluesky, displayName="Carol")
    words = "The quiet river number {} runs under the old stone bridge"
    made = carol.post_all([{"text": words.format(n), "createdAt": at(n), "langs": ["en"]} for n in range(20)])
    repost = carol.repost(bob[1][0], at(500))
    carol.post("ok", createdAt=at(501))
    bluesky.settle()
    text = (
        "version: 1\nnamespace: org\ncontact: https://example.org/r\n"
        f"models: [{{handles: [{handle}], source: bluesky, consent: self}}]\n"
    )
    fleet = registry.read_text(text.encode(), tmp_path / "registry.yaml")
    (entry,) = fleet.entries
    store = Store(str(tmp_path / "store"))

    def fetch(*, before_training: bool = False) -> dict[str, int]:
        fetcher = Fetcher(fleet, store, lambda: datetime.now(UTC), environment=bluesky.environment)
        timelines = fetcher.fetch(entry)
        if before_training:
            timelines = fetcher.drop_deleted(entry, timelines)
        (account,) = corpus.build(timelines).accounts
        dropped = {reason: count for reason, count in account.dropped.items() if count}
        return {"downloaded": account.downloaded, "kept": account.kept, **dropped}

    assert fetch() == {"downloaded": 22, "retweets": 1, "short": 1, "kept": 20}
    carol.remove(made[3])
    carol.remove(repost)
    carol.post(words.format("after all"), createdAt=at(502), langs=["en"])
    bluesky.settle()
    assert fetch() == {"downloaded": 23, "retweets": 1, "short": 1, "kept": 21}
    assert fetch(before_training=True) == {"downloaded": 21, "short": 1, "kept": 20}


@pytest.fixture
def stub() -> Iterator[SocialServer]:
    with SocialServer() as net:
        yield net


def test_the_stub_answers_with_what_the_network_answers(
    bluesky: Network, bob: tuple[Account, list[Json]], stub: SocialServer
) -> None:
    """Everything in the stub's answers is in the network's, of the same type."""
    handle, carol = new_account(bluesky, displayName="Carol", description="Birds, mostly.")
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    avatar = carol.upload(buffer.getvalue(), "image/png")
    carol.set_profile(displayName="Carol", description="Birds, mostly.", avatar=avatar, createdAt=at(0))
    carol.post("Good morning", createdAt=at(1), langs=["en"])
    carol.repost(bob[1][0], at(2))
    bluesky.settle()
    stub.bluesky[handle] = Feed(
        bluesky_profile(handle), [bluesky_repost(2, bluesky_item(1)), bluesky_item(1)]
    )
    for method, query in (
        ("app.bsky.actor.getProfile", {"actor": handle}),
        ("app.bsky.feed.getAuthorFeed", {"actor": handle, "limit": 1}),
        ("app.bsky.feed.getAuthorFeed", {"actor": handle, "limit": 2}),
    ):
        real, ours = bluesky.ask(method, **query), ask(stub, method, query)
        assert (real.status_code, ours.status_code) == (200, 200)
        assert sorted(differences(ours.json(), real.json())) == []


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("app.bsky.actor.getProfile", {"actor": "never.test"}),
        ("app.bsky.actor.getProfile", {"actor": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"}),
        ("app.bsky.feed.getAuthorFeed", {"actor": "never.test", "limit": 100}),
        ("app.bsky.feed.getAuthorFeed", {"actor": "never.test", "limit": 101}),
        ("app.bsky.feed.getAuthorFeed", {"actor": "never.test", "limit": 0}),
    ],
)
def test_the_stub_refuses_as_the_network_does(
    bluesky: Network, stub: SocialServer, method: str, query: Json
) -> None:
    real, ours = bluesky.ask(method, **query), ask(stub, method, query)
    assert (ours.status_code, ours.json()) == (real.status_code, real.json())


def ask(stub: SocialServer, method: str, query: Json) -> requests.Response:
    return requests.get(f"{stub.url}/xrpc/{method}", params=query, timeout=60)
