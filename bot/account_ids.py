"""The ids of a person's accounts, for a tombstone that a new handle does not undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import HubError
from bot.owners import of_facts
from bot.posts import owner

if TYPE_CHECKING:
    from bot.hub import Hub
    from bot.store import Store


def accounts_of(person: str, store: Store, hub: Hub | None = None) -> tuple[str, ...]:
    """The ids of a person's accounts as the store and the published manifests tell them, sorted.

    `person` is a normalised handle. Without a hub the store alone is asked. Raises SourceError and HubError
    where they cannot be read.
    """
    held = store.all_facts().values()
    found = {of_facts(facts).account for facts in held if person in (facts.handle, facts.known_as)}
    return tuple(sorted(filter(None, found | (_published(person, hub) if hub is not None else set()))))


def _published(person: str, hub: Hub) -> set[str | None]:
    from bot.published_repo import published

    found: set[str | None] = set()
    for repo in hub.listing().repos.values():
        if repo.published is None or person not in repo.published.handles:
            continue
        try:
            accounts = published(hub, repo.name).accounts
        except HubError as error:
            if error.transient:
                raise
            continue  # its manifest is gone or damaged: it tells no id
        found |= {
            owner(account.network, account.handle, account.id).account
            for account in accounts
            if account.handle == person
        }
    return found
