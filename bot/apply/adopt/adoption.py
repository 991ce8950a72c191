"""Taking over a repo of the older system: look at it, say what was understood, and write only when asked to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from bot import manifest
from bot.apply.adopt import new_entry, takeover
from bot.apply.adopt.old_card import NotAnOldCardError, OldCard, read
from bot.errors import BotError, ConflictError, CredentialsError
from bot.hub import Hub, Listing
from bot.hub.published import FILENAME
from bot.io.bounded import Bounds, Unreadable, read_json
from bot.registry import Entry, Registry
from bot.render import pictures, publication

Result = Literal["understood", "written", "refused", "failed"]
MESSAGE = "Adopt the model: a card with the facts of the old one, and its manifest"


@dataclass(frozen=True, slots=True)
class Adoption:
    """What is known of one repo, and the result of taking it over.

    `reason` is a sentence: why it was refused, or what was or would be written. `entry` is the registry's, or what
    one would be. `faults` keep it from being written, `notes` do not. `head` is the commit that was read.
    `foreign`: no card of the older system was found in it.
    """

    name: str
    result: Result
    reason: str
    card: OldCard | None = None
    entry: Entry | None = None
    listed: bool = False
    head: str | None = None
    weights: tuple[str, ...] = ()
    config: dict[str, Any] | None = None
    trained_at: datetime | None = None
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    commit: str | None = None
    foreign: bool = False


def look(
    name: str, registry: Registry, hub: Hub, listing: Listing, *, now: datetime, order: Sequence[str] = ()
) -> Adoption:
    """Reads the repo and says what it understood. Writes nothing; HubError when the repo cannot be read."""
    repo = listing.repos.get(name) or listing.repos.get(name.lower())
    if repo is None:
        hidden = "" if listing.sees_private else ", as far as can be seen without a token of the namespace"
        return Adoption(name, "failed", f"there is no {hub.url(name)}{hidden}: check the name")
    name = repo.name
    if repo.published is not None or repo.problem is not None:
        why = f", and is damaged: {repo.problem}" if repo.problem else ""
        return Adoption(name, "refused", f"it has a manifest of this bot already{why}: nothing to adopt")
    contents = hub.contents(name)
    if repo.head is None or contents is None:
        return Adoption(name, "failed", "the repo is empty: nothing to adopt", foreign=True)
    readme = hub.read(name, publication.CARD, listed=publication.CARD in contents.paths)
    if readme is None:
        return Adoption(name, "failed", f"it has no {publication.CARD} to read facts from", foreign=True)
    try:
        old = read(readme, order)
    except NotAnOldCardError as error:
        return Adoption(name, "failed", str(error), foreign=True)
    weights = tuple(path for path in contents.paths if takeover.is_weights(path))
    config = _config(hub.read(name, "config.json", listed="config.json" in contents.paths))
    trained_at = old.made_at or contents.changed
    entry, listed, notes, faults = _entry(name, old, registry)
    notes = [*old.notes, *notes]
    faults = [*old.faults, *faults]
    if trained_at is None:
        faults.append("nothing says when it was made")
    notes += _remarks(
        old, weights, config, now - trained_at if trained_at else None, entry if listed else None
    )
    adoption = Adoption(
        name,
        "failed" if faults else "understood",
        f"not adopted: {faults[0]}" if faults else "nothing is written without --write",
        old,
        entry,
        listed,
        repo.head,
        weights,
        config,
        trained_at,
        tuple(notes),
        tuple(faults),
    )
    if asked := registry.gone.among(old.handles):
        people = " and ".join(f"@{handle}" for handle in asked)
        reason = f"{people} asked to be removed: no new card is made; hide or delete {hub.url(name)} by hand"
        return replace(adoption, result="refused", reason=reason)
    return adoption


def write(adoption: Adoption, registry: Registry, hub: Hub, fetch: Callable[[str], bytes | None]) -> Adoption:
    """Publishes manifest, card and pictures on the commit that was read; every other file stays.

    `fetch` gives a profile picture's bytes, or None. ConflictError when the repo moved: then nothing was written.
    """
    old, entry, head, trained_at = adoption.card, adoption.entry, adoption.head, adoption.trained_at
    if adoption.result != "understood" or old is None or entry is None or head is None or trained_at is None:
        return adoption
    made = takeover.manifest_of(
        old,
        entry=entry,
        registry=registry,
        repo=f"{registry.namespace}/{adoption.name}",
        commit=head,
        weights=adoption.weights,
        config=adoption.config or {},
        trained_at=trained_at,
    )
    fetched = {account.handle: fetch(account.avatar) if account.avatar else None for account in old.accounts}
    avatars = {publication.avatar_path(handle): pictures.avatar(data) for handle, data in fetched.items()}
    made = made.model_copy(update={"hub": hub.address})
    files = publication.render(made, entry, registry, avatars, {}, takeover.kept_metadata(old))
    new = manifest.parse(bytes(files[FILENAME]))
    sums, blobs = takeover.digests(hub.files(adoption.name, head))
    new = new.model_copy(update={"files": sums | new.files, "blobs": blobs | new.blobs})
    files[FILENAME] = new.to_json()
    commit = hub.publish(adoption.name, files, parent=head, message=MESSAGE)
    missing = [f"@{handle}" for handle, data in fetched.items() if data is None]
    notes = [f"no profile picture of {', '.join(missing)} could be fetched: a placeholder"] if missing else []
    reason = f"{len(files)} files written, the weights left as they are: {hub.url(adoption.name)}"
    return replace(adoption, result="written", reason=reason, commit=commit, notes=(*adoption.notes, *notes))


def candidates(listing: Listing) -> list[str]:
    """The names of repos that may be of the older system: with contents, and without a manifest of this bot."""
    return sorted(
        repo.name
        for repo in listing.repos.values()
        if repo.published is None and repo.problem is None and repo.head is not None
    )


def adopt(
    name: str,
    registry: Registry,
    hub: Hub,
    listing: Listing,
    *,
    now: datetime,
    order: Sequence[str] = (),
    fetch: Callable[[str], bytes | None] | None = None,
) -> Adoption:
    """Looks at one repo and, with `fetch`, writes it. One repo's failure is its own; CredentialsError is raised."""
    try:
        found = look(name, registry, hub, listing, now=now, order=order)
        return found if fetch is None else write(found, registry, hub, fetch)
    except CredentialsError:
        raise
    except ConflictError as conflict:
        return Adoption(name, "failed", f"nothing was written: {conflict}")
    except BotError as error:
        return Adoption(name, "failed", str(error))


