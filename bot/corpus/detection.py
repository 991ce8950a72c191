"""The language of posts whose network names none, by py3langid: only where it is sure, and only of a sample.

It comes with the `train` extra. Without it these posts have no known language, and nothing else changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from bot.registry.languages import iso_639

SURE = 0.7
"""The least probability that is believed: a language not named is better than a wrong one on a card."""

SHORTEST = 20
"""Bytes of UTF-8, without mentions and hashtags: of less, too little can be said."""

SAMPLE = 5_000
"""Posts looked at, spread over all: a classification takes about 40 µs, and a share is soon known."""

_ADDRESSED = re.compile(r"[@#＠＃]\w+")
_NO_LANGUAGE = "zxx"  # what the classifier says of code and figures; iso_639 knows it not


def languages(texts: Sequence[str]) -> list[str | None]:
    """The ISO 639 code of each text, or None: too short, not sure, not in the sample, py3langid not installed."""
    classify = _classifier() if texts else None
    if classify is None:
        return [None] * len(texts)
    every = max(1, -(-len(texts) // SAMPLE))
    return [_language(classify, text) if at % every == 0 else None for at, text in enumerate(texts)]


def _language(classify: Callable[[str], tuple[str, float]], text: str) -> str | None:
    said = " ".join(_ADDRESSED.sub(" ", text).split())
    if len(said.encode(errors="replace")) < SHORTEST:
        return None
    code, probability = classify(said)
    return iso_639(code) if probability >= SURE else None


@cache
def _classifier() -> Callable[[str], tuple[str, float]] | None:
    """py3langid, restricted to languages that a card may name; loading takes half a second."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        return None
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([code for code in identifier.labels if iso_639(code) or code == _NO_LANGUAGE])
    classify: Callable[[str], tuple[str, float]] = identifier.classify
    return classify
