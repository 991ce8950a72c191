from __future__ import annotations

import io
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cli.report import print_corpus
from bot.corpus import REASONS, Corpus, build, is_enough, require_enough, to_json
from bot.errors import Skipped
from bot.sources.posts import Post, Profile, Timeline

START = datetime(2024, 1, 1, tzinfo=UTC)


def post(number: int, text: str = "", **fields: Any) -> Post:
    words = text or f"post number {number} of this account"
    return Post(str(number), words, START + timedelta(hours=number), **fields)


def timeline(*posts: Post, handle: str = "ada", warnings: tuple[str, ...] = ()) -> Timeline:
    return Timeline(Profile(handle, handle.title(), "x"), posts, warnings)


def test_the_funnel_names_every_reason_in_the_order_of_the_card() -> None:
    (account,) = build(
        [
            timeline(
                post(1, "RT @bob: not mine at all", is_repost=True),
                post(2, "short post"),
                post(3, "an older version of it", superseded_by="4"),
                post(4),
                post(5, "All is well here"),
                post(6, "All is  well\nhere https://t.co/x"),
                post(7, "write to ada@example.com today"),
            )
        ]
    ).accounts
    assert account.downloaded == 7
    assert list(account.dropped.items()) == [
        ("retweets", 1),
        ("short", 1),
        ("edited", 1),
        ("duplicates", 1),
        ("private_data", 1),
    ]
    assert [text.id for text in account.texts] == ["4", "5"]


def test_reasons_that_did_not_occur_are_left_out_save_the_first_two() -> None:
    (account,) = build([timeline(post(1))]).accounts
    assert account.dropped == {"retweets": 0, "short": 0}


def test_texts_are_cleaned_and_run_from_the_oldest_to_the_newest() -> None:
    (account,) = build([timeline(post(3, "third   one here"), post(1, "first\none here"), post(2))]).accounts
    assert [text.text for text in account.texts][::2] == ["first one here", "third one here"]
    assert (account.first, account.last) == (START + timedelta(hours=1), START + timedelta(hours=3))


def test_of_equal_texts_the_oldest_stays() -> None:
    (account,) = build([timeline(post(9, "All is well"), post(2, "All is well"))]).accounts
    assert [text.id for text in account.texts] == ["2"]


def test_two_accounts_may_say_the_same() -> None:
    corpus = build([timeline(post(1, "All is well")), timeline(post(2, "All is well"), handle="bob")])
    assert [account.kept for account in corpus.accounts] == [1, 1]
    assert [text.handle for account in corpus.accounts for text in account.texts] == ["ada", "bob"]


def test_languages_are_iso_639_the_most_frequent_first() -> None:
    posts = [post(n, lang=lang) for n, lang in enumerate(["in", "en", "en", "und", "zxx", "pt-BR", "in"])]
    corpus = build([timeline(*posts, post(99, "RT @x yes it is", lang="fr", is_repost=True))])
    assert list(corpus.languages.items()) == [("en", 2), ("id", 2), ("pt", 1)]


def test_newest_is_of_all_that_was_read_and_last_of_what_was_kept() -> None:
    corpus = build([timeline(post(1), post(5, "short"))])
    assert corpus.newest == START + timedelta(hours=5)
    assert corpus.accounts[0].last == START + timedelta(hours=1)


def test_the_sensitive_share_is_of_kept_posts() -> None:
    corpus = build(
        [timeline(post(1, sensitive=True), post(2), post(3), post(4), post(5, "no", sensitive=True))]
    )
    assert corpus.sensitive_share == 0.25
    assert build([timeline()]).sensitive_share == 0


