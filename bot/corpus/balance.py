"""Balance of several voices: how often the posts of a smaller account are repeated, and what to say about it."""

from __future__ import annotations

from collections.abc import Mapping

MOST_REPEATS = 4
"""How often a post stands in an epoch at most. docs/corpus.md says how it was chosen."""


def repeats(counts: Mapping[str, int]) -> dict[str, float]:
    """How often the posts of each account stand in an epoch, from 1 to `MOST_REPEATS`; of one without posts 0."""
    most = max(counts.values(), default=0)
    return {handle: min(most / count, MOST_REPEATS) if count else 0.0 for handle, count in counts.items()}


def repeat_words(counts: Mapping[str, int]) -> list[str]:
    """For each account whose posts are repeated by half or more: `ada's 25 posts 4 times`."""
    return [
        f"{handle}'s {counts[handle]:,} {_noun(counts[handle])} {round(times, 1):g} times"
        for handle, times in repeats(counts).items()
        if times >= 1.5
    ]


def imbalance(counts: Mapping[str, int]) -> str | None:
    """The sentence on accounts too small to be as loud as the largest; None where all are.

    `counts` are the posts to train on of each account of one model.
    """
    most = max(counts.values(), default=0)
    quiet = {handle: count for handle, count in counts.items() if count and most > MOST_REPEATS * count}
    if not quiet:
        return None
    largest = next(handle for handle, count in counts.items() if count == most)
    listed = " and ".join(
        f"{handle}'s {count:,} {_noun(count)} would have to be repeated {most / count:.0f} times in each epoch"
        for handle, count in quiet.items()
    )
    return (
        f"unequal voices: {listed} to balance {largest}'s {most:,}; a model learns by heart what it sees so often, so "
        f"they are repeated {MOST_REPEATS} times, and the model speaks as {' and '.join(quiet)} less often. Import "
        "more of their posts, or make a model of each account"
    )


def _noun(count: int) -> str:
    return "post" if count == 1 else "posts"
