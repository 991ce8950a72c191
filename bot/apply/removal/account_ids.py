"""The ids of a person's accounts, for a tombstone that a new handle does not undo. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bot.registry.owners import of_facts
from bot.sources.posts import owner

if TYPE_CHECKING:
    from bot.manifest import Manifest
    from bot.store import Facts


def accounts_of(person: str, facts: Iterable[Facts], manifests: Iterable[Manifest] = ()) -> tuple[str, ...]:
    """The ids of a person's accounts as the store's facts and published manifests record them, sorted.

    `person` is a normalised handle; an id is as `bot.sources.posts.Owner` writes it.
    """
    stored = {of_facts(one).account for one in facts if person in (one.handle, one.known_as)}
    published = {
        owner(account.network, account.handle, account.id).account
        for made in manifests
        for account in made.accounts
        if account.handle == person
    }
    return tuple(sorted(filter(None, stored | published)))
