"""The budget of paid reads: hard, and asked before a page is asked for, not after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.errors import Deferred


@dataclass(slots=True)
class Limit:
    """So many reads, of which some are used already; `name` is how a person would raise it."""

    name: str
    reads: int
    used: int = 0

    @property
    def left(self) -> int:
        """Reads that may still be paid for."""
        return max(0, self.reads - self.used)


@dataclass(slots=True)
class Budget:
    """What one run may read, under every limit at once. Without limits there is always enough.

    `record` is told how many reads are about to be used, before they are, so that a ledger outlives a kill,
    and a negative number when fewer came.
    """

    limits: list[Limit] = field(default_factory=list)
    record: Callable[[int], None] = lambda reads: None
    spent: int = 0

    def take(self, most: int, least: int = 1) -> int:
        """Takes up to `most` reads and returns how many. Raises Deferred when fewer than `least` are left."""
        tightest = min(self.limits, key=lambda limit: limit.left, default=None)
        taken = most if tightest is None else min(most, tightest.left)
        if tightest is not None and taken < least:
            raise Deferred(
                f"the reads are used up: {tightest.used:,} of {tightest.name} {tightest.reads:,}; "
                "what was read is kept, and a later run goes on from there"
            )
        self._use(taken)
        return taken

    def give_back(self, reads: int) -> None:
        """Returns reads that were taken and not billed: a page held fewer posts than were asked for."""
        if reads:
            self._use(-reads)

    def _use(self, reads: int) -> None:
        self.record(reads)
        self.spent += reads
        for limit in self.limits:
            limit.used += reads
