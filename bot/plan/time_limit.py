"""Hold the estimated time of trainings against the time that a machine may run: more shards, or a sentence. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bot.plan import shards, training_time
from bot.plan.steps import Note, Step

NAMED = 5
"""Models that one note names."""


def minutes(steps: Sequence[Step]) -> float:
    """The minutes that the trainings among the steps take together, as far as they are known."""
    return sum(step.estimate.minutes or 0.0 for step in steps if step.action == "train" and not step.held)


def parts_within(steps: Sequence[Step], asked: int, most: int, limit: float) -> int:
    """The number of shards: `asked`, or as many more, up to `most`, as keep each within `limit` minutes.

    What a single model takes longer is no reason for another shard.
    """
    known = [minutes([step]) for step in steps]
    reachable = max(limit, *known, 0.0)
    count = max(asked, min(most, math.ceil(sum(known) / reachable)))
    while count < most and max(map(minutes, shards.assign(steps, count)), default=0.0) > reachable:
        count += 1
    return count


def notes(steps: Sequence[Step], parts: int, limit: float) -> Iterator[Note]:
    """Sentences on what will not fit into `limit` minutes of each of `parts` machines."""
    longest = sorted((step for step in steps if minutes([step]) > limit), key=lambda step: -minutes([step]))
    if longest:
        named = ", ".join(f"{step.name} ({training_time.span(minutes([step]))})" for step in longest[:NAMED])
        more = f" and {len(longest) - NAMED:,} more" if len(longest) > NAMED else ""
        yield Note(
            "time",
            f"the training of {named}{more} is expected to take longer than the {training_time.span(limit)} that a "
            "machine may run: give the recipe fewer epochs, choose a smaller base or faster hardware, or allow more "
            "time",
        )
    rest = [step for step in steps if minutes([step]) <= limit]
    over = max(map(minutes, shards.assign(rest, parts)), default=0.0)
    if over > limit:
        machines = "one machine" if parts == 1 else f"each of {parts:,} machines"
        needed = parts_within(rest, parts, shards.MOST, limit)
        yield Note(
            "time",
            f"the trainings are expected to take {training_time.span(over)} on {machines}, and it may run "
            f"{training_time.span(limit)}: what is not finished follows in the next run; {needed:,} machines would do "
            "it in one",
        )
