"""Check the owners of posts against the tombstones and `consent: self`. No sentence names a removed person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import BotError
from bot.sources import SOURCES, owner_of
from bot.sources.posts import Owner, owner

if TYPE_CHECKING:
    from bot.registry import Entry, Registry, Tombstones
    from bot.sources.posts import Profile
    from bot.store import Facts

UNNAMED = (
    "names no owner, so it proves neither that {handle} agreed (consent: self) nor that it is of nobody who was "
    "removed: make sure of both yourself"
)
"""The end of a sentence about a file that does not name its owner."""


def of_profile(profile: Profile) -> Owner:
    """The owner of an account, as its network or its file names them."""
    return owner(profile.network, profile.handle, profile.id)


def of_facts(facts: Facts) -> Owner:
    """The owner of an account's stored posts, as far as their source named one."""
    return owner(facts.network, facts.known_as or facts.handle, facts.id)


def removed(gone: Tombstones, of: Owner, handle: str, what: str) -> str | None:
    """The reason why the posts of `handle` may not be used, if their owner was removed; else None.

    `what` is where the owner stands: `the archive`, `the store`.
    """
    line = gone.line_of(of)
    if line is None:
        return None
    return (
        f"{what} of {handle} is of somebody who was removed (line {line} of the registry) and is never imitated: "
        f"take the entry out (with bot remove {handle}, if it is the same person under a new name), and run bot purge "
        f"{handle} if posts of it were stored"
    )


def disbelieved(registry: Registry, entry: Entry, handle: str, of: Owner) -> str | None:
    """The reason why `consent: self` is not believed of this owner; None where it is, or where none is required.

    Somebody who was removed is not named: ask `removed` first.
    """
    known = entry.accounts.get(handle)
    if known and of.account and known != of.account:
        return (
            f"the {_noun(entry)} given for {handle} is of another account than accounts: says ({known}); give the "
            "right file, or correct accounts:"
        )
    if known and of.account == known:
        return None  # the same account, whatever its handle is by now
    if registry.policy.consent != "required" or entry.consent != "self" or of.handle in (None, handle):
        return None
    not_believed = f"for {handle} says it is {of.handle}'s, so consent: self is not believed"
    other = "consent: with an https address where they agreed"
    if not SOURCES[entry.source].reads_file:
        return (
            f"the account read {not_believed}; if it was renamed since, write {of.handle} into the registry; "
            f"else give {other}"
        )
    same = f", or the id of your account beside it (accounts: '{of.account}')" if of.account else ""
    return (
        f"the {_noun(entry)} given {not_believed}; if you renamed your account since, ask for a new archive, or "
        f"write {of.handle} into the registry{same}; else give that person's own archive, or {other}"
    )


def _noun(entry: Entry) -> str:
    return (
        "archive" if entry.source == "archive" else "file" if SOURCES[entry.source].reads_file else "account"
    )


@dataclass(frozen=True, slots=True)
class FileOwners:
    """The owners that an entry's local files name, by handle, and a sentence for each file that cannot be read."""

    owners: Mapping[str, Owner]
    unreadable: tuple[str, ...] = ()


def of_files(entry: Entry) -> FileOwners:
    """The owners that the entry's local files name, without reading posts. What a URL names is known on reading."""
    found, unreadable = {}, []
    for handle, files in entry.files.items():
        if not any("://" in file for file in files):
            try:
                found[handle] = owner_of(entry.source, files, handle)
            except BotError as error:
                unreadable.append(str(error))
    return FileOwners(found, tuple(unreadable))


def file_faults(registry: Registry, entry: Entry, files: Mapping[str, Owner]) -> Iterator[str]:
    """The faults of the owners that the entry's files name, by handle."""
    for handle, of in files.items():
        if fault := removed(registry.gone, of, handle, f"the {entry.source}") or disbelieved(
            registry, entry, handle, of
        ):
            yield fault


def stored_removed(registry: Registry, held: Iterable[Facts]) -> Iterator[str]:
    """The reasons why stored posts may not be used, one for each account of a removed person."""
    for facts in held:
        if fault := removed(registry.gone, of_facts(facts), facts.handle, "what the store holds"):
            yield fault


def stored_faults(registry: Registry, entry: Entry, held: Iterable[Facts]) -> Iterator[str]:
    """The faults of the owners of the entry's stored posts."""
    held = list(held)
    found = list(stored_removed(registry, held))
    yield from found
    for facts in () if found or not SOURCES[entry.source].reads_file else held:
        if facts.handle not in entry.files and (
            fault := disbelieved(registry, entry, facts.handle, of_facts(facts))
        ):
            yield fault


def is_unnamed(network: str, account: str | None) -> bool:
    """Whether a file that posts came from names no owner, by the network and the account that were read of it.

    An archive of Mastodon names the handle, which nobody can change there, and has no number of the account.
    """
    return account is None and network != "mastodon"


def proves_consent(network: str, account: str | None) -> bool:
    """Whether somebody who has a file of an account is likely to be its owner.

    Not where the file names no owner, nor on Bluesky, where everybody can download everybody's repository.
    """
    return network != "bluesky" and not is_unnamed(network, account)


def is_unproven(entry: Entry, files: Mapping[str, Owner]) -> bool:
    """Whether a file of the entry names no owner, as JSON Lines do not: then nothing shows whose posts they are.

    An account's id alone is enough where the entry has it, too.
    """
    unread = entry.source == "jsonl" and len(files) < len(entry.files)
    named = (
        of.handle or (of.account and of.account == entry.accounts.get(handle)) for handle, of in files.items()
    )
    return unread or not all(named)
