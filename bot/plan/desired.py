"""The desired state: registry entries reduced to what a plan compares, and the store's knowledge of them.

Here templates and bases are read (never loaded), so that the plan itself stays pure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import BotError, Problem
from bot.hub import Listing, base_model
from bot.hub.base_model import BaseSpec
from bot.hub.published import Published
from bot.io import digest
from bot.io.paths import TEMPLATES
from bot.plan import backoff, training_time
from bot.plan.inputs import Desired, EntryState
from bot.plan.known_language import KnownLanguage
from bot.plan.retry_memory import RetryMemory
from bot.plan.steps import Estimate
from bot.plan.sufficiency import Sufficiency
from bot.plan.training_time import Measurements, Wanted
from bot.registry import Entry, Registry, asked, owners, templates
from bot.registry.card_settings import card_settings

if TYPE_CHECKING:
    from bot.store import Facts, Store

    StoredFacts = Mapping[tuple[str, str], Facts]

LOCAL_SOURCES = ("archive", "jsonl")
"""Sources that cost nothing and have nothing new unless a file changed or a person imported more."""


def template_folders(registry: Registry) -> list[Path]:
    """The folders that templates are looked up in: beside the registry first, then the ones that come with the bot."""
    return [registry.path.parent / "templates", *TEMPLATES]


def desired(registry: Registry, resolve: Callable[[str], str | None] = lambda _: None) -> list[Desired]:
    """Every entry of the registry, sound or faulty, in its order.

    `resolve` returns the commit that an unpinned base on the Hub has now, or None; it is called once for each.
    """
    resolve = cache(resolve)
    folders = template_folders(registry)
    template = cache(lambda name: templates.template_digest(name, folders))
    spec = cache(base_model.parse)
    wanted = [_sound(registry, entry, template, spec, resolve) for entry in registry.entries]
    for faulty in registry.faulty:
        reasons = "; ".join(str(problem) for problem in faulty.problems)
        wanted.append(Desired(faulty.name, faulty.handles, fault=reasons, problems=faulty.problems))
    return wanted


def _sound(
    registry: Registry,
    entry: Entry,
    template_of: Callable[[str], str],
    spec_of: Callable[[str], BaseSpec],
    resolve: Callable[[str], str | None],
) -> Desired:
    fault = None
    template = identity = ""
    revision = None
    places: Sequence[Problem] = ()
    try:
        template, spec = template_of(entry.template), spec_of(entry.base)
        identity = spec.identity
        if spec.id is not None and spec.revision is None:
            revision = resolve(spec.id)
    except BotError as error:
        fault, places = str(error), error.problems
    files = owners.of_files(entry)
    strangers = "; ".join((*files.unreadable, *owners.file_faults(registry, entry, files.owners)))
    fault = fault or strangers or None
    if registry.namespace is None:
        fault = "no namespace is set in the registry; set namespace: to a user or organisation on the Hub"
    if entry.source == "x" and not (registry.x.terms_acknowledged or entry.paused):
        fault = (
            "source x needs x.terms_acknowledged: true in the registry; read X's terms for developers first"
        )
    if fault is not None and not places:
        topic = f"files of {entry.name}" if fault == strangers else ""  # it names a tombstone's line
        places = (Problem(str(registry.path), entry.line, entry.column, fault, topic),)
    return Desired(
        name=entry.name,
        handles=entry.handles,
        asked=asked.values_of(entry),
        base=identity,
        base_revision=revision,
        template=template,
        card=card_settings(registry, entry),
        prompts=digest.short(entry.prompts),
        sampling=entry.sampling.digest(),
        max_age=entry.max_age,
        min_new_posts=entry.min_new_posts,
        paused=entry.paused,
        fetches=entry.source not in LOCAL_SOURCES or bool(entry.files),
        fault=fault,
        unproven=owners.is_unproven(entry, files.owners),
        problems=tuple(places),
    )


def load_store_state(
    registry: Registry,
    wanted: Mapping[str, Desired],
    listing: Listing,
    open_store: Callable[[], Store] | None,
    now: datetime,
    where: Callable[[str], str],
    forced: Collection[str] = (),
) -> dict[str, EntryState]:
    """The stored state, with the estimated cost, of the entries that a plan will ask about: those missing, changed,
    past their age, or among the names that are `forced`. Where the registry holds tombstones the stored posts of all
    entries are compared with them.

    The store is not opened while there are none. Without `open_store` nothing is known of it, not even that it is
    empty. `where` returns a model's place on the hub, by its name.
    """
    asked_about: list[tuple[Entry, Published | None]] = []
    measured = training_time.measurements(listing)
    for entry in registry.entries:
        repo = listing.repos.get(entry.name)
        published = repo.published if repo is not None else None
        if (
            published is None
            or entry.name in forced
            or now - published.trained_at >= entry.max_age
            or _differs(wanted[entry.name], published)
        ):
            asked_about.append((entry, published))
    if not asked_about and not registry.removed:
        return {}

    def state(
        entry: Entry, published: Published | None, facts: StoredFacts, memory: RetryMemory
    ) -> EntryState:
        found = _state(entry, published, facts, memory, now, where(entry.name), registry.x.look_up_age)
        return _timed(found, entry, wanted[entry.name], published, facts, measured)

    if open_store is None:
        return {entry.name: state(entry, published, {}, RetryMemory()) for entry, published in asked_about}
    store = open_store()
    facts, notes = store.all_facts(), store.all_notes() if asked_about else {}
    faults = {
        entry.name: "; ".join(owners.stored_removed(registry, _held(entry, facts)))
        for entry in (registry.entries if registry.removed else ())
    }
    states = {name: EntryState(fault=fault) for name, fault in faults.items() if fault}
    enough, known = Sufficiency(facts, store.load), KnownLanguage(facts, store.load)
    for entry, published in asked_about:
        one = state(entry, published, facts, RetryMemory.from_json(notes.get(entry.name, {})))
        fault = "; ".join(owners.stored_faults(registry, entry, _held(entry, facts))) or None
        decided = (
            entry.paused or (fault or one.skip_reason or one.wait_reason or one.block_reason) is not None
        )
        no_posts = None if decided else enough.no_posts_reason(entry)
        unknown = None if decided or no_posts else known.warning(entry)
        states[entry.name] = replace(one, fault=fault, no_posts_reason=no_posts, unknown_language=unknown)
    return states


def _differs(wanted: Desired, published: Published) -> bool:
    """Whether anything that a plan compares differs: then it matters whether a try failed before."""
    return (
        not asked.is_as_published(wanted.asked, published)
        or (wanted.base, wanted.template) != (published.base, published.template)
        or (wanted.card is not None and wanted.card.digest() != published.card)
    )


def stored_posts(entry: Entry, facts: StoredFacts) -> int:
    """The number of stored posts of the entry's handles."""
    return sum(one.total for one in _held(entry, facts))


