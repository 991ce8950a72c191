"""Purging: a person removed from a store at once, and accounts that no registry lists after a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.errors import SourceError
from bot.store import notes, retention
from bot.store.account import UNLISTED
from bot.store.accounts import NETWORKS, Accounts
from bot.store.names import key, quoted
from bot.store.places import Place


@dataclass(frozen=True, slots=True)
class Purged:
    """The result of a purge. `files` is how many were removed; 0 when there was no trace.

    `checked` are sentences, each naming what was read afterwards and what it showed. `remains` are sentences, each
    naming a place that may still hold the person's posts, and the call that clears it. Neither names the person.
    """

    files: int
    checked: tuple[str, ...] = ()
    remains: tuple[str, ...] = ()


def purge(accounts: Accounts, place: Place, handle: str) -> Purged:
    """Removes a handle from every network, and notes on models that hold it; then lists the store again.

    A mark is written first, so that a run that began before stores nothing of the person any more. Raises
    SourceError when files of the person are listed afterwards.
    """
    name = key(handle)
    renamed = {stored for (_, stored), facts in accounts.all_facts().items() if facts.known_as == name}
    accounts.marks.leave({name, *renamed}, datetime.now(UTC))
    count = remove_files(accounts, handle)
    if left := remove_files(accounts, handle):
        raise SourceError(
            f"store {accounts.files.url}: {left} files of this person were written during the purge and are "
            "gone now; run it again"
        )
    erasure = retention.forget(place)
    listed = "the store was listed again and shows no file of this person"
    return Purged(count, (listed, *erasure.checked), tuple(erasure.remains))


def remove_files(accounts: Accounts, handle: str) -> int:
    """Removes the accounts of a handle, also renamed ones, and notes that name it; returns how many files."""
    name = key(handle)
    folders = {f"{network}/{quoted(name)}" for network in NETWORKS}
    for (network, stored), facts in accounts.all_facts().items():
        if facts.known_as == name:  # renamed, or imported under another handle
            folders.add(f"{network}/{quoted(stored)}")
    count = sum(map(accounts.files.remove_folder, sorted(folders)))
    return count + notes.purge(accounts.files, name)


def purge_unlisted(
    accounts: Accounts, listed: Collection[tuple[str, str]], keep: timedelta, now: datetime
) -> list[str]:
    """Removes accounts that have been in no registry for as long as `keep`; returns their handles, sorted.

    `listed` are the registry's, by network and handle. The time when an account was first missing is stored in its
    folder, and removed when it is listed again.
    """
    wanted = {(network, key(handle)) for network, handle in listed}
    still_listed = {handle for _, handle in wanted}
    purged = set()
    for folder, names in accounts.folders().items():
        account = accounts.at(folder)
        if (folder.partition("/")[0], account.handle) in wanted:
            if UNLISTED in names:
                account.listed_again()
        elif now - account.unlisted_since(now) >= keep:
            accounts.files.remove_folder(folder)
            if account.handle not in still_listed:
                notes.purge(accounts.files, account.handle)
            purged.add(account.handle)
    return sorted(purged)
