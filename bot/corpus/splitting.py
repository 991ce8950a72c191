"""The split of a corpus into posts to train on and posts held out: the same every time, and leak-free."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.corpus.balance import MOST_REPEATS

if TYPE_CHECKING:
    from bot.corpus import Corpus, Text

ENOUGH_TO_HOLD_OUT = 20
"""Posts from which on an account has at least one in each held-out half."""

_MENTION = re.compile(r"@\w+")
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Split:
    """One tuple of texts an account, in the entry's order: `train`; `validation`, to choose by; `test`, to report."""

    train: tuple[tuple[Text, ...], ...]
    validation: tuple[tuple[Text, ...], ...]
    test: tuple[tuple[Text, ...], ...]


def split(corpus: Corpus, held_out: float) -> Split:
    """Holds out about the share `held_out` of each account's posts, half for validation and half for the test.

    A post's side follows from a hash of what it says (its letters and digits, whatever their case), so it
    keeps its side when the corpus grows, and posts that say the same are on one side, across accounts too.
    Where chance leaves a half empty, the posts whose hashes come next fill it: for every account of at least
    `ENOUGH_TO_HOLD_OUT` posts, and for the corpus as a whole if it has three different ones.
    """
    keyed = [[(_key(text.text), text) for text in account.texts] for account in corpus.accounts]
    sides = {key: _side(key, held_out) for account in keyed for key, _ in account}
    for keys in (*({key for key, _ in a} for a in keyed if len(a) >= ENOUGH_TO_HOLD_OUT), set(sides)):
        _fill(sides, sorted(keys))
    train, validation, test = (
        tuple(tuple(text for key, text in account if sides[key] == side) for account in keyed)
        for side in ("train", "validation", "test")
    )
    return Split(train, validation, test)


def oversample_to_largest(accounts: Sequence[Sequence[Text]]) -> tuple[Text, ...]:
    """All texts, each account's repeated in order until it has as many posts as the largest one.

    Counted in posts, as the system of 2020-2023 did it: each voice is equally often the one that speaks. But no post
    is repeated more often than `MOST_REPEATS`, so that a much smaller account is not learned by heart.
    """
    most = max(map(len, accounts), default=0)
    return tuple(
        account[at % len(account)]
        for account in accounts
        if account
        for at in range(min(most, MOST_REPEATS * len(account)))
    )


def _key(text: str) -> str:
    """A digest of what a text says; texts that differ in case, marks, spaces or whom they address share it."""
    said = _MENTION.sub("", unicodedata.normalize("NFKC", text).casefold())
    said = _NO_LETTER.sub("", said) or text
    return hashlib.blake2b(said.encode(errors="replace"), digest_size=16).hexdigest()


def _side(key: str, held_out: float) -> str:
    place = int(key, 16) / 16 ** len(key)
    if place < held_out / 2:
        return "test"
    return "validation" if place < held_out else "train"


def _fill(sides: dict[str, str], keys: Sequence[str]) -> None:
    """Gives each empty half of these keys the first of them that training can spare."""
    for side in ("test", "validation"):
        spare = [key for key in keys if sides[key] == "train"]
        if len(spare) >= 2 and not any(sides[key] == side for key in keys):
            sides[spare[0]] = side
