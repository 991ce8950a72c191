"""A person's removal at once: which repos hold them, what becomes of those, and the proof that they are gone."""

from __future__ import annotations

from typing import Literal

from bot.errors import HubError
from bot.hub import Hub, Listing

Removal = Literal["private", "delete"]


def holding(person: str, listing: Listing) -> list[str]:
    """The published models of which the person is a voice, cyborgs too."""
    return sorted(
        repo.name
        for repo in listing.repos.values()
        if repo.published is not None and person in repo.published.handles
    )


def unpublish(person: str, hub: Hub, removal: Removal) -> tuple[str, ...]:
    """Hides or deletes every model of the person, looks again, and returns their names.

    Raises HubError when one is still to be seen afterwards.
    """
    names = holding(person, hub.listing())
    for name in names:
        if removal == "delete":
            hub.delete(name)
        else:
            hub.hide(name)
    after = hub.listing()
    left = [name for name in holding(person, after) if removal == "delete" or not _hidden(name, after)]
    if left:
        raise HubError(
            f"{len(left)} models of this person are still to be seen; run this again", transient=True
        )
    return tuple(names)


def _hidden(name: str, listing: Listing) -> bool:
    repo = listing.repos.get(name.lower())
    return repo is None or repo.private
