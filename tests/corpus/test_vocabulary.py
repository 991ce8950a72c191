from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.corpus.vocabulary import ENGLISH, bytes_per_token, share_of_english, unknown_language


def words_or_bytes(texts: Sequence[str]) -> int:
    """Counts as a base that knows English alone: a token a word, or one a byte of what is no ASCII."""
    return sum(
        len(word) if not word.isascii() else 1 for text in texts for word in text.encode().decode().split()
    )


def test_a_language_that_a_base_does_not_know_falls_into_pieces() -> None:
    assert share_of_english(ENGLISH, words_or_bytes) == 1
    share = share_of_english(["آدمی به دنیا می‌آید"], words_or_bytes)
    assert share is not None
    assert share < 0.5
    words = unknown_language(share, ["fa", "ar"], "gpt2")
    assert words is not None
    assert "gpt2 hardly knows Persian" in words
    assert "name another base" in words


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert share_of_english(["All is well"], lambda _: None) is None
    assert bytes_per_token([], lambda _: 0) is None
    assert unknown_language(None, ["fa"], "gpt2") is None
    assert unknown_language(0.5, ["de"], "gpt2") is None


def test_a_language_without_a_name_is_called_theirs() -> None:
    assert "their language" in (unknown_language(0.1, [], "gpt2") or "")


@pytest.mark.parametrize("count", [1, 1999, 2000, 2001, 10_000])
def test_at_most_a_sample_is_counted(count: int) -> None:
    seen: list[int] = []

    def counted(texts: Sequence[str]) -> int:
        seen.append(len(texts))
        return len(texts)

    assert bytes_per_token(["All"] * count, counted) == 3
    assert seen[0] <= 2000
