"""The desired state: registry entries reduced to what a plan compares, and the store's knowledge of them.

Here templates and bases are read (never loaded), so that the plan itself stays pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bot import base, card, digest
from bot.errors import BotError
from bot.hub import Listing
from bot.plan import Desired, Known
from bot.registry import Entry, Registry
from bot.store import Store

LOCAL_SOURCES = ("archive", "jsonl")
"""Sources that cost nothing and have nothing new unless a file changed or a person imported more."""


def template_folders(registry: Registry) -> list[Path]:
    """Where templates are looked for: beside the registry first, then the ones that come with the bot."""
    return [registry.path.parent / "templates", *card.PACKAGED_TEMPLATES]


def card_facts(registry: Registry, entry: Entry) -> dict[str, Any]:
    """What the registry alone says on a card; a change of any of it re-renders the card."""
    return {
        "handles": entry.handles,
        "contact": registry.contact,
        "consent": entry.consent if registry.policy.consent != "off" else None,
        "license": entry.license,
        "license_name": entry.license_name,
        "license_link": entry.license_link,
        "tags": entry.tags,
        "sensitive": entry.sensitive,
    }


def desired(registry: Registry) -> list[Desired]:
    """Every entry of the registry, sound or faulty, in its order."""
    folders = template_folders(registry)
    wanted = [_sound(registry, entry, folders) for entry in registry.entries]
    for faulty in registry.faulty:
        reasons = "; ".join(str(problem) for problem in faulty.problems)
        wanted.append(Desired(faulty.name, faulty.handles, fault=reasons))
    return wanted


def _sound(registry: Registry, entry: Entry, folders: Sequence[Path]) -> Desired:
    fault = None
    template = identity = ""
    try:
        template = card.template_digest(entry.template, folders)
        identity = base.parse(entry.base).identity
    except BotError as error:
        fault = str(error)
    if registry.namespace is None:
        fault = "no namespace is set in the registry; set namespace: to a user or organisation on the Hub"
    if entry.source == "x" and not registry.x.terms_acknowledged:
        fault = "source x needs x.terms_acknowledged: true in the registry; see the Terms part of the README"
    return Desired(
        name=entry.name,
        handles=entry.handles,
        recipe=entry.recipe.digest(),
        base=identity,
        template=template,
        card=digest.of_value(card_facts(registry, entry))[:16],
        max_age=entry.max_age,
        min_new_posts=entry.min_new_posts,
        paused=entry.paused,
        fetches=entry.source not in LOCAL_SOURCES or bool(entry.files),
        fault=fault,
    )


def known(registry: Registry, listing: Listing, store: Store, now: datetime) -> dict[str, Known]:
    """What the store knows of entries for which the plan will ask: those missing, and those past their age."""
    knowledge = {}
    for entry in registry.entries:
        repo = listing.repos.get(entry.name)
        published = repo.published if repo is not None else None
        if published is not None and now - published.trained_at < entry.max_age:
            continue
        knowledge[entry.name] = _knowledge(entry, store, published.newest_post if published else None)
    return knowledge


def _knowledge(entry: Entry, store: Store, newest: datetime | None) -> Known:
    notes = store.notes(entry.name)
    totals = {handle: store.total(handle, entry.source) for handle in entry.handles}
    return Known(
        new_posts=sum(store.newer(handle, entry.source, newest) for handle in entry.handles) if newest else 0,
        too_little=notes.get("too_little") if notes.get("totals") == totals else None,
        ask_again=datetime.fromisoformat(notes["ask_again"]) if "ask_again" in notes else None,
        last_answer=notes.get("last_answer"),
    )
