from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from social_payloads import (
    DID,
    OTHER_DID,
    START,
    Json,
    bluesky_item,
    bluesky_profile,
    bluesky_repost,
    facet,
    label,
    link_facet,
    pinned,
    uri,
)
from social_server import PICTURE, Feed, SocialServer

from bot.errors import Blocked, Deferred, SourceError
from bot.sources import Cost, Cursor, open_source
from bot.sources.posts import Post, Timeline

HANDLE = "carol.example.social"


@pytest.fixture
def net() -> Iterator[SocialServer]:
    with SocialServer() as net:
        yield net


def give(net: SocialServer, *items: Json, page: Any = None, **profile: Any) -> None:
    net.bluesky[HANDLE] = Feed(bluesky_profile(**profile), list(items), page)


def read(net: SocialServer, handle: str = HANDLE, **options: Any) -> Timeline:
    return open_source("bluesky", environment=net.environment).read(handle, **options)


def posts(net: SocialServer, **options: Any) -> list[Post]:
    return list(read(net, **options).posts)


def one(net: SocialServer, item: Json) -> Post:
    give(net, item)
    (post,) = posts(net)
    return post


def test_a_profile_and_its_posts_are_read_without_a_login(net: SocialServer) -> None:
    give(net, bluesky_item(2), bluesky_item(1, "Hello there, all"))
    source = open_source("bluesky", environment=net.environment)
    timeline = source.read(HANDLE)
    profile = timeline.profile
    assert (profile.handle, profile.name, profile.network, profile.id) == (HANDLE, "Carol", "bluesky", DID)
    assert (profile.bio, profile.avatar, profile.labels) == ("Birds, mostly.", PICTURE, ())
    assert list(timeline.posts)[1] == Post(uri(1), "Hello there, all", START + timedelta(hours=1), "en")
    assert list(timeline.warnings) == []
    assert source.cost == Cost()
    assert {asked.host for asked in net.asked} == {"public.api.bsky.app", "cdn.bsky.app"}
    assert not any("Authorization" in asked.headers for asked in net.asked)
    assert net.asked[-1].query == {"actor": DID, "limit": "100", "filter": "posts_with_replies"}


def test_all_pages_are_read_newest_first(net: SocialServer) -> None:
    give(net, *map(bluesky_item, range(250, 0, -1)))
    assert [post.id for post in posts(net)] == [uri(number) for number in range(250, 0, -1)]
    assert net.count("getAuthorFeed") == 3


def test_an_account_without_posts_is_an_empty_timeline(net: SocialServer) -> None:
    give(net)
    assert posts(net) == []


def test_reading_stops_at_what_is_known(net: SocialServer) -> None:
    give(net, *map(bluesky_item, range(500, 0, -1)))
    since = Cursor(uri(390), START + timedelta(hours=390))
    assert [post.id for post in posts(net, since=since)][:110] == [
        uri(number) for number in range(500, 390, -1)
    ]
    assert net.count("getAuthorFeed") == 2


def test_reading_stops_where_a_known_post_was_deleted_since(net: SocialServer) -> None:
    give(net, *map(bluesky_item, (number for number in range(500, 0, -1) if number != 390)))
    since = Cursor(uri(390), START + timedelta(hours=390))
    assert {uri(number) for number in range(500, 390, -1)} <= {post.id for post in posts(net, since=since)}
    assert net.count("getAuthorFeed") == 3  # a page of older ones shows that the mark is past


def test_a_post_that_was_dated_back_does_not_hide_newer_ones(net: SocialServer) -> None:
    items = [bluesky_item(number) for number in range(500, 0, -1)]
    items[5] = bluesky_item(495, record={"createdAt": "2009-01-01T00:00:00Z"})
    give(net, *items)
    read_now = posts(net, since=Cursor(uri(390), START + timedelta(hours=390)))
    assert {uri(number) for number in range(500, 390, -1)} <= {post.id for post in read_now}
    assert read_now[5].created_at.year == 2009


@pytest.mark.parametrize("which", [0, 300])
def test_a_pinned_post_does_not_end_the_reading_and_comes_once(net: SocialServer, which: int) -> None:
    items = [bluesky_item(number) for number in range(301, 0, -1)]
    give(net, pinned(items[which]), *items)
    since = Cursor(uri(301 - which), START + timedelta(hours=301 - which)) if which else None
    ids = [post.id for post in posts(net, since=since)]
    assert len(ids) == len(set(ids)) == 301