def _held(entry: Entry, facts: StoredFacts) -> list[Facts]:
    """The facts on the entry's handles that the store holds."""
    from bot.sources import network_of

    stored = (facts.get((network_of(entry.source, handle), handle)) for handle in entry.handles)
    return [one for one in stored if one is not None]


def _state(
    entry: Entry,
    published: Published | None,
    facts: StoredFacts,
    memory: RetryMemory,
    now: datetime,
    where: str,
    look_up_age: timedelta | None,
) -> EntryState:
    held = _held(entry, facts)
    newest = published.newest_post if published else None
    if newest is not None and entry.selection.ends_before(newest):
        newest = None  # none of the newer posts counts
    keys = backoff.fingerprints(entry, where)
    return EntryState(
        new_posts=sum(one.newer_than(newest) for one in held) if newest else 0,
        skip_reason=backoff.cached_skip_reason(memory, keys, stored_posts(entry, facts), now),
        ask_again=memory.ask_again,
        last_answer=memory.last_answer,
        wait_reason=backoff.wait_reason(memory, keys, now),
        block_reason=backoff.block_reason(memory, keys, now),
        estimate=_estimate(entry, facts, now, look_up_age),
        unproven=entry.source in LOCAL_SOURCES
        and any(
            not owners.proves_consent(one.network, one.id)
            and (one.id is None or entry.accounts.get(one.handle) != one.id)
            for one in held
        ),
        unequal=_unequal(entry, held) if len(entry.handles) > 1 else None,
    )


def _unequal(entry: Entry, held: Sequence[Facts]) -> str | None:
    """The sentence on accounts whose numbers of posts differ too much; None where they do not, or one is not known.

    Posts in the store are counted without retweets; of an archive that was not read yet the announced number counts.
    """
    from bot.corpus.balance import imbalance
    from bot.sources import announced_posts

    counts = {one.handle: one.own for one in held}
    for handle in entry.handles:
        files = entry.files.get(handle)
        if handle in counts or files is None or any("://" in file for file in files):
            continue
        try:
            announced = announced_posts(entry.source, files)
        except BotError:
            return None  # what is wrong with a file is the entry's fault
        if announced is not None:
            counts[handle] = announced
    return imbalance(counts) if len(counts) == len(entry.handles) else None


def _estimate(entry: Entry, facts: StoredFacts, now: datetime, look_up_age: timedelta | None) -> Estimate:
    """The estimated cost of fetching all handles of an entry and looking for deleted posts."""
    from bot.plan import estimate
    from bot.sources import network_of

    costs = [
        estimate.estimate(
            entry.source, facts.get((network_of(entry.source, handle), handle)), now, look_up_age
        )
        for handle in entry.handles
    ]
    return Estimate(sum(cost.reads for cost in costs), round(sum(cost.usd for cost in costs), 4))


def _timed(
    state: EntryState,
    entry: Entry,
    wanted: Desired,
    published: Published | None,
    facts: StoredFacts,
    measured: Measurements,
) -> EntryState:
    """The state with the estimated time of a training: by the stored text, else by what the last training read."""
    from bot.sources import network_of

    network = network_of(entry.source)
    stored = [facts.get((network, handle)) for handle in entry.handles]
    length = training_time.characters(stored, entry.recipe.held_out)
    earlier = published.measured if published is not None else None
    if length is None and published is not None and earlier is not None:
        length = earlier.characters if sorted(published.handles) == sorted(entry.handles) else None
    size = measured.size_of(wanted.base) if measured.models and wanted.base else None
    if size is None and measured.models and wanted.base:
        size = base_model.count_parameters(base_model.parse(entry.base))
    recipe = asked.recipe_digest(wanted.asked)
    training = Wanted(wanted.base, recipe, entry.recipe.epochs, length, size)
    return replace(state, estimate=measured.estimate(training, state.estimate))
