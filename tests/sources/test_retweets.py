from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.sources.retweets import own_words

DOCUMENTED = re.findall(
    r"^\| `(.+)` \| (?:`(.+)`|a retweet) \|$",
    (Path(__file__).parents[2] / "docs/corpus.md").read_text(),
    re.MULTILINE,
)


@pytest.mark.parametrize(("text", "own"), DOCUMENTED)
def test_the_documented_examples_are_true(text: str, own: str) -> None:
    assert own_words(text) == (own or None)


def test_the_documentation_has_examples() -> None:
    assert len(DOCUMENTED) > 12
    assert {bool(own) for _, own in DOCUMENTED} == {True, False}


@pytest.mark.parametrize(
    "text", ["", "RT", "art @bob: a post", "START @bob", "the RT button is gone, @bob", "”@“"]
)
def test_what_only_looks_like_a_retweet_stays_as_it_is(text: str) -> None:
    assert own_words(text) == text


def test_a_text_of_many_quotes_is_read_in_little_time() -> None:
    assert own_words("“@bob: " * 20_000) is None
    assert own_words('"' * 50_000 + " @bob") is not None