def test_a_repost_is_counted_under_an_id_of_its_own(net: SocialServer) -> None:
    own, foreign = bluesky_item(1), bluesky_item(1, "canary", did=OTHER_DID)
    give(net, bluesky_repost(4, own), bluesky_repost(3, foreign), own)
    first, second, third = posts(net)
    assert (first.id, first.is_repost, first.text) == (uri(4, kind="repost"), True, "")
    assert first.created_at == START + timedelta(hours=4)
    assert (second.id, second.is_repost, second.text) == (uri(3, kind="repost"), True, "")
    assert (third.id, third.is_repost) == (uri(1), False)


def test_a_repost_whose_record_is_not_named_still_has_its_own_id(net: SocialServer) -> None:
    own = bluesky_item(1)
    give(net, bluesky_repost(2, own, uri=...), own)
    assert [post.id for post in posts(net)] == [f"repost:{uri(1)}", uri(1)]


def test_of_several_languages_the_one_that_the_script_allows_is_taken(net: SocialServer) -> None:
    said = "今日はとても寒いので家で本を読んでいます"
    assert one(net, bluesky_item(1, said, record={"langs": ["no", "ja"]})).lang == "ja"
    assert one(net, bluesky_item(2, said, record={"langs": ["no", 3]})).lang == "no"


def test_a_reply_names_its_parent_and_the_account_of_that(net: SocialServer) -> None:
    ref = {"uri": uri(9, OTHER_DID), "cid": "x"}
    post = one(net, bluesky_item(1, record={"reply": {"root": ref, "parent": ref}}))
    assert (post.reply_to, post.reply_to_author) == (uri(9, OTHER_DID), OTHER_DID)


@pytest.mark.parametrize(
    ("langs", "lang"),
    [(["pt-BR", "en"], "pt-BR"), ([], None), (..., None), ("en", None), ([1], None), (None, None)],
)
def test_the_language_is_the_first_that_the_post_names(
    net: SocialServer, langs: Any, lang: str | None
) -> None:
    assert one(net, bluesky_item(1, record={"langs": langs})).lang == lang


def test_links_are_cut_by_bytes_and_words_stay(net: SocialServer) -> None:
    words = "Vögel 🐦 example.org/birds/of/t... und meine Seite @bob.example #vögel"
    facets = [
        link_facet(words, "example.org/birds/of/t...", "https://example.org/birds/of/the/north"),
        link_facet(words, "meine Seite", "https://carol.example.social"),
        facet(words, "@bob.example", **{"$type": "app.bsky.richtext.facet#mention", "did": OTHER_DID}),
        facet(words, "#vögel", **{"$type": "app.bsky.richtext.facet#tag", "tag": "vögel"}),
    ]
    post = one(net, bluesky_item(1, words, record={"facets": facets}))
    assert post.text == "Vögel 🐦  und meine Seite @bob.example #vögel"


@pytest.mark.parametrize(
    "index",
    [
        {"byteStart": -1, "byteEnd": 4},
        {"byteStart": 4, "byteEnd": 400},
        {"byteStart": 4, "byteEnd": 4},
        {"byteStart": "0", "byteEnd": "4"},
        {"byteStart": None},
        {},
        None,
    ],
)
def test_a_damaged_facet_cuts_nothing(net: SocialServer, index: Any) -> None:
    feature = {"$type": "app.bsky.richtext.facet#link", "uri": "https://all.example"}
    broken = {"index": index, "features": [feature]}
    assert (
        one(net, bluesky_item(1, "all.example is well", record={"facets": [broken, 7]})).text
        == "all.example is well"
    )


def test_facets_over_one_another_cut_once(net: SocialServer) -> None:
    words = "at https://example.org/a today"
    twice = [link_facet(words, "https://example.org/a", "https://example.org/a")] * 2
    within = link_facet(words, "example.org", "https://example.org/a")
    assert one(net, bluesky_item(1, words, record={"facets": [*twice, within]})).text == "at  today"


@pytest.mark.parametrize("value", ["sexual", "nudity", "porn", "graphic-media"])
def test_a_labelled_post_is_sensitive(net: SocialServer, value: str) -> None:
    own = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": value}]}
    assert one(net, bluesky_item(1, record={"labels": own})).sensitive
    assert one(net, bluesky_item(1, labels=[label(value)])).sensitive
    assert not one(net, bluesky_item(1, labels=[label(value, neg=True)])).sensitive
    assert not one(net, bluesky_item(1, labels=[label("bird")])).sensitive