def _entry(name: str, old: OldCard, registry: Registry) -> tuple[Entry | None, bool, list[str], list[str]]:
    """The registry's entry of that name, or what one would be; whether it is listed; notes and faults."""
    notes: list[str] = []
    try:
        if old.faults:
            return None, False, [], []
        for entry in registry.entries:
            if entry.name == name.lower():
                if sorted(entry.handles) != sorted(old.handles):
                    both = f"{', '.join(entry.handles)} and {', '.join(old.handles)}"
                    return (
                        entry,
                        True,
                        [],
                        [f"the registry's entry and the card name different handles: {both}"],
                    )
                differs = takeover.base_mismatch(old, entry)
                return entry, True, [differs] if differs else [], []
        if any(faulty.name == name.lower() for faulty in registry.faulty):
            notes.append("the registry's entry of that name has faults: bot validate shows them")
        else:
            notes.append(
                "the registry lists no model of that name; this entry keeps it in the fleet with its weights: "
                f"{new_entry.shown(name, old, registry)}"
            )
        return (
            takeover.default_entry(registry, name.lower(), [account.handle for account in old.accounts]),
            False,
            notes,
            [],
        )
    except BotError as error:
        return None, False, notes, [str(error)]


def _remarks(
    old: OldCard,
    weights: Sequence[str],
    config: dict[str, Any],
    age: timedelta | None,
    entry: Entry | None,
) -> Iterator[str]:
    """What is worth knowing before it is written. `entry` is the registry's own."""
    if old.made_at is None:
        yield "the date is that of the repo's last change: the card names none"
    if age is not None and entry is not None and not entry.paused and age >= entry.max_age:
        yield (
            f"it is {age.days:,} days old and the entry's max_age {entry.max_age.days}: the next plan trains it "
            "again; to keep these weights set paused: true, or a larger max_age:"
        )
    if not weights:
        yield "the repo holds no weights"
    elif not any(path.endswith(".safetensors") for path in weights):
        yield f"weights are {', '.join(weights)} and stay so: no safetensors"
    if not config:
        yield "no config.json that can be read: the base's size is not known"


def _config(data: bytes | None) -> dict[str, Any]:
    try:
        config = read_json(data or b"{}", Bounds(4 << 20), "config.json")
    except Unreadable:
        return {}
    return config if isinstance(config, dict) else {}
