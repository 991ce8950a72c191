"""Memorisation: how much of what a model writes stands word for word in the posts it was trained on.

Texts are compared as words without case and punctuation. The same figures for posts that were held out say
how much the person repeats themselves anyway, and so what a model that copies nothing would show.
`fine_tune` withholds the samples that reveal a post; the card says how many.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.errors import Skipped
from bot.manifest import Copying

WORDS = 6
"""Words of the shortest run that counts as copied."""

LONG = 12
"""Words of a run shared with a training post from which a text is not shown on the card."""

_WORD = 4
_SCRIPTS = {"CJK": 2, "HIRAGANA": 2, "KATAKANA": 2, "KATAKANA-HIRAGANA": 2, "IDEOGRAPHIC": 2}
_SCRIPTS |= dict.fromkeys(("THAI", "LAO", "KHMER", "MYANMAR"), 1)
# Quarters of a word that a character counts, where a script puts no space between words; the same rule as
# `bot.corpus.cleaning.word_count`: two of Han and Kana are a word, four of Thai, Lao, Khmer and Burmese.

_APOSTROPHES = frozenset("'’ʼ＇")
_SELECTORS = frozenset(
    map(chr, range(0xFE00, 0xFE10))
)  # of a picture's variants: marks, but no part of a word


@dataclass(frozen=True, slots=True)
class Overlap:
    """What one text shares with the training posts; `inside` and `size` are in quarters of a word.

    `ngram_match`: it holds a run of `WORDS` words of a post; `exact_match`: it is a post; `reveals_post`: it is
    one, holds one of at least `WORDS` words, or shares a run of `LONG` words with one.
    """

    ngram_match: bool
    exact_match: bool
    reveals_post: bool
    inside: int
    size: int


def words(text: str) -> tuple[str, ...]:
    """The text's words in lower case, without punctuation and symbols; `don't` is `dont`, `so-so` two words.

    Each character of a script that puts no space between words stands alone.
    """
    return tuple(unicodedata.normalize("NFKC", text).casefold().translate(_TABLE).split())


def overlaps(texts: Sequence[str], posts: Iterable[str]) -> list[Overlap]:
    """What each text shares with the posts. Exact; time and memory grow with texts plus posts, not their product."""
    split = [words(text) for text in texts]
    runs = [list(_runs(each, WORDS)) for each in split]
    long_runs = [[each[start:end] for start, end in _runs(each, LONG)] for each in split]
    wanted = {each[start:end] for each, spans in zip(split, runs, strict=True) for start, end in spans}
    wanted_long = {run for found in long_runs for run in found}
    met: set[tuple[str, ...]] = set()
    met_long: set[tuple[str, ...]] = set()
    whole: set[tuple[str, ...]] = set()
    within: set[str] = set()
    for post in map(words, posts):
        whole.add(post)
        shared = [span for span in _runs(post, WORDS) if post[slice(*span)] in wanted]
        if not shared:
            continue
        met.update(post[slice(*span)] for span in shared)
        met_long.update(run for span in _runs(post, LONG) if (run := post[slice(*span)]) in wanted_long)
        if shared[0][0] == 0:
            within.add(f" {' '.join(post)} ")
    return [
        _overlap(
            each,
            [span for span in spans if each[slice(*span)] in met],
            whole=bool(each) and each in whole,
            long=not met_long.isdisjoint(own),
            within=within,
        )
        for each, spans, own in zip(split, runs, long_runs, strict=True)
    ]


def measure(
    samples: Sequence[Overlap], held_out: Sequence[Overlap], *, seed: int, withheld: int = 0
) -> Copying:
    """The shares over all samples, and beside them those of held-out posts, the natural level."""
    runs, whole, text = _shares(samples)
    natural_runs, natural_whole, natural_text = _shares(held_out)
    return Copying(
        samples=len(samples),
        seed=seed,
        words=WORDS,
        runs=runs,
        whole=whole,
        text=text,
        posts=len(held_out),
        natural_runs=natural_runs,
        natural_whole=natural_whole,
        natural_text=natural_text,
        withheld=withheld,
    )


def check(copying: Copying, most: float, repeated: Sequence[str] = ()) -> None:
    """Raises Skipped, with the numbers, when a larger share of the samples than `most` are whole training posts.

    `repeated` says which posts stand several times in an epoch, the likely cause: `ada's 25 posts 4 times`.
    """
    cause = (
        f"In each epoch it sees {' and '.join(repeated)}: import more of their posts, make a model of each account, or "
        "give the recipe fewer epochs"
        if repeated
        else "Give the recipe fewer epochs or a lower learning_rate, or add posts"
    )
    if copying.whole > most:
        raise Skipped(
            f"the model repeats its training posts: {copying.whole:.1%} of {copying.samples} samples are whole "
            f"posts, where max_copying allows {most:.1%}, and {copying.runs:.1%} hold {copying.words} words in a "
            f"row of one (held-out posts: {copying.natural_runs:.1%}); not published. {cause}"
        )


def _overlap(
    text: tuple[str, ...], shared: Sequence[tuple[int, int]], *, whole: bool, long: bool, within: set[str]
) -> Overlap:
    covered = {place for start, end in shared for place in range(start, end)}
    line = f" {' '.join(text)} "
    return Overlap(
        ngram_match=bool(shared),
        exact_match=whole,
        reveals_post=whole or long or (bool(shared) and any(post in line for post in within)),
        inside=sum(_quarters(text[place]) for place in covered),
        size=sum(map(_quarters, text)),
    )


def _shares(found: Sequence[Overlap]) -> tuple[float, float, float]:
    """Shares of texts with a run and of whole posts, and of all words inside runs; 0 where there is no text."""
    count = max(1, len(found))
    inside, size = sum(each.inside for each in found), sum(each.size for each in found)
    runs, whole = sum(each.ngram_match for each in found), sum(each.exact_match for each in found)
    return round(runs / count, 4), round(whole / count, 4), round(inside / max(1, size), 4)


def _runs(text: Sequence[str], least: int) -> Iterator[tuple[int, int]]:
    """For each start the shortest run of at least `least` words, as [start, end).

    Where it ends follows from its own words alone, so two texts share such a run exactly when they share one
    of at least that length.
    """
    end = quarters = 0
    for start, word in enumerate(text):
        while quarters < least * _WORD:
            if end == len(text):
                return
            quarters += _quarters(text[end])
            end += 1
        yield start, end
        quarters -= _quarters(word)


def _quarters(word: str) -> int:
    return _WORD if word.isascii() else _UNSPACED[ord(word[0])] or _WORD


class _Table(dict[int, str]):
    """Characters to what stands for them among words; filled as they are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character in _APOSTROPHES or character in _SELECTORS:
            made = ""
        elif _UNSPACED[code]:
            made = f" {character} "
        else:  # letters, their marks, numbers
            made = character if unicodedata.category(character)[0] in "LMN" else " "
        self[code] = made
        return made


class _Unspaced(dict[int, int]):
    """Characters to the quarters of a word they count; 0 for those of scripts that put spaces."""

    def __missing__(self, code: int) -> int:
        script = unicodedata.name(chr(code), "").partition(" ")[0]
        self[code] = quarters = _SCRIPTS.get(script, 0) if unicodedata.category(chr(code))[0] in "LMN" else 0
        return quarters


_TABLE = _Table()
_UNSPACED = _Unspaced()