def test_a_time_in_the_future_or_none_is_the_networks(net: SocialServer) -> None:
    seen = START + timedelta(hours=1)
    for written in ("2099-01-01T00:00:00Z", "yesterday", ..., 7, "0000-01-01T00:00:00Z"):
        assert one(net, bluesky_item(1, record={"createdAt": written})).created_at == seen
    said = "2024-04-30T23:00:00-01:00"
    assert one(net, bluesky_item(1, record={"createdAt": said})).created_at == datetime(
        2024, 5, 1, tzinfo=UTC
    )
    late = one(net, bluesky_item(1, record={"createdAt": "2099-01-01T00:00:00Z"}, indexedAt=...))
    assert late.created_at < datetime.now(UTC) + timedelta(minutes=1)


def test_records_that_are_none_are_left_out_and_counted(net: SocialServer) -> None:
    damaged: list[Any] = [
        bluesky_item(8, record={"text": ...}),
        bluesky_item(7, record={"text": 7}),
        bluesky_item(6, record={"createdAt": None}, indexedAt="never"),
        bluesky_item(5, uri=...),
        bluesky_item(4, record=None, uri=7),
        bluesky_item(3, did=OTHER_DID),
        {"post": None},
        {},
        None,
        "canary",
    ]
    give(net, *damaged, bluesky_item(2, record={"text": ""}), bluesky_item(1))
    timeline = read(net)
    assert [(post.id, bool(post.text)) for post in timeline.posts] == [(uri(2), False), (uri(1), True)]
    assert list(timeline.warnings) == ["10 damaged records were left out"]


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ({"labels": [label("!no-unauthenticated")]}, "to nobody who is not signed in .*!no-unauthenticated"),
        ({"labels": [label("!hide", OTHER_DID)]}, r"hidden by the network's moderators \(the label !hide\)"),
        ({"labels": [label("!takedown", OTHER_DID)]}, "the label !takedown"),
        ({"description": "Birds. #NoBot"}, r"asks in its bio not to be used \(#nobot\)"),
    ],
)
def test_an_account_that_asks_for_it_is_left_alone(net: SocialServer, profile: Json, reason: str) -> None:
    give(net, bluesky_item(1), **profile)
    with pytest.raises(Blocked, match=f"^carol.example.social .*{reason}"):
        read(net)
    assert net.count("getAuthorFeed") == net.count("/img/") == 0


def test_labels_that_no_longer_hold_block_nothing(net: SocialServer) -> None:
    past = "2020-01-01T00:00:00Z"
    labels = [label("!hide", exp=past), label("!no-unauthenticated", neg=True), label("bot"), label("bot"), 7]
    give(net, bluesky_item(1), labels=labels)
    assert read(net).profile.labels == ("bot",)


@pytest.mark.parametrize(
    ("error", "message", "reason"),
    [
        ("AccountTakedown", "Account has been suspended", "carol.example.social is suspended by the network"),
        ("AccountDeactivated", "Account is deactivated", "carol.example.social is deactivated by its owner"),
        ("InvalidRequest", "Profile not found", "there is no account carol.example.social on Bluesky"),
    ],
)
def test_an_account_that_is_gone_is_blocked(net: SocialServer, error: str, message: str, reason: str) -> None:
    net.refused[HANDLE] = (error, message)
    with pytest.raises(Blocked, match=reason):
        read(net)
    give(net, *map(bluesky_item, range(200, 0, -1)))
    net.refused.clear()
    timeline = read(net)
    net.refused[DID] = (error, message)  # gone between two calls
    with pytest.raises(Blocked, match=reason):
        list(timeline.posts)


def test_other_refusals_are_errors_that_hold_no_message(net: SocialServer) -> None:
    for error, shown in (
        ("InvalidRequest", r" \(InvalidRequest\)"),
        ("AuthMissing", r" \(AuthMissing\)"),
        ("<b>", ""),
    ):
        net.refused[HANDLE] = (error, "canary")
        with pytest.raises(
            SourceError, match=f"{HANDLE}: Bluesky answered with status 400{shown}; run"
        ) as caught:
            read(net)
        assert "canary" not in str(caught.value)


def test_a_handle_with_another_owner_is_blocked(net: SocialServer) -> None:
    give(net, bluesky_item(1), did=OTHER_DID)
    with pytest.raises(Blocked, match=f"has another owner: .* {DID}, and it now belongs to {OTHER_DID}"):
        read(net, account=DID)
    assert net.count("getAuthorFeed") == 0


def test_a_renamed_account_is_blocked_with_both_names(net: SocialServer) -> None:
    net.bluesky["carla.example.social"] = Feed(bluesky_profile("carla.example.social"), [bluesky_item(1)])
    with pytest.raises(Blocked, match=r"carol\.example\.social is now called 'carla\.example\.social'"):
        read(net, account=DID)
    with pytest.raises(Blocked, match="there is no account"):
        read(net)
    with pytest.raises(Blocked, match="there is no account"):
        read(net, account=OTHER_DID)


