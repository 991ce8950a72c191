"""The cards that a registry would publish: published facts rendered as it says now, sample facts for new models.

It may be a stranger's registry, in a pull request. Nothing that it names is opened but templates, in their sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot import card, digest, manifest, pictures, publication, sample_facts
from bot.card import escape
from bot.desired import card_facts, template_folders
from bot.errors import BotError, HubError
from bot.hub import Hub
from bot.preview import Card
from bot.published import FILENAME, Published
from bot.published_repo import additions
from bot.registry import Entry, Registry

CARD_ONLY = "As it would be rendered now, from what is published. Its weights stay as they are."
CANNOT = "This card cannot be rendered, for the reason below."
TRAINED_ANEW = (
    "As it would be rendered now. It will be trained anew, so its numbers and texts will be others."
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The entries to show, and a sentence for each that is not shown."""

    entries: tuple[Entry, ...]
    published: Mapping[str, Published]
    left_out: tuple[str, ...]


def changed(registry: Registry, hub: Hub | None, *, only: Sequence[str] = (), limit: int = 20) -> Proposal:
    """The entries that are new on the hub or whose card would change, or those that `only` names; at most `limit`.

    Faulty entries are left out with their reason. Without a hub every entry is new.
    """
    listed = hub.listing().repos if hub is not None else {}
    published = {name: repo.published for name, repo in listed.items() if repo.published is not None}
    faulty = [one for one in registry.faulty if not only or one.name in only]
    template = cache(lambda name: card.template_digest(name, template_folders(registry)))
    left_out = [f"{one.name}: {'; '.join(map(str, one.problems))}" for one in faulty]
    wanted = [
        entry
        for entry in registry.entries
        if (entry.name in only if only else _differs(registry, entry, published.get(entry.name), template))
    ]
    left_out += [f"{entry.name}: left out, only {limit} are shown" for entry in wanted[limit : limit + limit]]
    if len(wanted) > 2 * limit:
        left_out.append(f"… and {len(wanted) - 2 * limit:,} more")
    return Proposal(tuple(wanted[:limit]), published, tuple(left_out))


def cards(registry: Registry, hub: Hub | None, proposal: Proposal) -> Iterator[Card]:
    """The cards of a proposal, one after the other: a page of many is never held whole."""
    for entry in proposal.entries:
        try:
            yield _card(registry, hub, entry, proposal.published.get(entry.name))
        except BotError as error:
            yield Card(_repo(registry, entry), f"---\n{{}}\n---\n\n{escape.escape(error)}\n", {}, CANNOT)


def samples(shown: Iterable[Card]) -> int:
    """How many of the cards stand on sample facts."""
    return sum(one.note == sample_facts.NOTE for one in shown)


def _card(registry: Registry, hub: Hub | None, entry: Entry, published: Published | None) -> Card:
    data = hub.read(entry.name, FILENAME, listed=True) if hub is not None and published is not None else None
    if data is None or hub is None or published is None:
        made, note = sample_facts.sample(entry, registry), sample_facts.NOTE
        avatars = {account.avatar: pictures.avatar(None) for account in made.accounts if account.avatar}
        files = publication.render(made, entry, registry, avatars, {}, {})
    else:
        try:
            made = manifest.parse(data)
        except ValueError as error:
            raise HubError(f"{hub.url(entry.name)}: {error}") from None
        files = publication.rerender(registry, entry, made, hub, additions(hub, made))
        note = TRAINED_ANEW if _retrains(entry, published) else CARD_ONLY
    contents = {path: content for path, content in files.items() if isinstance(content, bytes)}
    return Card(_repo(registry, entry), contents[publication.CARD].decode(), contents, note)


def _repo(registry: Registry, entry: Entry) -> str:
    return f"{registry.namespace or 'namespace'}/{entry.name}"


def _differs(
    registry: Registry, entry: Entry, published: Published | None, template: Callable[[str], str]
) -> bool:
    return (
        published is None
        or _retrains(entry, published)
        or published.card != digest.of_value(card_facts(registry, entry))[:16]
        or published.template != template(entry.template)
    )


def _retrains(entry: Entry, published: Published) -> bool:
    """Whether what training depends on is another. A base in a folder is not opened, so its files are not compared."""
    on_hub = not Path(entry.base).is_absolute()
    return (
        sorted(published.handles) != sorted(entry.handles)
        or published.recipe != entry.recipe.digest()
        or (on_hub and published.base != entry.base)
    )
