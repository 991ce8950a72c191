"""The values of a corpus: texts, and accounts with their funnel: how many posts were dropped for which reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.sources.posts import Profile, is_dated

ALWAYS_LISTED = ("retweets", "short")
"""Reasons for dropping that every card lists, also with 0."""

REASONS = (*ALWAYS_LISTED, "edited", "dates", "apps", "replies", "joined", "duplicates", "private_data")
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
    came all the same are counted. `changed`: kept posts without the mentions that they began with (`stripped`) and with
    handles masked (`masked`). `checked_at`: since then all were seen at their source, None where nobody looked.
    """

    profile: Profile
    downloaded: int
    dropped: Mapping[str, int]
    texts: tuple[Text, ...]
    newest: datetime | None = None
    not_fetched: tuple[str, ...] = ()
    checked_at: datetime | None = None
    changed: Mapping[str, int] = field(default_factory=dict)

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
        """When the oldest kept post was written; None where no date is known."""
        return next((text.created_at for text in self.texts if is_dated(text.created_at)), None)

    @property
    def last(self) -> datetime | None:
        """When the newest kept post was written; None where no date is known."""
        return self.texts[-1].created_at if self.texts and is_dated(self.texts[-1].created_at) else None


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
    def counts(self) -> dict[str, int]:
        """The kept posts of each account, by handle."""
        return {account.profile.handle: account.kept for account in self.accounts}

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
