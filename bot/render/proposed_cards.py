"""The cards that a registry would publish: published facts rendered as it says now, sample facts for new models.

It may be a stranger's registry, in a pull request. Nothing that it names is opened but templates, in their sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot import manifest
from bot.errors import BotError, HubError, Problem, TemplateError
from bot.hub import Hub
from bot.hub.published import FILENAME, Published
from bot.plan.desired import template_folders
from bot.registry import Entry, Registry, asked
from bot.registry.card_settings import card_settings
from bot.render import card, pictures, publication, sample_manifest
from bot.render.preview import Card, refused

CARD_ONLY = "As it would be rendered now, from what is published. Its weights stay as they are."
TRAINED_ANEW = (
    "As it would be rendered now. It will be trained again, so its numbers and texts will be others."
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


def cards(
    registry: Registry, hub: Hub | None, proposal: Proposal, render: publication.Render = publication.render
) -> Iterator[Card]:
    """The cards of a proposal, one after the other: a page of many is never held whole.

    Where the registry is a stranger's, `render` does it in another process.
    """
    for entry in proposal.entries:
        try:
            yield _card(registry, hub, entry, proposal.published.get(entry.name), render)
        except BotError as error:
            yield refused(_repo(registry, entry), error)


def template_problems(
    registry: Registry, entries: Iterable[Entry], render: publication.Render = publication.render
) -> list[Problem]:
    """What is wrong with the templates that these entries use, each rendered once with sample facts by `render`.

    A problem without a line of its own stands on the line of an entry. No hub is asked.
    """
    found: dict[Problem, None] = {}
    for entry in {entry.template: entry for entry in entries}.values():
        try:
            _sample_card(registry, entry, render)
        except TemplateError as error:
            found |= dict.fromkeys(error.problems or [_at(registry, entry, error)])
    return list(found)


def card_problems(registry: Registry, shown: Iterable[Card]) -> list[Problem]:
    """The places in templates for which cards could not be rendered."""
    entries = {_repo(registry, entry): entry for entry in registry.entries}
    found: dict[Problem, None] = {}
    for one in shown:
        if isinstance(one.error, TemplateError):
            found |= dict.fromkeys(one.error.problems or [_at(registry, entries[one.repo], one.error)])
    return list(found)


def _at(registry: Registry, entry: Entry, error: BotError) -> Problem:
    return Problem(str(registry.path), entry.line, entry.column, str(error))


def samples(shown: Iterable[Card]) -> int:
    """How many of the cards stand on sample facts."""
    return sum(one.note == sample_manifest.NOTE for one in shown)


def _card(
    registry: Registry, hub: Hub | None, entry: Entry, published: Published | None, render: publication.Render
) -> Card:
    data = hub.read(entry.name, FILENAME, listed=True) if hub is not None and published is not None else None
    if data is None or hub is None or published is None:
        files, note = _sample_card(registry, entry, render), sample_manifest.NOTE
    else:
        try:
            made = manifest.parse(data)
        except ValueError as error:
            raise HubError(f"{hub.url(entry.name)}: {error}") from None
        files = publication.rerender(
            registry, entry, made, hub, publication.additions(hub, made), render=render
        )
        note = TRAINED_ANEW if _retrains(entry, published) else CARD_ONLY
    contents = {path: content for path, content in files.items() if isinstance(content, bytes)}
    return Card(_repo(registry, entry), contents[publication.CARD].decode(), contents, note)


def _sample_card(registry: Registry, entry: Entry, render: publication.Render) -> dict[str, bytes | Path]:
    """The files of a card with sample facts, by path."""
    made = sample_manifest.sample(entry, registry)
    avatars = {account.avatar: pictures.avatar(None) for account in made.accounts if account.avatar}
    return render(made, entry, registry, avatars, {}, {})


def _repo(registry: Registry, entry: Entry) -> str:
    return f"{registry.namespace or 'namespace'}/{entry.name}"


def _differs(
    registry: Registry, entry: Entry, published: Published | None, template: Callable[[str], str]
) -> bool:
    return (
        published is None
        or _retrains(entry, published)
        or published.card != card_settings(registry, entry).digest()
        or published.template != template(entry.template)
    )


def _retrains(entry: Entry, published: Published) -> bool:
    """Whether what training depends on is another. A base in a folder is not opened, so its files are not compared."""
    on_hub = not Path(entry.base).is_absolute()
    return (
        sorted(published.handles) != sorted(entry.handles)
        or not asked.is_as_published(asked.values_of(entry), published)
        or (on_hub and published.base != entry.base)
    )
