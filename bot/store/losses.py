"""Losses: which stored posts go because a reading lacks them, and what is said of those that go or stay.

A post that a reading lacks was deleted by its author only if the reading is evidence of it: whole, not by a
source that cost nothing where posts were paid for, and not a sudden loss, which is more often a broken source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.sources.posts import Post
from bot.store.format import deleted

LARGEST_SHARE = 0.5
"""Of the stored posts that a reading covers, the largest share that it may remove at once."""


@dataclass(frozen=True, slots=True)
class Losses:
    """`gone` are the ids of posts to be removed; `warnings` count aloud what goes, or what stays and why.

    `held_back` counts those that stay.
    """

    gone: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
    held_back: int = 0


def losses(
    before: Mapping[str, Post],
    read: Mapping[str, Post],
    *,
    complete: bool,
    paid: bool,
    reading: str,
    how_to_drop: str,
    not_fetched: Sequence[str] = (),
    to_both_ends: bool = False,
) -> Losses:
    """What a reading of everything removes of the stored posts `before`, over the span from its oldest to its newest.

    `to_both_ends`: the span is the account's whole timeline, so that posts older or newer than those read went, too.

    `complete`: the source showed that the reading is whole. `paid`: posts were paid for, and a reading that costs
    nothing may not remove them. `reading` names it in a sentence (`archive`), `how_to_drop` is the command that
    drops what was kept.
    """
    lacking = deleted(before, read, not_fetched, to_both_ends=to_both_ends)
    if not lacking:
        return Losses()
    count = f"{len(lacking):,} {'post' if len(lacking) == 1 else 'posts'} that this {reading} lacks"
    was = "was" if len(lacking) == 1 else "were"
    covered = len(before) if to_both_ends else covered_by(before, read)
    if not complete:
        why = "it does not show that it is whole"
    elif paid:
        why = "posts of this account were paid for and may be among them"
    elif is_sudden(len(lacking), covered):
        why = f"more than half of the {covered:,} that it should hold, which is too many to go at once"
    else:
        return Losses(lacking, (f"{count} {was} removed",))
    return Losses(
        held_back=len(lacking),
        warnings=(f"{count} {was} kept: {why}; to drop them all the same: {how_to_drop}",),
    )


def is_sudden(gone: int, covered: int) -> bool:
    """Whether a reading would remove more than half of the `covered` stored posts: held back and said."""
    return gone > covered * LARGEST_SHARE


def covered_by(before: Mapping[str, Post], read: Mapping[str, Post]) -> int:
    """How many stored posts lie in the span of a reading, from its oldest to its newest post."""
    if not read:
        return 0
    oldest = min(post.created_at for post in read.values())
    newest = max(post.created_at for post in read.values())
    return sum(oldest <= post.created_at <= newest for post in before.values())
