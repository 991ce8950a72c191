"""Whether bases know the language of stored posts, as far as tokenizers and posts are at hand: for a plan's notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.errors import BotError
from bot.hub import base_model
from bot.sources import network_of, scripts

if TYPE_CHECKING:
    from bot.registry import Entry
    from bot.sources.posts import Post, Timeline
    from bot.store import Facts

MOST_OPENED = 20
"""Accounts that one plan opens for this; `bot corpus` looks at any."""
MOST_POSTS = 5_000
"""Posts of an account up to which it is opened."""
SAMPLE = 200
"""Posts that are counted."""


@dataclass(slots=True)
class KnownLanguage:
    """Finds entries whose base hardly knows the language of their posts.

    `facts` go by network and handle, `load` opens one account's posts by handle and source. It counts the accounts
    that it opens, so it belongs to one plan.
    """

    facts: Mapping[tuple[str, str], Facts]
    load: Callable[[str, str], Timeline | None]
    opened: int = 0
    _english: dict[str, float | None] = field(default_factory=dict)

    def warning(self, entry: Entry) -> str | None:
        """The sentence on the entry's base; None where it knows the language, or that is not known at once."""
        from bot.corpus import vocabulary

        try:
            spec = base_model.parse(entry.base)
            if spec.identity not in self._english:
                self._english[spec.identity] = vocabulary.bytes_per_token(
                    vocabulary.ENGLISH, lambda some: base_model.count_tokens(spec, some)
                )
            english = self._english[spec.identity]
            posts = self._posts(entry) if english else []
        except BotError:
            return None  # what is wrong is said elsewhere
        texts = [post.text for post in posts]
        own = (
            vocabulary.bytes_per_token(texts, lambda some: base_model.count_tokens(spec, some))
            if texts
            else None
        )
        share = own / english if own and english else None
        return vocabulary.unknown_language(share, _languages(posts), spec.name)

    def _posts(self, entry: Entry) -> list[Post]:
        """A sample of the entry's own posts in the store."""
        found: list[Post] = []
        for handle in entry.handles:
            facts = self.facts.get((network_of(entry.source, handle), handle))
            if facts is None or facts.own > MOST_POSTS or self.opened >= MOST_OPENED:
                continue
            self.opened += 1
            timeline = self.load(handle, entry.source)
            own = [post for post in (timeline.posts if timeline else ()) if post.text]
            found += own[:: max(1, len(own) // SAMPLE)]
        return found


def _languages(posts: Sequence[Post]) -> list[str]:
    """The languages that the posts state and their scripts allow, the most frequent first."""
    from bot.registry.languages import iso_639

    counts = Counter(
        code
        for post in posts
        if post.lang and (code := iso_639(post.lang)) and not scripts.excludes(post.text, code)
    )
    return [code for code, _ in counts.most_common()]
