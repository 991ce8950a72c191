"""Shards: one plan cut into parts of about the same work, so that several machines can carry it out.

Pure and deterministic: each machine makes the same cut from the same plan, and takes its own part of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import UsageError
from bot.io import digest
from bot.plan.steps import Step

MOST = 256
"""Jobs that GitHub makes of one matrix, at most."""

TIMELINE = 3200
"""Paid reads that count as much as one more handle: a whole timeline, where the network gives no more."""
CARD = 0.02
"""Work of a step without training, where a model of one handle is 1: it makes calls and computes nothing."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of a plan: `index` counts from 1 to `of`."""

    index: int
    of: int

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"

    def share(self, limit: int) -> int:
        """Its part of a limit on the whole run; the parts of all shards sum to it exactly."""
        return limit // self.of + (self.index <= limit % self.of)

    def holds(self, name: str) -> bool:
        """Whether a model is this shard's where there is no common plan: by a digest of its name alone."""
        return int(digest.of_value(name), 16) % self.of == self.index - 1


def parse(text: str) -> Shard:
    """The shard that `2/3` names. Raises UsageError for anything else."""
    found = re.fullmatch(r"([0-9]{1,3})/([0-9]{1,3})", text)
    shard = Shard(int(found[1]), int(found[2])) if found else None
    if shard is None or not 1 <= shard.index <= shard.of <= MOST:
        raise UsageError(
            f"{text[:40]!r} is not a shard: write its number and how many there are, from 1/1 to {MOST}/{MOST}"
        )
    return shard


def needed(step: Step) -> bool:
    """Whether the step asks for something to be done: it is none that is fine, blocked or held back."""
    return step.action in ("train", "card", "remove") and not step.held


def work(step: Step) -> float:
    """Expected work of a step, in models of one handle.

    How many posts there are is known only after the fetch: each handle counts as one timeline, and paid reads
    are waited for as well.
    """
    if not needed(step):
        return 0.0
    if step.action == "train":
        return max(1, len(step.handles)) + step.estimate.reads / TIMELINE
    return CARD


def loads(steps: Sequence[Step]) -> list[float]:
    """The expected work of each step: in minutes where the time of every training is known, else in models of one
    handle. A timeline that is read counts as one of either.
    """
    training = [step for step in steps if needed(step) and step.action == "train"]
    if not training or any(step.estimate.minutes is None for step in training):
        return [work(step) for step in steps]
    timed = {id(step): (step.estimate.minutes or 0.0) + step.estimate.reads / TIMELINE for step in training}
    return [timed.get(id(step), work(step)) for step in steps]


def assign(steps: Sequence[Step], shards: int) -> tuple[tuple[Step, ...], ...]:
    """The steps in at most `shards` parts, none of them empty of work, each in the plan's order.

    Longest first, each to the part with the least work. What does not train goes to the first part as a whole:
    it is quick, and limits on removals hold for one machine. Nothing to do at all: no part. Cutting into as many
    parts as came out gives the same parts again.
    """
    here = [at for at, step in enumerate(steps) if step.action != "train" or step.held]
    trained = [at for at, step in enumerate(steps) if step.action == "train" and not step.held]
    expected = loads(steps)
    first = sum(expected[at] for at in here)
    parts = min(shards, MOST, len(trained) + (first > 0))
    if parts < 1:
        return ()
    placed: list[list[int]] = [here, *([] for _ in range(parts - 1))]
    load = [first, *(0.0 for _ in range(parts - 1))]
    for at in sorted(trained, key=lambda at: (-expected[at], at)):
        part = load.index(min(load))
        placed[part].append(at)
        load[part] += expected[at]
    return tuple(tuple(steps[at] for at in sorted(part)) for part in placed)


def part(steps: Sequence[Step], shard: Shard) -> tuple[Step, ...]:
    """The steps of one shard; none when there are fewer parts than that."""
    parts = assign(steps, shard.of)
    return parts[shard.index - 1] if shard.index <= len(parts) else ()


def names(parts: Sequence[object]) -> list[str]:
    """`1/3`, `2/3`, `3/3` for three parts: what a matrix runs over."""
    return [str(Shard(index, len(parts))) for index in range(1, len(parts) + 1)]
