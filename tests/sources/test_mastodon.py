from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from social_payloads import START, Json, boost, mastodon_account, mastodon_id, mastodon_status
from social_server import PICTURE, Feed, SocialServer

from bot.errors import Blocked, Deferred, SourceError
from bot.sources import Cost, Cursor, open_source
from bot.sources.posts import Post, Timeline

HANDLE = "carol@example.social"
NUMBER = "23634"


@pytest.fixture
def net() -> Iterator[SocialServer]:
    with SocialServer() as net:
        yield net


def give(net: SocialServer, *items: Json, page: Any = None, **account: Any) -> None:
    net.mastodon[HANDLE] = Feed(mastodon_account(**account), list(items), page)


def read(net: SocialServer, handle: str = HANDLE, **options: Any) -> Timeline:
    return open_source("mastodon", environment=net.environment).read(handle, **options)


def posts(net: SocialServer, **options: Any) -> list[Post]:
    return list(read(net, **options).posts)


def one(net: SocialServer, status: Json) -> Post:
    give(net, status)
    (post,) = posts(net)
    return post


def mark(number: int) -> Cursor:
    return Cursor(mastodon_id(number), START + timedelta(hours=number))


def test_a_profile_and_its_posts_are_read_without_a_login(net: SocialServer) -> None:
    give(net, mastodon_status(2), mastodon_status(1, "<p>Hello there, all</p>"))
    source = open_source("mastodon", environment=net.environment)
    timeline = source.read(HANDLE)
    profile = timeline.profile
    assert (profile.handle, profile.name, profile.network) == (HANDLE, "Carol :bird:", "mastodon")
    assert (profile.id, profile.bio, profile.avatar, profile.labels) == (
        NUMBER,
        "Birds, mostly.",
        PICTURE,
        (),
    )
    post = Post(mastodon_id(1), "Hello there, all", START + timedelta(hours=1), "en", app="Web")
    assert list(timeline.posts)[1] == post
    assert list(timeline.warnings) == []
    assert source.cost == Cost()
    assert {asked.host for asked in net.asked} == {"example.social", "files.example.social"}
    assert not any("Authorization" in asked.headers for asked in net.asked)
    assert net.asked[0].query == {"acct": "carol"}
    assert net.asked[2].query == {"limit": "40"}


def test_all_pages_are_read_newest_first(net: SocialServer) -> None:
    give(net, *map(mastodon_status, range(100, 0, -1)))
    assert [post.id for post in posts(net)] == [mastodon_id(number) for number in range(100, 0, -1)]
    assert net.asked[3].query == {"limit": "40", "max_id": mastodon_id(61)}


def test_only_what_is_newer_is_asked_for(net: SocialServer) -> None:
    give(net, *map(mastodon_status, range(100, 0, -1)))
    assert [post.id for post in posts(net, since=mark(90))] == [mastodon_id(n) for n in range(100, 90, -1)]
    assert net.asked[2].query == {"limit": "40", "since_id": mastodon_id(90)}


def test_a_reading_that_broke_off_goes_on_below_its_end(net: SocialServer) -> None:
    give(net, *map(mastodon_status, range(100, 0, -1)))
    found = posts(net, since=mark(10), until=mark(60))
    assert [post.id for post in found] == [mastodon_id(n) for n in range(59, 10, -1)]


def test_pages_that_name_no_next_one_are_walked_by_their_last_id(net: SocialServer) -> None:
    items = {None: [5, 4], mastodon_id(4): [3], mastodon_id(3): []}
    give(net, page=lambda query: [mastodon_status(n) for n in items[query.get("max_id")]])
    assert [post.id for post in posts(net)] == [mastodon_id(n) for n in (5, 4, 3)]


def test_a_boost_is_counted_without_its_text(net: SocialServer) -> None:
    foreign = mastodon_status(1, "<p>canary</p>", account=mastodon_account("bob", "7"))
    post = one(net, boost(3, foreign))
    assert (post.id, post.is_repost, post.text) == (mastodon_id(3), True, "")
    assert post.created_at == START + timedelta(hours=3)