def test_the_same_account_is_read_on(net: SocialServer) -> None:
    give(net, bluesky_item(1))
    assert len(posts(net, account=DID)) == 1


def test_an_account_may_be_named_by_its_did(net: SocialServer) -> None:
    give(net, bluesky_item(1), handle="handle.invalid")
    timeline = read(net, DID)
    assert (timeline.profile.handle, timeline.profile.id) == (DID, DID)


@pytest.mark.parametrize(
    ("fault", "warned"),
    [
        ({"status": 404}, "the avatar was not fetched: cdn.bsky.app answered with status 404"),
        ({"cut": "answer"}, "the avatar was not fetched: cdn.bsky.app answered with data that is cut short"),
    ],
)
def test_an_avatar_that_does_not_come_is_a_warning(net: SocialServer, fault: Json, warned: str) -> None:
    give(net, bluesky_item(1))
    net.fault(path="/img/", times=-1, **fault)
    timeline = read(net)
    assert timeline.profile.avatar is None
    assert [warning.startswith(warned) for warning in timeline.warnings] == [True]


def test_profiles_may_lack_all_but_the_did(net: SocialServer) -> None:
    net.bluesky[HANDLE] = Feed(
        {"did": DID, "labels": None, "avatar": 7, "displayName": ["canary"]}, [bluesky_item(1)]
    )
    profile = read(net).profile
    assert (profile.handle, profile.name, profile.avatar) == (HANDLE, HANDLE, None)
    net.bluesky[HANDLE] = Feed(bluesky_profile("<b>canary</b>"))
    assert read(net).profile.handle == HANDLE
    net.bluesky[HANDLE] = Feed({"handle": HANDLE})
    with pytest.raises(SourceError, match="a profile that has no DID"):
        read(net)


def test_an_empty_page_that_is_not_the_last_is_passed(net: SocialServer) -> None:
    pages = {None: {"feed": [], "cursor": "b"}, "b": {"feed": [bluesky_item(1)]}}
    give(net, page=lambda query: pages[query.get("cursor")])
    assert [post.id for post in posts(net)] == [uri(1)]


def test_a_cursor_that_loops_ends_the_reading_with_a_warning(net: SocialServer) -> None:
    give(net, page=lambda query: {"feed": [bluesky_item(2), bluesky_item(1)], "cursor": "b"})
    timeline = read(net)
    assert [post.id for post in timeline.posts] == [uri(2), uri(1)]
    assert list(timeline.warnings) == ["the network's pages go in a circle: reading ended after 2 posts"]


@pytest.mark.parametrize("answer", [{"feed": "canary"}, {}, [], None, "canary"])
def test_a_page_that_is_none_is_an_error(net: SocialServer, answer: object) -> None:
    give(net, page=lambda query: answer)
    with pytest.raises(SourceError, match=r"^carol\.example\.social: Bluesky answered with") as caught:
        posts(net)
    assert "canary" not in str(caught.value)


def test_failures_midway_keep_what_came_before(net: SocialServer) -> None:
    give(net, *map(bluesky_item, range(250, 0, -1)))
    later = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    headers = {"ratelimit-reset": str(int(later.timestamp()))}
    net.fault(path="getAuthorFeed", skip=1, status=429, headers=headers)
    got: list[str] = []
    with pytest.raises(Deferred, match=r"public\.api\.bsky\.app allows no more requests until") as caught:
        got.extend(post.id for post in read(net).posts)
    assert caught.value.retry_at == later
    assert got == [uri(number) for number in range(250, 150, -1)]


def test_a_short_failure_is_sat_out(net: SocialServer) -> None:
    give(net, *map(bluesky_item, range(250, 0, -1)))
    net.fault(path="getAuthorFeed", skip=1, status=503)
    net.fault(path="getAuthorFeed", skip=2, cut="after")
    assert len(posts(net)) == 250


def test_at_most_ten_thousand_posts_are_read(net: SocialServer) -> None:
    def page(query: dict[str, str]) -> Json:
        start = int(query.get("cursor", "0"))
        items = [bluesky_item(20_000 - start - n, uri=uri(20_000 - start - n)) for n in range(100)]
        return {"feed": items, "cursor": str(start + 100)}

    give(net, page=page)
    timeline = read(net)
    assert sum(1 for _ in timeline.posts) == 10_000
    assert list(timeline.warnings) == ["only the newest 10,000 posts were read"]
