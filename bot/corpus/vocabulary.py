"""Whether a base knows the language of a corpus: by how many bytes its tokens hold, against those of English."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.registry.languages import LANGUAGES

ENGLISH = (
    "I went for a walk along the river this morning and it was so quiet that I could hear the birds on the other side.",
    "Does anybody know a good place for lunch near the station? We have about an hour before the train leaves.",
    "The new version is out today. It starts faster, and most of the problems that people wrote about are gone.",
    "My daughter asked me why the sky is blue, and I had to look it up again. I should really remember this by now.",
    "Three years ago today we moved into this house. There is still one box in the hall that nobody wants to open.",
)
"""Plain posts to compare with."""

LEAST_SHARE = 0.5
"""Share of the bytes of an English token below which a base hardly knows a language; docs/corpus.md has figures."""

SAMPLE = 2_000
"""Texts that are counted, spread over all."""


def bytes_per_token(texts: Sequence[str], count: Callable[[Sequence[str]], int | None]) -> float | None:
    """The bytes of UTF-8 in a token of the texts; None where the tokenizer, `count`, is not at hand."""
    some = texts[:: max(1, -(-len(texts) // SAMPLE))]
    tokens = count(some)
    return sum(len(text.encode(errors="replace")) for text in some) / tokens if tokens else None


def share_of_english(texts: Sequence[str], count: Callable[[Sequence[str]], int | None]) -> float | None:
    """The bytes in a token of the texts, as a share of those in a token of English."""
    own, english = bytes_per_token(texts, count), bytes_per_token(ENGLISH, count)
    return own / english if own and english else None


def unknown_language(share: float | None, languages: Sequence[str], base: str) -> str | None:
    """The sentence on a base that hardly knows the language of the posts; None where it does, or is not known.

    `languages` are the corpus's ISO 639 codes, the most frequent first, and `base` is the base's name.
    """
    if share is None or share >= LEAST_SHARE:
        return None
    language = LANGUAGES.get(languages[0], languages[0]) if languages else "their language"
    return (
        f"{base} hardly knows {language}: its tokens hold {share:.0%} of the bytes that they hold in English, so it "
        f"learns slowly and writes badly; name another base: that was trained on {language}"
    )
