from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.corpus import Corpus, Split, Text, build, oversample_to_largest, split
from bot.sources.posts import Post, Profile, Timeline

START = datetime(2024, 1, 1, tzinfo=UTC)


def corpus(*accounts: list[str]) -> Corpus:
    return build(
        [
            Timeline(
                Profile(f"voice{a}", "", "x"),
                [Post(f"{a}-{n}", text, START + timedelta(hours=n)) for n, text in enumerate(texts)],
            )
            for a, texts in enumerate(accounts)
        ]
    )


def sayings(count: int, word: str = "well") -> list[str]:
    return [f"saying number {number} is {word}" for number in range(count)]


def sides(one: Split) -> dict[str, str]:
    return {
        text.id: side
        for side in ("train", "validation", "test")
        for account in getattr(one, side)
        for text in account
    }


def test_the_held_out_share_is_halved_between_validation_and_test() -> None:
    one = split(corpus(sayings(4_000)), 0.1)
    assert len(one.train[0]) == pytest.approx(3_600, abs=80)
    assert len(one.validation[0]) == pytest.approx(200, abs=50)
    assert len(one.test[0]) == pytest.approx(200, abs=50)


def test_a_post_keeps_its_side_when_the_corpus_grows_or_is_read_in_another_order() -> None:
    texts = sayings(500)
    before = split(corpus(texts), 0.1)
    mixed = [*texts, *sayings(500, "good")]
    random.Random(1).shuffle(mixed)
    after = split(corpus(mixed), 0.1)
    for side in ("train", "validation", "test"):
        assert {t.text for t in getattr(before, side)[0]} <= {t.text for t in getattr(after, side)[0]}


@pytest.mark.parametrize(
    "variants",
    [
        ["All is well here", "all is well, here!!", "ALL IS WELL HERE 😂", "All is well here @bob"],
        ["今日は寒いね", "今日は、寒いね。", "「今日は寒いね」"],
        ["fine all the way", "ﬁne all the way"],
    ],
)
def test_posts_that_say_the_same_are_on_one_side_across_accounts_too(variants: list[str]) -> None:
    for held_out in (0.1, 0.3, 0.5):
        for extra in range(12):  # whichever side chance gives them
            said = [f"{text} {extra}" for text in variants]
            one = sides(split(corpus([*said, *sayings(30)], [*sayings(30, "bad"), *said]), held_out))
            mine = {one[f"0-{n}"] for n in range(len(said))} | {one[f"1-{30 + n}"] for n in range(len(said))}
            assert len(mine) == 1


def test_an_account_of_twenty_posts_has_a_post_in_each_half_whatever_chance_says() -> None:
    for number in range(40):
        one = split(corpus(sayings(20, f"w{number}"), sayings(300)), 0.01)
        assert one.validation[0]
        assert one.test[0]
        assert len(one.train[0]) >= 17


def test_a_corpus_of_few_posts_has_one_in_each_half_and_trains_on_the_rest() -> None:
    for number in range(20):
        one = split(corpus(sayings(2, f"a{number}"), sayings(2, f"b{number}")), 0.1)
        assert len(list(chain(*one.test))) >= 1
        assert len(list(chain(*one.validation))) >= 1
        assert len(list(chain(*one.train))) >= 1


def test_a_single_post_is_trained_on() -> None:
    assert split(corpus(["only this one post"]), 0.01).train[0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.text("abc ", max_size=12), max_size=40), min_size=1, max_size=3),
    st.floats(0.01, 0.5),
)
def test_every_kept_post_is_on_exactly_one_side(accounts: list[list[str]], held_out: float) -> None:
    whole = corpus(*accounts)
    one = split(whole, held_out)
    assert one == split(whole, held_out)
    for number, account in enumerate(whole.accounts):
        parts = (*one.train[number], *one.validation[number], *one.test[number])
        assert sorted(text.id for text in parts) == sorted(text.id for text in account.texts)


def text(identifier: str) -> Text:
    return Text(identifier, "ada", identifier, START)


def test_smaller_voices_are_repeated_until_each_has_as_many_posts() -> None:
    large, small = [text(f"a{n}") for n in range(5)], [text("b0"), text("b1")]
    assert [one.id for one in oversample_to_largest([large, small])] == [
        "a0",
        "a1",
        "a2",
        "a3",
        "a4",
        "b0",
        "b1",
        "b0",
        "b1",
        "b0",
    ]
    assert oversample_to_largest([large]) == tuple(large)
    assert oversample_to_largest([large, []]) == tuple(large)
    assert oversample_to_largest([]) == ()
