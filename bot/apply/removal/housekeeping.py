"""Purges people who left from the store: with a tombstone at once, others after `store.keep`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from bot.apply.removal.stored_posts import purge_person
from bot.registry.owners import of_facts
from bot.sources import SOURCES, network_of

if TYPE_CHECKING:
    from bot.registry import Registry
    from bot.store import Store


def purge_removed_and_unlisted(
    registry: Registry, store: Store, now: datetime, *, removals: bool
) -> Iterator[str]:
    """Purges accounts and yields a sentence for each. People with a tombstone go only if `removals` are allowed.

    Raises SourceError when the store cannot be used.
    """
    if removals:
        held = store.all_facts().values()
        renamed = {facts.handle for facts in held if registry.gone.line_of(of_facts(facts)) is not None}
        for handle in sorted({*registry.gone.among(facts.handle for facts in held), *renamed}):
            yield from purge_person(handle, store).remains
            yield "purged from the store: an account of somebody who asked to be removed"
    networks = {kind.network for kind in SOURCES.values()}
    listed = {(network_of(entry.source), handle) for entry in registry.entries for handle in entry.handles}
    listed |= {(n, handle) for faulty in registry.faulty for handle in faulty.handles for n in networks}
    for handle in store.purge_unlisted(listed, registry.store.keep, now):
        who = "an account of somebody who asked to be removed" if handle in registry.gone else handle
        yield f"purged from the store: {who}: in no entry of the registry for longer than store.keep"
