"""The source `mastodon` against Takahe, which has Mastodon's API."""

from __future__ import annotations

import pytest
import requests
from differences import differences
from social_payloads import mastodon_account, mastodon_status
from takahe_server import Takahe

from bot.errors import Blocked
from bot.sources import Cursor, open_source
from bot.sources.posts import Post, Timeline

pytestmark = pytest.mark.peers

HANDLE = "carol@example.com"


def read(takahe: Takahe, handle: str = HANDLE, *, since: Cursor | None = None) -> Timeline:
    source = open_source("mastodon", environment={"MASTODON_API_BASE": takahe.signed_in})
    return source.read(handle, since=since)


@pytest.fixture(scope="module")
def posts(takahe: Takahe) -> dict[str, Post]:
    return {post.id: post for post in read(takahe).posts}


def test_a_profile_is_read(takahe: Takahe) -> None:
    profile = read(takahe).profile
    assert (profile.handle, profile.network, profile.id) == (HANDLE, "mastodon", takahe.account)
    assert (profile.name, profile.bio) == ("Carol", "Birds, mostly.")


def test_all_public_posts_are_read_and_no_others(takahe: Takahe, posts: dict[str, Post]) -> None:
    hidden = {"bob", "followers", "direct", "deleted"}
    public = {each for kind, ids in takahe.written.items() if kind not in hidden for each in ids}
    assert set(posts) == public
    assert list(posts) == sorted(posts, key=int, reverse=True)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("link", "See  and tell me"),
        ("tag", "Words with #hashtag inside"),
        ("lines", "First line\nsecond line\n\nnew paragraph & more <b>not html</b>"),
        ("edited", "After the edit"),
        ("unlisted", "Not on the front page"),
    ],
)
def test_texts_are_as_their_author_wrote_them(
    takahe: Takahe, posts: dict[str, Post], kind: str, text: str
) -> None:
    (number,) = takahe.written[kind]
    assert posts[number].text == text


def test_replies_and_warnings_are_marked(takahe: Takahe, posts: dict[str, Post]) -> None:
    assert [post.id for post in posts.values() if post.reply_to] == takahe.written["reply"]
    assert [post.id for post in posts.values() if post.sensitive] == takahe.written["warned"]


def test_later_readings_fetch_what_is_new(takahe: Takahe, posts: dict[str, Post]) -> None:
    newest = list(posts.values())[2]
    later = read(takahe, since=Cursor(newest.id, newest.created_at))
    assert [post.id for post in later.posts] == list(posts)[:2]


def test_an_account_that_is_not_there_is_blocked(takahe: Takahe) -> None:
    with pytest.raises(Blocked, match="there is no account"):
        read(takahe, "nobody@example.com")


def test_a_server_that_asks_for_a_login_is_left_alone(takahe: Takahe) -> None:
    source = open_source("mastodon", environment={"MASTODON_API_BASE": takahe.url})
    with pytest.raises(Blocked, match="without signing in"):
        list(source.read(HANDLE).posts)


def test_the_stub_has_the_types_of_the_servers_answers(takahe: Takahe) -> None:
    """Takahe lacks some fields of Mastodon's; those that it has are of one type in both."""
    accounts, headers = f"{takahe.signed_in}/api/v1/accounts", {"Host": "example.com"}
    account = requests.get(f"{accounts}/lookup?acct=carol", headers=headers, timeout=60).json()
    page = requests.get(f"{accounts}/{takahe.account}/statuses?limit=1", headers=headers, timeout=60)
    (status,) = page.json()
    assert 'rel="next"' in page.headers["Link"]
    for ours, real in ((mastodon_account(), account), (mastodon_status(1), status)):
        assert [each for each in differences(ours, real) if "is not there" not in each] == []
