from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.corpus import Text, build, oversample_to_largest, to_json
from bot.corpus.balance import MOST_REPEATS, imbalance, repeat_words, repeats
from bot.sources.posts import Post, Profile, Timeline

START = datetime(2024, 1, 1, tzinfo=UTC)


def texts(handle: str, count: int) -> list[Text]:
    return [Text(f"{handle}{number}", handle, "said", START) for number in range(count)]


def timeline(handle: str, count: int) -> Timeline:
    posts = [
        Post(str(n), f"post number {n} of {handle} today", START + timedelta(hours=n), "en")
        for n in range(count)
    ]
    return Timeline(Profile(handle, handle, "x"), posts)


def test_a_smaller_voice_is_repeated_up_to_the_bound() -> None:
    assert repeats({"bo": 100, "sue": 50, "al": 1, "no": 0}) == {
        "bo": 1,
        "sue": 2,
        "al": MOST_REPEATS,
        "no": 0,
    }
    assert len(oversample_to_largest([texts("bo", 900), texts("sue", 25)])) == 900 + MOST_REPEATS * 25
    assert len(oversample_to_largest([texts("bo", 900), texts("sue", 450)])) == 1800


def test_voices_that_can_be_balanced_are_no_reason_to_warn() -> None:
    assert imbalance({"bo": 100, "sue": 100 // MOST_REPEATS}) is None
    assert imbalance({"bo": 100}) is None
    assert imbalance({"bo": 100, "sue": 0}) is None
    assert imbalance({}) is None


def test_the_warning_names_who_is_repeated_how_often_and_what_to_do() -> None:
    words = imbalance({"bo": 900, "sue": 25, "al": 500})
    assert words is not None
    assert "sue's 25 posts would have to be repeated 36 times" in words
    assert "bo's 900" in words
    assert "al" not in words.split()
    assert repeat_words({"bo": 900, "sue": 500, "al": 1}) == [
        "sue's 500 posts 1.8 times",
        f"al's 1 post {MOST_REPEATS} times",
    ]


def test_the_corpus_of_a_cyborg_says_how_often_its_posts_are_repeated() -> None:
    made = build([timeline("bo", 90), timeline("sue", 2)])
    assert [each["info"]["repeats"] for each in to_json(made)["accounts"]] == [1, MOST_REPEATS]
    assert any("unequal voices" in warning for warning in made.warnings)
    assert not any("unequal voices" in warning for warning in build([timeline("bo", 90)]).warnings)