def test_a_status_becomes_its_text(net: SocialServer) -> None:
    content = (
        '<p><span class="h-card" translate="no"><a href="https://a.example/@bob" class="u-url mention">@<span>bob'
        "</span></a></span> it&#39;s &lt;3 :blobcat:<br />see "
        '<a href="https://example.org/a/b" rel="nofollow noopener" translate="no" target="_blank">'
        '<span class="invisible">https://</span><span class="">example.org/a/b</span>'
        '<span class="invisible"></span></a></p><p>'
        '<a href="https://example.social/tags/birds" class="mention hashtag" rel="tag">#<span>birds</span></a></p>'
    )
    post = one(net, mastodon_status(1, content, language=None))
    assert post.text == "@bob it's <3 :blobcat:\nsee \n\n#birds"
    assert post.lang is None


def test_a_reply_names_its_parent_and_the_account_of_that(net: SocialServer) -> None:
    post = one(net, mastodon_status(1, in_reply_to_id="42", in_reply_to_account_id="7"))
    assert (post.reply_to, post.reply_to_author) == ("42", "7")


@pytest.mark.parametrize("application", [None, {}, {"name": ""}, {"name": 3}, [1]])
def test_an_app_that_is_not_named_is_none(net: SocialServer, application: object) -> None:
    assert one(net, mastodon_status(1, application=application)).app is None


@pytest.mark.parametrize("warned", [{"spoiler_text": "canary"}, {"sensitive": True}])
def test_a_content_warning_marks_the_post_and_is_no_part_of_it(net: SocialServer, warned: Json) -> None:
    post = one(net, mastodon_status(1, "<p>All is well</p>", **warned))
    assert (post.sensitive, post.text) == (True, "All is well")


def test_pictures_and_polls_alone_come_without_text(net: SocialServer) -> None:
    poll = {"id": "1", "options": [{"title": "canary", "votes_count": 1}], "expired": True}
    post = one(net, mastodon_status(1, content="<p></p>", poll=poll, media_attachments=[{"id": "2"}]))
    assert post.text == ""


def test_an_edited_post_is_its_newest_version(net: SocialServer) -> None:
    edited = mastodon_status(1, "<p>Newest words</p>", edited_at="2024-06-01T00:00:00.000Z")
    give(
        net,
        page=lambda query: [] if "max_id" in query else [edited, mastodon_status(1, "<p>Older words</p>")],
    )
    assert [(post.id, post.text) for post in posts(net)] == [(mastodon_id(1), "Newest words")]


def test_only_what_is_for_everybody_is_taken(net: SocialServer) -> None:
    kinds = ["public", "unlisted", "private", "direct", "limited", "local"]
    give(net, *(mastodon_status(9 - n, visibility=kind) for n, kind in enumerate(kinds)))
    timeline = read(net)
    assert [post.id for post in timeline.posts] == [mastodon_id(9), mastodon_id(8)]
    assert list(timeline.warnings) == ["4 posts are not for everybody and were left out"]


