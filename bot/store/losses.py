"""Losses: the stored posts that are removed because a reading does not have them, with warnings on each case.

A post missing in a reading was deleted by its author only if the reading is evidence of it: complete, not from a
free source where posts were paid for, and not a sudden loss, which is more often a broken source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.sources.posts import Post
from bot.store.format import covered_by, deleted

LARGEST_SHARE = 0.5
"""Of the stored posts that a reading covers, the largest share that it may remove at once."""


@dataclass(frozen=True, slots=True)
class Losses:
    """The ids of posts to be removed, and warnings that count them, or those that are held back and why."""

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
    """The stored posts `before` that a reading of everything removes, between its oldest and its newest post.

    `to_both_ends`: the reading spans the account's whole timeline, so older and newer stored posts are covered, too.

    `complete`: the source showed that the reading is whole. `paid`: posts were paid for, and a free reading does not
    remove them. `reading` names it in a sentence (`archive`), `how_to_drop` is the command that removes the posts
    that were kept.
    """
    missing = deleted(before, read, not_fetched, to_both_ends=to_both_ends)
    if not missing:
        return Losses()
    count = f"{len(missing):,} {'post' if len(missing) == 1 else 'posts'} missing from this {reading}"
    was = "was" if len(missing) == 1 else "were"
    covered = len(covered_by(before, read, to_both_ends=to_both_ends))
    if not complete:
        why = "it does not show that it is whole"
    elif paid:
        why = "posts of this account were paid for and may be among them"
    elif is_sudden(len(missing), covered):
        why = f"more than half of the {covered:,} that it should hold, which is too many to go at once"
    else:
        return Losses(missing, (f"{count} {was} removed",))
    return Losses(
        held_back=len(missing),
        warnings=(f"{count} {was} kept: {why}; to drop them all the same: {how_to_drop}",),
    )


def is_sudden(gone: int, covered: int) -> bool:
    """Whether a reading would remove more than half of the `covered` stored posts; these are held back."""
    return gone > covered * LARGEST_SHARE
