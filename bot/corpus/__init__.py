"""The corpus: cleaned texts made from timelines, and the funnel: how many records were dropped for which reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.corpus import balance, funnel
from bot.corpus.splitting import Split, oversample_to_largest, split
from bot.corpus.values import ALWAYS_LISTED, REASONS, AccountCorpus, Corpus, Text
from bot.errors import Skipped
from bot.registry.selection import Selection
from bot.sources.posts import Timeline

__all__ = [
    "ALWAYS_LISTED",
    "FEW_CHARACTERS",
    "MIN_CHARACTERS",
    "REASONS",
    "AccountCorpus",
    "Corpus",
    "Split",
    "Text",
    "build",
    "is_enough",
    "oversample_to_largest",
    "require_enough",
    "split",
    "to_json",
]

DEFAULT = Selection()
"""The selection of an entry that asks for none."""

MIN_CHARACTERS = 6_000
"""Characters of text below which no model is trained: the rule of the system of 2020-2023."""

FEW_CHARACTERS = 40_000
"""Characters of text below which the card warns."""


def build(timelines: Sequence[Timeline], selection: Selection = DEFAULT) -> Corpus:
    """Selects, cleans and counts the posts of one model, of a timeline for each handle, in the entry's order."""
    own = {timeline.profile.handle.lower() for timeline in timelines}
    accounts = tuple(funnel.account(timeline, selection, own) for timeline in timelines)
    several = len(accounts) > 1
    warnings = [
        f"@{timeline.profile.handle}: {warning}" if several else warning
        for timeline in timelines
        for warning in (*timeline.profile.notes, *timeline.warnings)
    ]
    corpus = Corpus(accounts)
    if MIN_CHARACTERS <= corpus.characters < FEW_CHARACTERS:
        warnings.append(
            f"little text: {corpus.characters:,} characters kept, where {FEW_CHARACTERS:,} make a better model"
        )
    if unequal := balance.imbalance(corpus.counts):
        warnings.append(unequal)
    return Corpus(accounts, tuple(dict.fromkeys(warnings)))


def require_enough(corpus: Corpus) -> None:
    """Raises Skipped, with the counts, for a corpus too small to train on or a voice that has nothing to say."""
    downloaded = sum(account.downloaded for account in corpus.accounts)
    if corpus.characters < MIN_CHARACTERS:
        raise Skipped(
            f"too little text: {corpus.characters:,} of {MIN_CHARACTERS:,} characters kept "
            f"({corpus.kept:,} of {downloaded:,} posts)"
        )
    for account in corpus.accounts:
        if not account.texts:
            raise Skipped(
                f"too little text: none of the {account.downloaded:,} posts of @{account.profile.handle} kept"
            )


def to_json(
    corpus: Corpus,
    *,
    tokens: int | None = None,
    share_of_english: float | None = None,
    choices: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The JSON value that `bot corpus --json` prints.

    `tokens` and `share_of_english` (`vocabulary`) are None while the base's tokenizer is not at hand, and so is the
    count of a reason for dropping whose posts were never asked for. `choices`: for each account what each selection
    would change (`choices.effects`).
    """
    repeated = balance.repeats(corpus.counts)
    return {
        "accounts": [
            {
                "handle": account.profile.handle,
                "downloaded": account.downloaded,
                **account.drop_counts(),
                "kept": account.kept,
                "info": {
                    "network": account.profile.network,
                    "characters": account.characters,
                    "stripped": account.changed.get("stripped", 0),
                    "masked": account.changed.get("masked", 0),
                    "not_fetched": list(account.not_fetched),
                    "first": account.first.isoformat() if account.first else None,
                    "last": account.last.isoformat() if account.last else None,
                    "repeats": round(repeated[account.profile.handle], 2),
                    **({"choices": dict(choices[at])} if choices else {}),
                },
            }
            for at, account in enumerate(corpus.accounts)
        ],
        "characters": corpus.characters,
        "tokens": tokens,
        "share_of_english": round(share_of_english, 3) if share_of_english is not None else None,
        "languages": corpus.languages,
        "enough": is_enough(corpus),
        "warnings": list(corpus.warnings),
    }


def is_enough(corpus: Corpus) -> bool:
    """Whether `require_enough` lets the corpus pass."""
    return corpus.characters >= MIN_CHARACTERS and all(account.texts for account in corpus.accounts)