def test_records_that_are_none_are_left_out_and_counted(net: SocialServer) -> None:
    damaged: list[Any] = [
        mastodon_status(9, content=None),
        mastodon_status(8, created_at="yesterday"),
        mastodon_status(8, id=7),
        mastodon_status(7, account=mastodon_account("bob", "7")),
        mastodon_status(6, "<p>" + "x" * 200_000),
        "canary",
        None,
    ]
    fine = [mastodon_status(5, account=..., visibility=...), mastodon_status(4)]
    give(net, page=lambda query: [] if "max_id" in query else [*damaged, *fine])
    timeline = read(net)
    assert [post.id for post in timeline.posts] == [mastodon_id(5), mastodon_id(4)]
    assert list(timeline.warnings) == ["7 damaged records were left out"]


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ({"noindex": True}, "asks search engines to leave it out"),
        (
            {"indexable": False},
            "does not let its public posts be searched .*indexable is off.* privacy and reach",
        ),
        ({"note": '<p>Hi <a class="mention hashtag" rel="tag">#<span>nobot</span></a></p>'}, r"\(#nobot\)"),
        ({"fields": [{"name": "Bots", "value": "please #NoIndex"}]}, r"\(#noindex\)"),
        ({"fields": [{"name": "#nobot", "value": ""}]}, r"\(#nobot\)"),
        ({"suspended": True}, "is suspended by its server"),
        ({"limited": True}, "is hidden by the moderators of example.social"),
        ({"memorial": True}, "in memory of somebody who can no longer agree"),
        ({"moved": mastodon_account(acct="carol@new.example")}, "has moved to 'carol@new.example'"),
        ({"moved": mastodon_account("carla")}, "has moved to 'carla@example.social'"),
        ({"moved": {"id": "1"}}, "has moved to '@example.social'"),
    ],
)
def test_an_account_that_asks_for_it_is_left_alone(net: SocialServer, account: Json, reason: str) -> None:
    give(net, mastodon_status(1), **account)
    with pytest.raises(Blocked, match=f"^carol@example.social .*{reason}"):
        read(net)
    assert net.count("/statuses") == net.count("/avatars") == 0


@pytest.mark.parametrize(
    "account",
    [
        {"indexable": None},
        {"indexable": ..., "noindex": ...},
        {"noindex": None, "discoverable": False, "locked": True},
        {"moved": None, "suspended": False, "limited": False, "memorial": None},
        {"fields": "canary", "note": None},
    ],
)
def test_silence_is_no_refusal(net: SocialServer, account: Json) -> None:
    give(net, mastodon_status(1), **account)
    assert len(posts(net)) == 1


def test_a_bot_is_labelled_and_read(net: SocialServer) -> None:
    give(net, mastodon_status(1), bot=True)
    assert read(net).profile.labels == ("bot",)


def test_a_handle_with_another_owner_is_blocked(net: SocialServer) -> None:
    give(net, mastodon_status(1))
    assert len(posts(net, account=NUMBER)) == 1
    with pytest.raises(
        Blocked, match=r"has another owner: the model was made of account 7 of example\.social"
    ):
        read(net, account="7")


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, Blocked, "example.social lets nobody read its accounts without signing in"),
        (404, Blocked, "there is no account carol@example.social"),
        (410, Blocked, "carol@example.social is gone"),
        (403, SourceError, "example.social answered with status 403"),
        (422, SourceError, "example.social answered with status 422"),
    ],
)
def test_a_refusal_is_a_sentence(net: SocialServer, status: int, kind: type[Exception], reason: str) -> None:
    give(net, *map(mastodon_status, range(50, 0, -1)))
    for path in ("/lookup", "/statuses"):
        net.fault(path=path, status=status, body='{"error": "canary"}')
        with pytest.raises(kind, match=reason) as caught:
            posts(net)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("answer", [{"error": "canary"}, None, "canary", 7])
def test_an_answer_of_another_shape_is_an_error(net: SocialServer, answer: object) -> None:
    give(net, page=lambda query: answer)
    with pytest.raises(SourceError, match="no account and no list of posts") as caught:
        posts(net)
    assert "canary" not in str(caught.value)
    give(net, id=...)
    with pytest.raises(SourceError, match="an account that has no id"):
        posts(net)


def test_a_rate_limit_midway_keeps_what_came_before(net: SocialServer) -> None:
    give(net, *map(mastodon_status, range(100, 0, -1)))
    later = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    headers = {"X-RateLimit-Reset": later.isoformat().replace("+00:00", "Z")}
    net.fault(path="/statuses", skip=1, status=429, headers=headers)
    got: list[str] = []
    with pytest.raises(Deferred, match=r"example\.social allows no more requests until") as caught:
        got.extend(post.id for post in read(net).posts)
    assert caught.value.retry_at == later
    assert got == [mastodon_id(n) for n in range(100, 60, -1)]


