"""Make a plan: read what a registry wants, what the hub and the store hold, and hand both to the decision.

The one place where a plan's inputs are read, for every command that shows or carries out a plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache

from bot.errors import SourceError, UsageError
from bot.hub import Hub, Listing
from bot.plan import assemble, desired
from bot.plan.guard import MAX_CHANGE
from bot.plan.inputs import Force, PlanInput
from bot.plan.steps import Note, Plan
from bot.registry import Registry
from bot.registry.latest import Latest
from bot.registry.lookup import find_entry
from bot.store import Store, retention
from bot.store.places import place_of


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """The options of a plan: what a caller wants beside the registry.

    `only` keeps the named models and tries them even while they wait after a failure. `force` trains, re-renders or
    draws new samples whatever the state. `retry` names models that are tried though they wait, without leaving
    others out. `overwrite` names models whose damaged card may be written again. `max_change` is the share of the
    published fleet (0 to 1) that one change may rewrite.
    """

    only: tuple[str, ...] = ()
    force: Force | None = None
    overwrite: tuple[str, ...] = ()
    max_change: float = MAX_CHANGE
    retry: tuple[str, ...] = ()


EVERYTHING = PlanOptions()


def make_plan(
    registry: Registry,
    hub: Hub,
    store: str | None,
    options: PlanOptions = EVERYTHING,
    *,
    listing: Listing | None = None,
    now: datetime | None = None,
) -> Plan:
    """The plan for a registry, from the hub's listing and the store at a URL.

    Without a `store` nothing is known of stored posts, failures and costs. Without a `listing` the credentials are
    checked and the namespace is listed. `now` is this moment, unless two plans are to be compared. Raises UsageError
    and RegistryError for a name in `options.only` that is not in the registry, and what the hub and the store raise.
    """
    options = replace(options, only=_names(registry, options.only))
    if listing is None:
        listing = _listing(registry, hub)
    now = now or datetime.now(UTC)
    wanted = desired.desired(registry, hub.resolve_base)
    by_name = {one.name: one for one in wanted}
    forced = (options.only or by_name.keys()) if options.force == "train" else ()
    place_notes: list[str] = []

    @cache
    def open_store() -> Store:
        assert store is not None  # noqa: S101 - it is not opened otherwise
        place = place_of(store)
        if text := retention.warning(place, retention.ask(place)):
            place_notes.append(text)
        return Store(store, Latest(registry).removed)

    opener = open_store if store is not None else None
    states = desired.load_store_state(registry, by_name, listing, opener, now, hub.url, forced)
    given = PlanInput(
        tuple(wanted),
        listing,
        registry.namespace or "",
        now,
        states,
        removed=registry.gone,
        deletes=registry.policy.removal == "delete",
        only=options.only,
        retry=options.retry,
        force=options.force,
        overwrite=options.overwrite,
        max_change=options.max_change,
    )
    plan = assemble.plan(given)
    if store is None:
        return plan
    budget = [Note("budget", text) for text in _budget_notes(plan, registry, open_store, now)]
    place = [Note("store", text) for text in place_notes or _unasked_place_notes(store)]
    return replace(plan, notes=(*plan.notes, *place, *budget))


def _names(registry: Registry, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the models that these texts mean, faulty ones too."""
    faulty = {entry.name for entry in registry.faulty}
    return tuple(name if name in faulty else find_entry(registry, name).name for name in names)


def _listing(registry: Registry, hub: Hub) -> Listing:
    """The namespace's repos, after the credentials were checked. Empty without a namespace: all is blocked then."""
    if registry.namespace is None:
        return Listing({})
    hub.check(write=False)
    return hub.listing()


def _unasked_place_notes(url: str) -> list[str]:
    """The warning of a store's place that is known to keep deleted files without asking it."""
    try:
        place = place_of(url)
    except UsageError:
        return []
    text = retention.warning(place, retention.ask(place)) if place.keeps_history else None
    return [text] if text else []


def _budget_notes(
    plan: Plan, registry: Registry, open_store: Callable[[], Store], now: datetime
) -> Iterator[str]:
    """Sentences on paid reads: how many are left this month, if the plan uses some; accounts counted twice."""
    paid = [step.handles for step in plan.steps if step.estimate.reads]
    if len({handle for handles in paid for handle in handles}) < sum(map(len, paid)):
        yield "an account that several models share is read, and paid for, once: the sum counts it for each"
    reads, monthly = sum(step.estimate.reads for step in plan.steps), registry.x.monthly_reads
    if reads and monthly is not None:
        try:
            left = max(0, monthly - open_store().reads("x", now))
        except SourceError as error:
            yield f"what is left of x.monthly_reads is not known: {error}"
            return
        enough = "" if reads <= left else ": what is too much waits for the next month"
        yield f"of x.monthly_reads {monthly:,}, {left:,} are left and this would use about {reads:,}{enough}"
