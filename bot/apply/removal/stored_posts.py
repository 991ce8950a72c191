"""Deletes the posts of a person from the store: the one place that every removal calls."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from bot.apply.removal.account_ids import accounts_of
from bot.errors import SourceError
from bot.registry.owners import of_facts
from bot.store import Purged

if TYPE_CHECKING:
    from bot.store import Store


def purge_person(person: str, store: Store, accounts: Collection[str] = ()) -> Purged:
    """Purges a handle, and whatever the store holds of the same accounts under another one; then looks again.

    `person` is a normalised handle, `accounts` are ids that are known to be theirs beside those that the store knows.
    One handle's failure stops no other; the first SourceError is raised once all were tried.
    """
    facts = store.all_facts().values()
    theirs = {*accounts, *accounts_of(person, facts)}
    handles = {person, *(one.handle for one in facts if of_facts(one).account in theirs)}
    purged: list[Purged] = []
    failed: SourceError | None = None
    for handle in sorted(handles):
        try:
            purged.append(store.purge(handle))
        except SourceError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return Purged(
        sum(one.files for one in purged),
        tuple(dict.fromkeys(line for one in purged for line in one.checked)),
        tuple(dict.fromkeys(line for one in purged for line in one.remains)),
    )