def test_a_short_failure_is_sat_out(net: SocialServer) -> None:
    give(net, *map(mastodon_status, range(100, 0, -1)))
    net.fault(path="/statuses", skip=1, status=502)
    net.fault(path="/statuses", skip=2, cut="after")
    assert len(posts(net)) == 100


def test_a_cursor_that_loops_ends_the_reading_with_a_warning(net: SocialServer) -> None:
    give(net, page=lambda query: [mastodon_status(2), mastodon_status(1)])
    timeline = read(net)
    assert [post.id for post in timeline.posts] == [mastodon_id(2), mastodon_id(1)]
    assert list(timeline.warnings) == ["the network's pages go in a circle: reading ended after 2 posts"]


def test_an_empty_page_that_is_not_the_last_is_passed(net: SocialServer) -> None:
    give(net, *map(mastodon_status, range(50, 0, -1)))
    link = f'<https://evil.example/x?max_id={mastodon_id(40)}>; rel="next"'
    net.fault(path="/statuses", status=200, body="[]", headers={"Link": link})
    assert [post.id for post in posts(net)] == [mastodon_id(n) for n in range(39, 0, -1)]
    assert {asked.host for asked in net.asked} == {"example.social", "files.example.social"}


def test_an_avatar_that_is_missing_is_none_and_one_that_fails_a_warning(net: SocialServer) -> None:
    give(net, avatar="https://example.social/avatars/original/missing.png", avatar_static=...)
    timeline = read(net)
    assert (timeline.profile.avatar, list(timeline.warnings)) == (None, [])
    give(net)
    net.fault(path="/avatars", status=404)
    timeline = read(net)
    assert timeline.profile.avatar is None
    assert list(timeline.warnings) == [
        "the avatar was not fetched: files.example.social answered with status 404"
    ]


@pytest.mark.parametrize(
    "handle",
    [
        "carol",
        "carol@localhost",
        "carol@127.0.0.1",
        "carol@[::1]",
        "carol@example.social:8443",
        "a/b@example.social",
    ],
)
def test_a_handle_without_a_servers_domain_is_not_asked(net: SocialServer, handle: str) -> None:
    with pytest.raises(SourceError, match="is not a handle of source mastodon"):
        read(net, handle)
    assert net.calls == []


@pytest.mark.parametrize("host", ["printer.local", "metadata.google.internal", "nas.home.arpa", "x.onion"])
def test_a_host_of_somebodys_own_network_is_not_asked(host: str) -> None:
    with pytest.raises(SourceError, match=f"{host} is no domain of the public internet, and is not asked"):
        open_source("mastodon", environment={}).read(f"carol@{host}")


def test_a_server_that_lives_elsewhere_is_named(net: SocialServer) -> None:
    net.fault(path="/lookup", status=301, headers={"Location": "https://social.example.org/api"})
    with pytest.raises(SourceError, match=r"sends its readers to another address social\.example\.org"):
        read(net)


def test_what_a_server_calls_an_account_is_a_handle_or_nothing(net: SocialServer) -> None:
    give(net, acct="<b>canary</b>", display_name=None)
    profile = read(net).profile
    assert (profile.handle, profile.name) == (HANDLE, "carol")


def test_two_servers_are_two_places(net: SocialServer) -> None:
    give(net, mastodon_status(1))
    net.mastodon["carol@example.net"] = Feed(mastodon_account(number="99"), [])
    source = open_source("mastodon", environment=net.environment)
    assert source.read(HANDLE).profile.id == NUMBER
    assert source.read("carol@example.net").profile.id == "99"
    assert source.read("carol@example.net").profile.handle == "carol@example.net"