def filled(characters: int) -> Corpus:
    """A corpus of exactly so many characters, in posts of 100."""
    texts = [f"{n:04} " + "all is well " * 7 + "and so on." for n in range(characters // 100)]
    rest = characters - sum(map(len, texts))
    return build(
        [timeline(*(post(n, text) for n, text in enumerate([*texts, "so it is" + "!" * (rest - 8)])))]
    )


def test_too_little_text_is_skipped_with_the_counts() -> None:
    short = build(
        [
            timeline(
                *(post(n, f"{n} All is well here") for n in range(38)),
                *(post(n, "no") for n in range(40, 63)),
            )
        ]
    )
    assert short.characters == 712
    with pytest.raises(Skipped, match=r"^too little text: 712 of 6,000 characters kept \(38 of 61 posts\)$"):
        require_enough(short)
    assert not is_enough(short)


def test_the_bounds_are_6_000_and_40_000_characters() -> None:
    assert [filled(count).characters for count in (5_999, 6_000, 39_999)] == [5_999, 6_000, 39_999]
    assert [is_enough(filled(count)) for count in (5_999, 6_000)] == [False, True]
    require_enough(filled(6_000))
    warning = "little text: 39,999 characters kept, where 40,000 make a better model"
    assert filled(39_999).warnings == (warning,)
    assert filled(40_000).warnings == ()


def test_a_voice_with_nothing_to_say_is_skipped() -> None:
    corpus = build(
        [
            timeline(*(post(n, "word " * 50 + str(n)) for n in range(200))),
            timeline(post(1, "no"), handle="bob"),
        ]
    )
    with pytest.raises(Skipped, match="too little text: none of the 1 posts of @bob kept"):
        require_enough(corpus)


def test_warnings_of_timelines_reach_the_corpus_with_the_handle_where_there_are_several() -> None:
    one = timeline(post(1), warnings=("the archive is @bob's, not @ada's",))
    assert build([one]).warnings == ("the archive is @bob's, not @ada's",)
    assert build([one, timeline(handle="bob")]).warnings == ("@ada: the archive is @bob's, not @ada's",)


def test_json_has_the_reasons_between_downloaded_and_kept_and_shows_no_text() -> None:
    corpus = build(
        [timeline(post(1, "canary canary canary", lang="en"), post(2, "no"), post(3, "x", superseded_by="1"))]
    )
    value = json.loads(json.dumps(to_json(corpus, tokens=12)))
    (account,) = value["accounts"]
    assert list(account) == ["handle", "downloaded", "retweets", "short", "edited", "kept", "info"]
    assert [account[key] for key in list(account)[1:-1]] == [3, 0, 1, 1, 1]
    assert (value["characters"], value["tokens"], value["languages"]) == (20, 12, {"en": 1})
    assert value["enough"] is False
    assert "canary" not in json.dumps(value)


def test_no_repr_or_log_shows_a_text(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        corpus = build([timeline(*(post(n, f"{n} canary canary canary") for n in range(9)))])
    assert "canary" not in repr(corpus)
    assert "canary" not in caplog.text


posts = st.builds(
    Post,
    id=st.integers(1, 30).map(str),
    text=st.sampled_from(
        ["All is well here", "All is  well here", "no", "a@example.com is it", "今日は寒いね", ""]
    )
    | st.text(max_size=30),
    created_at=st.integers(0, 99).map(lambda hours: START + timedelta(hours=hours)),
    lang=st.none() | st.sampled_from(["en", "und", "qme", "in"]),
    is_repost=st.booleans(),
    sensitive=st.booleans(),
    superseded_by=st.none() | st.just("31"),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(posts, max_size=20), min_size=1, max_size=3))
def test_downloaded_is_always_the_sum_of_dropped_and_kept(accounts: list[list[Post]]) -> None:
    corpus = build([timeline(*some, handle=f"voice{n}") for n, some in enumerate(accounts)])
    for account, some in zip(corpus.accounts, accounts, strict=True):
        assert account.downloaded == len(some) == sum(account.dropped.values()) + account.kept
        assert [reason for reason in REASONS if reason in account.dropped] == list(account.dropped)
        assert len({text.text for text in account.texts}) == account.kept
    value = to_json(corpus)
    for row in value["accounts"]:
        reasons = [row[key] for key in row if key not in ("handle", "downloaded", "kept", "info")]
        assert row["downloaded"] == sum(reasons) + row["kept"]
    assert sum(value["languages"].values()) <= corpus.kept


def test_what_was_never_asked_for_is_not_fetched_and_not_0() -> None:
    some = replace(timeline(post(1), post(2)), not_fetched=("retweets",))
    corpus = build([some, timeline(post(3), handle="bob")])
    told = to_json(corpus)["accounts"]
    assert (told[0]["retweets"], told[0]["info"]["not_fetched"]) == (None, ["retweets"])
    assert (told[1]["retweets"], told[1]["info"]["not_fetched"]) == (0, [])
    assert corpus.accounts[0].dropped["retweets"] == 0
    stream = io.StringIO()
    print_corpus(corpus, None, stream)
    assert "not fetched" in next(line for line in stream.getvalue().splitlines() if "retweets" in line)


def test_those_that_came_all_the_same_are_counted_and_the_sum_holds() -> None:
    some = replace(timeline(post(1), post(2, is_repost=True)), not_fetched=("retweets",))
    told = to_json(build([some]))["accounts"][0]
    assert (told["downloaded"], told["retweets"], told["short"], told["kept"]) == (2, 1, 0, 1)
    assert told["info"]["not_fetched"] == ["retweets"]
