from __future__ import annotations

import random
from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Skipped
from bot.training import memorisation

POST = "The bird sings over the river, and nobody but the stone is listening to it tonight."


def overlap(text: str, *posts: str) -> memorisation.Overlap:
    (found,) = memorisation.overlaps([text], posts)
    return found


def test_words_lose_case_punctuation_and_symbols() -> None:
    said = "“Don’t STOP” — she said… so-so, it's 3 o'clock @bob #Tag ☕️ 👍🏽!"
    assert " ".join(memorisation.words(said)) == "dont stop she said so so its 3 oclock bob tag"
    assert memorisation.words("Ｆｕｌｌ ﬁne") == ("full", "fine")
    assert memorisation.words("हिन्दी में") == ("हिन्दी", "में")
    assert memorisation.words("☕️ … —") == ()


def test_a_run_of_six_words_is_found_in_other_case_and_punctuation_and_five_are_not() -> None:
    assert overlap("And THE RIVER and nobody but the moon", POST).ngram_match
    assert not overlap("nobody but the stone is asleep", POST).ngram_match
    assert overlap("I know nobody but the stone is listening", POST).ngram_match


def test_a_run_does_not_cross_from_one_post_to_the_next() -> None:
    assert not overlap("one two three four five six", "one two three", "four five six").ngram_match


def test_a_whole_post_is_equality_after_normalisation() -> None:
    assert overlap(POST.upper().replace(",", " –"), POST).exact_match
    assert not overlap(POST + " Really.", POST).exact_match
    assert overlap("good morning all", "Good morning, all!").exact_match
    assert not overlap("…", "Good morning, all!", "!!!").exact_match


def test_the_share_of_words_inside_runs_counts_every_word_once() -> None:
    found = overlap("so " + " ".join(POST.split()[:8]) + " so so", POST)
    assert found.inside / found.size == pytest.approx(8 / 11)


def test_a_text_says_a_post_when_it_is_one_holds_one_or_shares_twelve_words() -> None:
    eleven, twelve = (" ".join(POST.split()[:count]) for count in (11, 12))
    assert overlap(twelve + " else", POST).reveals_post
    assert not overlap(eleven + " else", POST).reveals_post
    short = "My dream is to sleep well."
    assert overlap("He said: my dream is to sleep well, at last", short).reveals_post
    assert not overlap("He said: dream is to sleep well, at last", short).reveals_post
    assert overlap("good morning all", "Good morning, all!").reveals_post
    assert not overlap("and good morning all of you", "Good morning, all!").reveals_post


def test_japanese_and_thai_count_characters_as_the_corpus_does() -> None:
    post = "今日はとても寒いので家で本を読みます。"
    assert overlap("「今日はとても寒いので家で」と", post).ngram_match  # 12 characters are six words
    assert not overlap("今日はとても寒いので家に", post).ngram_match  # 11 are not
    assert overlap("今日はとても寒いので家で本を読みます", post).exact_match
    thai = "วันนี้อากาศดีมากเลยไปเดินเล่นกันเถอะ"
    assert overlap(thai[:24] + "x", thai).ngram_match
    assert not overlap(thai[:23] + "x", thai).ngram_match
    mixed = "I ate 寿司とラーメン with my friend today"
    assert overlap("寿司とラーメン with my friend", mixed).ngram_match
    assert not overlap("とラーメン with my friend", mixed).ngram_match


WORD = st.sampled_from(["a", "bb", "ccc"])


@settings(max_examples=150, deadline=None)
@given(st.lists(WORD, max_size=30), st.lists(st.lists(WORD, max_size=20), max_size=4))
def test_it_finds_exactly_what_a_slow_search_finds(text: list[str], posts: list[list[str]]) -> None:
    found = overlap(" ".join(text), *map(" ".join, posts))
    longest = max(
        (SequenceMatcher(None, text, post, autojunk=False).find_longest_match().size for post in posts),
        default=0,
    )
    assert found.ngram_match == (longest >= memorisation.WORDS)
    assert found.exact_match == (bool(text) and text in posts)
    if longest >= memorisation.LONG:
        assert found.reveals_post
    runs = {tuple(post[at : at + 6]) for post in posts for at in range(len(post) - 5)}
    inside = {
        place
        for at in range(len(text) - 5)
        if tuple(text[at : at + 6]) in runs
        for place in range(at, at + 6)
    }
    assert found.inside == 4 * len(inside)
    assert found.size == 4 * len(text)


def test_the_figures_are_shares_beside_the_natural_level() -> None:
    samples = [POST, "nothing of it at all", " ".join(POST.split()[:8]), "and nothing more"]
    held_out = [" ".join(POST.split()[2:9]), "quite another thing"]
    found = memorisation.overlaps([*samples, *held_out], [POST])
    figures = memorisation.measure(found[:4], found[4:], seed=7, withheld=1)
    assert (figures.samples, figures.posts, figures.words, figures.seed) == (4, 2, 6, 7)
    assert (figures.runs, figures.whole) == (0.5, 0.25)
    assert (figures.natural_runs, figures.natural_whole) == (0.5, 0.0)
    words = len(POST.split())
    assert figures.text == pytest.approx((words + 8) / (words + 8 + 5 + 3), abs=1e-4)
    assert figures.natural_text == 0.7
    assert figures.withheld == 1


def test_above_the_limit_a_model_is_not_published_and_the_numbers_are_reported() -> None:
    found = memorisation.overlaps([POST, "something else altogether"], [POST])
    figures = memorisation.measure(found, found[1:], seed=1)
    memorisation.check(figures, 0.5)
    with pytest.raises(Skipped, match=r"50\.0% of 2 samples are whole posts, where max_copying allows 5\.0%"):
        memorisation.check(figures, 0.05)
    with pytest.raises(Skipped, match=r"In each epoch it sees sue's 25 posts 4 times"):
        memorisation.check(figures, 0.05, ["sue's 25 posts 4 times"])


def test_nothing_to_compare_copies_nothing() -> None:
    figures = memorisation.measure(
        [], memorisation.overlaps(["some text that stands here alone"], []), seed=1
    )
    assert (figures.samples, figures.runs, figures.text, figures.natural_text) == (0, 0.0, 0.0, 0.0)


def test_the_texts_do_not_stand_in_what_is_returned() -> None:
    chance = random.Random(1)
    text = " ".join(chance.choices(POST.split(), k=30))
    assert not any(word in repr(overlap(text, POST)) for word in ("river", "stone", "nobody"))
