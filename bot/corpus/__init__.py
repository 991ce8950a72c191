"""The corpus: cleaned texts made from timelines, and the funnel: how many records were dropped for which reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.corpus import cleaning, detection
from bot.corpus.private_data import holds_private_data
from bot.corpus.splitting import Split, oversample_to_largest, split
from bot.errors import Skipped
from bot.registry.languages import iso_639
from bot.sources.posts import Post, Profile, Timeline

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

MIN_CHARACTERS = 6_000
"""Characters of text below which no model is trained: the rule of the system of 2020-2023."""

FEW_CHARACTERS = 40_000
"""Characters of text below which the card warns."""

ALWAYS_LISTED = ("retweets", "short")
"""Reasons for dropping that every card lists, also with 0."""

REASONS = (*ALWAYS_LISTED, "edited", "duplicates", "private_data")
"""All reasons for dropping, in the order of the card's rows."""


@dataclass(frozen=True, slots=True)
class Text:
    """One cleaned post, fit to train on. `lang` is ISO 639 or None; its repr does not show the text."""

    id: str
    handle: str
    text: str = field(repr=False)
    created_at: datetime
    lang: str | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class AccountCorpus:
    """The cleaned posts of one account.

    `downloaded` counts records as found, and is the sum of `dropped` and `kept`, always. `dropped`
    maps reasons to counts in the order of `REASONS`; `texts` run from the oldest to the newest.
    `not_fetched` names reasons whose posts were never asked for: how many there are is not known, and those that
    came all the same are counted. `checked_at`: since then all were seen at their source, None where nobody looked.
    """

    profile: Profile
    downloaded: int
    dropped: Mapping[str, int]
    texts: tuple[Text, ...]
    newest: datetime | None = None
    not_fetched: tuple[str, ...] = ()
    checked_at: datetime | None = None

    def drop_counts(self) -> dict[str, int | None]:
        """The count of each reason for dropping; None where its posts were never asked for and none came."""
        return {
            r: None if not count and r in self.not_fetched else count for r, count in self.dropped.items()
        }

    @property
    def kept(self) -> int:
        """The number of posts to train on."""
        return len(self.texts)

    @property
    def characters(self) -> int:
        """Of the kept texts, in code points."""
        return sum(len(text.text) for text in self.texts)

    @property
    def first(self) -> datetime | None:
        """When the oldest kept post was written."""
        return self.texts[0].created_at if self.texts else None

    @property
    def last(self) -> datetime | None:
        """When the newest kept post was written."""
        return self.texts[-1].created_at if self.texts else None


@dataclass(frozen=True, slots=True)
class Corpus:
    """The accounts of one model, in the entry's order. `warnings` are sentences for the report and the card."""

    accounts: tuple[AccountCorpus, ...]
    warnings: tuple[str, ...] = ()

    @property
    def characters(self) -> int:
        """Of all kept texts, in code points."""
        return sum(account.characters for account in self.accounts)

    @property
    def kept(self) -> int:
        """Posts to train on, of all accounts."""
        return sum(account.kept for account in self.accounts)

    @property
    def languages(self) -> dict[str, int]:
        """ISO 639 codes to kept posts, the most frequent first; posts without a known language count nowhere."""
        counts = Counter(text.lang for account in self.accounts for text in account.texts if text.lang)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def newest(self) -> datetime | None:
        """When the newest post that was read was written, dropped ones too: what is newer is new."""
        return max((account.newest for account in self.accounts if account.newest), default=None)

    @property
    def sensitive_share(self) -> float:
        """Share of the kept posts, 0 to 1, that their network or author marked as sensitive."""
        sensitive = sum(text.sensitive for account in self.accounts for text in account.texts)
        return sensitive / self.kept if self.kept else 0.0


def build(timelines: Sequence[Timeline]) -> Corpus:
    """Cleans and counts the timelines of one model, one for each handle, in the entry's order."""
    accounts = tuple(map(_account, timelines))
    several = len(accounts) > 1
    warnings = [
        f"@{timeline.profile.handle}: {warning}" if several else warning
        for timeline in timelines
        for warning in timeline.warnings
    ]
    corpus = Corpus(accounts)
    if MIN_CHARACTERS <= corpus.characters < FEW_CHARACTERS:
        warnings.append(
            f"little text: {corpus.characters:,} characters kept, where {FEW_CHARACTERS:,} make a better model"
        )
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


def to_json(corpus: Corpus, *, tokens: int | None = None) -> dict[str, Any]:
    """The JSON value that `bot corpus --json` prints.

    `tokens` is None while the base's tokenizer is not at hand, and so is the count of a reason for dropping whose
    posts were never asked for.
    """
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
                    "not_fetched": list(account.not_fetched),
                    "first": account.first.isoformat() if account.first else None,
                    "last": account.last.isoformat() if account.last else None,
                },
            }
            for account in corpus.accounts
        ],
        "characters": corpus.characters,
        "tokens": tokens,
        "languages": corpus.languages,
        "enough": is_enough(corpus),
        "warnings": list(corpus.warnings),
    }


def is_enough(corpus: Corpus) -> bool:
    """Whether `require_enough` lets the corpus pass."""
    return corpus.characters >= MIN_CHARACTERS and all(account.texts for account in corpus.accounts)


def _account(timeline: Timeline) -> AccountCorpus:
    """Drops and cleans from the oldest post on: of equal texts the first stays, as the corpus grows, too."""
    handle = timeline.profile.handle
    posts = sorted(timeline.posts, key=lambda post: (post.created_at, len(post.id), post.id))
    dropped = dict.fromkeys(REASONS, 0)
    texts: list[Text] = []
    unnamed: list[int] = []
    seen: set[str] = set()
    for post in posts:
        text = cleaning.clean(post.text) if not (post.is_repost or post.superseded_by) else ""
        if reason := _reason(post, text, seen):
            dropped[reason] += 1
            continue
        seen.add(text)
        texts.append(Text(post.id, handle, text, post.created_at, iso_639(post.lang), post.sensitive))
        if post.lang is None:
            unnamed.append(len(texts) - 1)
    found = detection.languages([texts[at].text for at in unnamed])
    for at, lang in zip(unnamed, found, strict=True):
        texts[at] = replace(texts[at], lang=lang)
    return AccountCorpus(
        profile=timeline.profile,
        downloaded=len(posts),
        dropped={reason: count for reason, count in dropped.items() if count or reason in ALWAYS_LISTED},
        texts=tuple(texts),
        newest=posts[-1].created_at if posts else None,
        not_fetched=tuple(reason for reason in REASONS if reason in timeline.not_fetched),
        checked_at=timeline.checked_at,
    )


def _reason(post: Post, text: str, seen: set[str]) -> str | None:
    """The first reason for dropping the post that holds, or None."""
    if post.is_repost:
        return "retweets"
    if post.superseded_by:
        return "edited"
    if cleaning.is_short(text):
        return "short"
    if holds_private_data(text):
        return "private_data"
    return "duplicates" if text in seen else None
