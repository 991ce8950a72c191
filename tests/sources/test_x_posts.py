"""Records of X's API as posts and accounts, in both vocabularies, whatever strangers put into them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.sources.posts import Post
from bot.sources.x.posts import picture, record, user

NOON = "2024-05-01T12:00:00.000Z"


def read(**fields: Any) -> Post:
    return record({"id": "7", "text": "hello", "created_at": NOON, **fields}).post


def link(start: int, end: int, url: str = "https://t.co/abcdefghij") -> dict[str, Any]:
    return {"urls": [{"start": start, "end": end, "url": url, "expanded_url": "https://example.com"}]}


def test_a_plain_post() -> None:
    assert read(lang="en", possibly_sensitive=True) == Post(
        "7", "hello", datetime(2024, 5, 1, 12, tzinfo=UTC), lang="en", sensitive=True
    )


def test_entities_are_unescaped_exactly_once() -> None:
    assert read(text="a &amp;lt; b &amp; c &lt;3 &quot;").text == "a &lt; b & c <3 &quot;"


def test_links_are_cut_by_their_place_before_unescaping() -> None:
    text = "see &amp; read https://t.co/abcdefghij now"
    assert read(text=text, entities=link(15, 38)).text == "see & read  now"
    assert read(text=text, entities=link(3, 5)).text == "see & read  now"  # a place that is wrong
    assert read(text=text).text == text.replace("&amp;", "&")  # X says of no link there


def test_places_count_code_points() -> None:
    text = "\U0001f602\U0001f602 https://t.co/abcdefghij \U0001f602"
    assert read(text=text, entities=link(3, 26)).text == "\U0001f602\U0001f602  \U0001f602"


@pytest.mark.parametrize("key", ["note_tweet", "note_post"])
def test_a_long_post_is_whole_and_its_own_links_are_cut(key: str) -> None:
    whole = "word " * 100 + "https://t.co/abcdefghij &amp; end"
    note = {"text": whole, "entities": link(500, 523)}
    post = read(text="word word… https://t.co/shortened1", entities=link(11, 34), **{key: note})
    assert post.text == "word " * 100 + " & end"


@pytest.mark.parametrize("key", ["referenced_tweets", "referenced_posts"])
def test_reposts_and_replies_are_reported_in_both_vocabularies(key: str) -> None:
    assert read(**{key: [{"type": "retweeted", "id": "1"}]}).is_repost
    assert read(**{key: [{"type": "reposted", "id": "1"}]}).is_repost
    reply = read(**{key: [{"type": "quoted", "id": "1"}, {"type": "replied_to", "id": "2"}]})
    assert (reply.is_repost, reply.reply_to) == (False, "2")


def test_the_account_that_a_reply_answers_and_the_app_are_read() -> None:
    post = read(in_reply_to_user_id="8", source="Pen & Paper")
    assert (post.reply_to, post.reply_to_author, post.app) == (None, "8", "Pen & Paper")


def test_a_repost_is_reported_by_its_text_where_references_are_missing() -> None:
    assert read(text="RT @bob_example: hi").is_repost
    assert not read(text="I RT @bob_example").is_repost


@pytest.mark.parametrize("key", ["edit_history_tweet_ids", "edit_history_post_ids"])
def test_the_versions_of_an_edited_post(key: str) -> None:
    assert record({"id": "9", "text": "a", "created_at": NOON, key: ["7", "8", 9, "x", None]}).versions == (
        "7",
        "8",
        "9",
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"id": None}, "has no id"),
        ({"id": "abc"}, "has no id"),
        ({"id": True}, "has no id"),
        ({"id": "1" * 30}, "has no id"),
        ({"text": None}, "has no text"),
        ({"text": ["secret"]}, "has no text"),
        ({"created_at": None}, "has no created_at"),
        ({"created_at": "yesterday"}, "has no created_at"),
        ({"created_at": 1714564800}, "has no created_at"),
    ],
)
def test_a_record_that_is_damaged_says_what_it_lacks_and_not_its_text(fields: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        record({"id": "7", "text": "secret words", "created_at": NOON, **fields})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"id": 7},
        {"entities": []},
        {"entities": {"urls": "x"}},
        {"entities": {"urls": [None, {"url": 3}, {"start": "a", "end": {}, "url": "http://x"}]}},
        {"note_tweet": "x"},
        {"note_tweet": {"text": 5}},
        {"referenced_tweets": {"type": "retweeted"}},
        {"referenced_tweets": [[], {"type": 3, "id": {}}]},
        {"edit_history_tweet_ids": "7"},
        {"lang": 3},
        {"possibly_sensitive": "no"},
    ],
)
def test_details_of_a_wrong_type_are_left_out(fields: dict[str, Any]) -> None:
    assert read(**fields) == read()


def test_half_a_character_is_no_text_that_cannot_be_stored() -> None:
    assert read(text="a\ud83d").text.encode() == b"a?"


def test_an_account_in_both_vocabularies() -> None:
    plain = {
        "id": "12",
        "username": "ada_example",
        "name": "Ada &amp; co",
        "description": "&lt;3",
        "parody": True,
    }
    assert user({**plain, "most_recent_tweet_id": "99"}) == user({**plain, "most_recent_post_id": "99"})
    found = user(plain)
    assert (found.id, found.handle, found.name, found.bio) == ("12", "ada_example", "Ada & co", "<3")
    assert (found.newest, found.parody, found.protected, found.picture) == (None, True, False, None)


def test_an_account_of_wrong_types_is_refused_or_read_without_them() -> None:
    with pytest.raises(ValueError, match="no id"):
        user({"id": {}, "username": "ada"})
    with pytest.raises(ValueError, match="no username"):
        user({"id": "1", "username": None})
    found = user(
        {
            "id": 1,
            "username": "ada",
            "name": [],
            "description": 3,
            "protected": "no",
            "most_recent_tweet_id": [],
        }
    )
    assert (found.id, found.name, found.bio, found.protected, found.newest) == ("1", "ada", "", False, None)
    assert len(user({"id": "1", "username": "ada", "name": "x" * 10_000}).name) == 200


@pytest.mark.parametrize(
    ("given", "large"),
    [
        ("https://pbs.twimg.com/profile_images/1/ada_normal.jpg", "https://pbs.twimg.com/profile_images/1/ada_400x400.jpg"),
        ("https://pbs.twimg.com/profile_images/1/ada_normal", "https://pbs.twimg.com/profile_images/1/ada_400x400"),
        ("https://pbs.twimg.com/profile_images/1/my_normal_day.png", "https://pbs.twimg.com/profile_images/1/my_normal_day.png"),
        ("http://pbs.twimg.com/profile_images/1/ada_normal.jpg", None),
        ("https://pbs.twimg.com.example.com/profile_images/1/ada_normal.jpg", None),
        ("https://pbs.twimg.com/profile_images/../../ada_normal.jpg", None),
        ("https://pbs.twimg.com/profile_images/1/a.jpg?x=1", None),
        ("https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png", None),
        ("file:///etc/passwd", None),
        ("", None),
    ],
)  # fmt: skip
def test_pictures_come_from_x_alone_and_large(given: str, large: str | None) -> None:
    assert picture(given) == large
