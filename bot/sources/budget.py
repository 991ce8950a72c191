"""The budget of paid reads: a hard limit that is checked before a page is requested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.errors import Deferred


@dataclass(slots=True)
class Limit:
    """A limit of reads and how many are used; `name` is the option that raises it.

    `shared`: other runs use it at the same time, and the ledger holds what all of them used together.
    """

    name: str
    reads: int
    used: int = 0
    shared: bool = False

    @property
    def left(self) -> int:
        """Reads that are left."""
        return max(0, self.reads - self.used)


@dataclass(slots=True)
class Budget:
    """The reads of one run, under several limits at once; unlimited without any.

    `record` writes the reads into a ledger before they are used, so that the number survives a kill, and a
    negative number when fewer were used. It returns what all runs together have used of shared limits.
    """

    limits: list[Limit] = field(default_factory=list)
    record: Callable[[int], int] | None = None
    spent: int = 0

    def take(self, most: int, least: int = 1) -> int:
        """Takes up to `most` reads and returns how many. Raises Deferred when fewer than `least` are left."""
        taken = min([most, *(limit.left for limit in self.limits)])
        if taken >= least:
            self._use(taken)
            if not (over := max((limit.used - limit.reads for limit in self.limits), default=0)) > 0:
                return taken
            self.give_back(taken)  # another run took some at the same moment
            if taken - over >= least:
                return self.take(taken - over, least)
        tightest = min(self.limits, key=lambda limit: limit.left)
        raise Deferred(
            f"the reads are used up: {tightest.used:,} of {tightest.name} {tightest.reads:,}; "
            "what was read is kept, and a later run goes on from there"
        )

    def give_back(self, reads: int) -> None:
        """Returns reads that were taken and not billed: a page held fewer posts than were asked for."""
        if reads:
            self._use(-reads)

    def _use(self, reads: int) -> None:
        together = self.record(reads) if self.record is not None else 0
        self.spent += reads
        for limit in self.limits:
            limit.used = together if limit.shared else limit.used + reads
