"""Fetching: updates the store from an entry's source, within the budget of paid reads."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.apply import look_up
from bot.errors import Blocked, BotError, Deferred, Skipped
from bot.plan.sufficiency import nothing_stored
from bot.registry import owners
from bot.sources import SOURCES, Cost, Cursor, LooksUp, Source, is_paid, network_of, open_source
from bot.sources.budget import Budget, Limit
from bot.sources.posts import Owner, Post, Timeline

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
    _just_read: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _read_to_its_end: set[tuple[str, str]] = field(default_factory=set)

    @property
    def cost(self) -> Cost:
        """What this run has spent on reads so far."""
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

    def drop_deleted(
        self, entry: Entry, timelines: Sequence[Timeline], accounts: Mapping[str, str | None] | None = None
    ) -> tuple[Timeline, ...]:
        """What `fetch` returned, without posts that were deleted at their source and with edits, before a training.

        A network that costs nothing is read again as a whole, posts of X are looked up when that was not done for
        `x.look_up_every`. Files cannot be asked. Raises what sources raise.
        """
        kind = SOURCES.get(entry.source)
        if kind is None or kind.reads_file:
            return tuple(timelines)
        known = accounts or {}
        return tuple(
            self._without_deleted(entry, handle, known.get(handle), timeline)
            for handle, timeline in zip(entry.handles, timelines, strict=True)
        )

    def held_back(self, entry: Entry) -> int:
        """Counts stored posts that are gone at their source, and were too many to be dropped at once."""
        known = (self.store.facts(handle, entry.source) for handle in entry.handles)
        return sum(facts.check.held_back for facts in known if facts is not None and facts.check is not None)

    def _without_deleted(
        self, entry: Entry, handle: str, account: str | None, timeline: Timeline
    ) -> Timeline:
        place, source, every = (entry.source, handle), self._source(entry.source), self.registry.x.look_up_age
        warnings: tuple[str, ...] = ()
        if is_paid([entry.source]):
            if every is None or not isinstance(source, LooksUp):
                return timeline
            warnings = look_up.look_up(
                source, self.store, *place, self._just_read.get(place, ()), self.now(), every
            )
        elif place not in self._read_to_its_end:
            known = self.store.facts(handle, entry.source)
            account = account or (known.id if known else None) or _id_of_entry(entry, handle)
            warnings = self._read_span(entry, handle, account, None, None)
        held = self.store.load(handle, entry.source)
        if held is None:  # purged meanwhile
            raise Skipped(f"the store holds no posts of {handle} any more")
        facts = self.store.facts(handle, entry.source)
        warned = tuple(dict.fromkeys((*timeline.warnings, *warnings, *held.warnings)))
        return replace(held, warnings=warned, checked_at=facts.checked_at if facts else None)

    def _one(self, entry: Entry, handle: str, account: str | None) -> Timeline:
        warnings: tuple[str, ...] = ()
        kind = SOURCES.get(entry.source)
        if kind is not None and kind.reads_file:
            if handle in entry.files:
                warnings = self._read_file(entry, handle, account)
        else:
            warnings = self._read_network(entry, handle, account)
        held = self.store.load(handle, entry.source)
        if held is None:
            raise Skipped(nothing_stored(entry, [handle]))
        self._refuse_removed(owners.of_profile(held.profile), handle, "what the store holds")
        return replace(held, warnings=(*warnings, *held.warnings))

    def _read_file(self, entry: Entry, handle: str, account: str | None) -> tuple[str, ...]:
        known = self.store.facts(handle, entry.source)
        account = account or (known.id if known else None)
        files = open_source(entry.source, file=entry.files[handle], communities=entry.communities)
        fresh = files.read(handle, account=account)
        self._refuse_removed(owners.of_profile(fresh.profile), handle, f"the {entry.source}")
        if account and fresh.profile.id and account != fresh.profile.id:
            raise Blocked(
                f"the handle {handle} has another owner: so far it was account {account}, and this file "
                f"is of {fresh.profile.id}; give the right file, or another name: to make a new model"
            )
        merged = self.store.merge(fresh, entry.source, now=self.now(), handle=handle, complete=fresh.complete)
        return (*fresh.warnings, *merged.warnings)

    def _read_network(self, entry: Entry, handle: str, account: str | None) -> tuple[str, ...]:
        """Reads gaps of earlier readings first, then what is newer than the stored posts."""
        # What is lost is read again, and paid for once.
        known = self.store.facts(handle, entry.source, check=True)
        if known is not None:
            self._refuse_removed(owners.of_facts(known), handle, "what the store holds")
        account = account or (known.id if known else None) or _id_of_entry(entry, handle)
        warnings: list[str] = []
        spans: list[tuple[Cursor | None, Cursor | None]] = [(known.since if known else None, None)]
        if known is not None and not known.damaged:
            spans = [(gap.since, gap.until) for gap in known.gaps] + spans
        for since, until in spans:
            try:
                warnings += self._read_span(entry, handle, account, since, until)
            except BotError as error:
                if known is not None and known.damaged:  # mentioned here: a gap takes its place
                    error.args = (f"{error}; posts of {handle} in the store were damaged before",)
                raise
        return tuple(dict.fromkeys(warnings))

    def _read_span(
        self, entry: Entry, handle: str, account: str | None, since: Cursor | None, until: Cursor | None
    ) -> tuple[str, ...]:
        """Reads one stretch of a timeline into the store, all of it without marks; returns warnings."""
        place, paid = (entry.source, handle), is_paid([entry.source])
        fresh = self._source(entry.source).read(handle, since=since, until=until, account=account)
        self._refuse_removed(owners.of_profile(fresh.profile), handle, "the account")
        merged = self.store.merge(
            replace(fresh, posts=self._noted(fresh.posts, self._just_read.setdefault(place, set()), paid)),
            entry.source,
            now=self.now(),
            handle=handle,
            complete=fresh.complete,
            all_asked=since is None and until is None,
            since=since,
            until=until,
            paid=paid,
        )
        if since is None and until is None and fresh.complete:
            self._read_to_its_end.add(place)
        return (*fresh.warnings, *merged.warnings)

    def _refuse_removed(self, of: Owner, handle: str, what: str) -> None:
        """Raises Blocked, without the name, when these posts are somebody's who was removed."""
        if fault := owners.removed(self.registry.gone, of, handle, what):
            raise Blocked(fault)

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
        if not (name in SOURCES and SOURCES[name].usd_post):
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

    def _noted(self, posts: Iterable[Post], ids: set[str], paid: bool) -> Iterator[Post]:
        """The posts, whose ids are noted; where they are paid for, the budget ends an interrupted reading instead."""
        for post in posts:
            if not paid:
                self._sleep(0)
            ids.add(post.id)
            yield post


def _id_of_entry(entry: Entry, handle: str) -> str | None:
    """The account's id that the entry names, as its network has it: Mastodon's without the host."""
    account = entry.accounts.get(handle)
    return (
        account.partition("@")[0] if account and network_of(entry.source, handle) == "mastodon" else account
    )
