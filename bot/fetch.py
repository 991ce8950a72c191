"""Fetching: the store brought up to date from an entry's source, within the budget of paid reads."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.enough import nothing_stored
from bot.errors import Blocked, BotError, Deferred, Skipped
from bot.posts import Post, Timeline
from bot.sources import KINDS, Cost, Mark, Source, network_of, open_source
from bot.sources.budget import Budget, Limit

if TYPE_CHECKING:
    from bot.registry import Entry, Registry
    from bot.store import Store


@dataclass(slots=True)
class Fetcher:
    """Reads what is new for entries. A network's source is opened once, so that it knows for the whole run
    that it is out of credits; what it reads is noted in the store's ledger before it is asked for.
    """

    registry: Registry
    store: Store
    now: Callable[[], datetime]
    max_reads: int | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    _run: str = field(default_factory=lambda: uuid.uuid4().hex)
    _open: dict[str, Source] = field(default_factory=dict)
    _stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def cost(self) -> Cost:
        """What this run has really spent so far."""
        costs = [source.cost for source in self._open.values()]
        return Cost(sum(cost.reads for cost in costs), sum(cost.usd for cost in costs))

    def stop(self) -> None:
        """Ends what another thread reads: before the next page that is paid for, and in any wait for the network.
        What came until then is stored.
        """
        self._stopped.set()

    def fetch(self, entry: Entry, accounts: Mapping[str, str | None] | None = None) -> tuple[Timeline, ...]:
        """Brings the store up to date and returns what it holds, a timeline a handle, in the entry's order.

        `accounts` are the stable ids that the handles had when the model was published. Raises what sources
        raise, Blocked when a handle has another owner now, and Skipped when the store holds nothing of one.
        """
        return tuple(self._one(entry, handle, (accounts or {}).get(handle)) for handle in entry.handles)

    def _one(self, entry: Entry, handle: str, account: str | None) -> Timeline:
        warnings: tuple[str, ...] = ()
        kind = KINDS.get(entry.source)
        if kind is not None and kind.reads_file:
            if handle in entry.files:
                warnings = self._read_file(entry, handle, account)
        else:
            warnings = self._read_network(entry, handle, account)
        held = self.store.load(handle, entry.source)
        if held is None:
            raise Skipped(nothing_stored(entry, [handle]))
        return replace(held, warnings=(*warnings, *held.warnings))

    def _read_file(self, entry: Entry, handle: str, account: str | None) -> tuple[str, ...]:
        known = self.store.facts(handle, entry.source)
        account = account or (known.id if known else None)
        fresh = open_source(entry.source, file=entry.files[handle]).read(handle, account=account)
        if account and fresh.profile.id and account != fresh.profile.id:
            raise Blocked(
                f"the handle {handle} has another owner: so far it was account {account}, and this file "
                f"is of {fresh.profile.id}; give the right file, or another name: to make a new model"
            )
        merged = self.store.merge(fresh, entry.source, now=self.now(), handle=handle, complete=True)
        return (*fresh.warnings, *merged.warnings)

    def _read_network(self, entry: Entry, handle: str, account: str | None) -> tuple[str, ...]:
        """Reads first what an earlier reading left open, then what is newer than all that is known."""
        source = self._source(entry.source)
        # What is lost is read again, and paid for once.
        known = self.store.facts(handle, entry.source, check=True)
        account = account or (known.id if known else None)
        warnings: list[str] = []
        spans: list[tuple[Mark | None, Mark | None]] = [(known.since if known else None, None)]
        if known is not None and not known.damaged:
            spans = [(gap.since, gap.until) for gap in known.gaps] + spans
        for since, until in spans:
            try:
                fresh = source.read(handle, since=since, until=until, account=account)
                if not KINDS[entry.source].usd_post:
                    fresh = replace(fresh, posts=self._until_stopped(fresh.posts))
                merged = self.store.merge(
                    fresh,
                    entry.source,
                    now=self.now(),
                    handle=handle,
                    complete=since is None and until is None,
                    since=since,
                    until=until,
                    paid=bool(KINDS[entry.source].usd_post),
                )
            except BotError as error:
                if known is not None and known.damaged:  # said now: a gap takes its place
                    error.args = (f"{error}; posts of {handle} in the store were damaged before",)
                raise
            warnings += [*fresh.warnings, *merged.warnings]
        return tuple(dict.fromkeys(warnings))

    def _source(self, name: str) -> Source:
        if name not in self._open:
            settings = self.registry.x
            self._open[name] = open_source(
                name,
                environment=self.environment,
                budget=self._budget(name),
                retweets=settings.fetch_retweets,
                sleep=self._sleep,
            )
        return self._open[name]

    def _budget(self, name: str) -> Budget:
        """The limits of one source: a run's, and for X the month's, which all runs share."""
        if not (name in KINDS and KINDS[name].usd_post):
            return Budget()
        limits = [Limit("--max-reads", self.max_reads)] if self.max_reads is not None else []
        monthly = self.registry.x.monthly_reads
        network = network_of(name)
        if monthly is not None:
            used = self.store.reads(network, self.now())
            limits.append(Limit("x.monthly_reads", monthly, used, shared=True))
        return Budget(limits, lambda reads: self._record(network, reads))

    def _record(self, network: str, reads: int) -> int:
        if reads > 0:
            self._sleep(0)
        now = self.now()
        self.store.record_reads(network, self._run, reads, now)
        return self.store.reads(network, now) if self.registry.x.monthly_reads is not None else 0

    def _sleep(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise Deferred("interrupted; what was read is kept, and a later run goes on from there")

    def _until_stopped(self, posts: Iterable[Post]) -> Iterator[Post]:
        for post in posts:
            self._sleep(0)
            yield post
