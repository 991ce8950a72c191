"""The store's own interface: accounts, notes and the ledger of one place, as one run uses them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from bot.errors import BotError, Skipped, SourceError
from bot.hub import repo_people
from bot.sources import Cursor
from bot.sources.posts import Ending, Timeline
from bot.store import ledger, lookups, merging, notes, purging
from bot.store.account import FACTS, AccountFolder, StoredPosts
from bot.store.accounts import Accounts
from bot.store.backends import open_files
from bot.store.facts import Check, Facts
from bot.store.merging import Merged
from bot.store.places import Place, place_of
from bot.store.purge_marks import Marks, PurgedDuringRun
from bot.store.purging import Purged
from bot.store.reading import Reading, iterate


class Store:
    """Accounts by network and handle, whose case is ignored. An X archive and the X API fill the same account.

    Every method raises SourceError, a sentence without any post's text, when the store cannot be used.

    A run begins with the first account or note that it reads. It writes nothing that names a person who is purged
    after that: PurgedDuringRun, and nothing is half-stored. `removed(handle)` is True once a handle has a tombstone;
    nothing of such a person is merged either.
    """

    def __init__(self, where: str | Place, removed: Callable[[str], bool] = lambda _: False) -> None:
        """Opens a path or URL. UsageError for a place that cannot hold a store."""
        self._place = place_of(where) if isinstance(where, str) else where
        self._files = open_files(self._place)
        self._removed = removed
        self._marks = Marks(self._files)
        self._accounts = Accounts(self._files, self._marks)

    def load(self, handle: str, source: str) -> Timeline | None:
        """The account's profile and posts, or None when nothing was ever stored.

        A damaged file is set aside and named in the timeline's warnings; SourceError when nothing is left.
        """
        stored = self._accounts.account(handle, source).read()
        if stored.segment is None:
            if not stored.damaged:
                return None
            raise SourceError("; ".join(stored.warnings))
        segment = stored.segment
        return Timeline(segment.profile, tuple(segment.posts.values()), stored.warnings, segment.not_fetched)

    def merge(
        self,
        timeline: Timeline,
        source: str,
        *,
        now: datetime,
        handle: str | None = None,
        complete: bool | Ending = False,
        all_asked: bool = False,
        since: Cursor | None = None,
        until: Cursor | None = None,
        paid: bool = False,
    ) -> Merged:
        """Adds a reading: each id once, the later reading of a post wins, an edit is never undone.

        Stored under `handle`, else the profile's. `complete`: the reading holds every post from its oldest to its
        newest, so that a stored one missing in between was deleted by its author and is removed, see `losses`. An
        `Ending` is true, once the posts are read, if they are all of the account. `all_asked`: no more can be read,
        so no gap is left, whether these are all or not.
        `since` and `until` are what the source was asked for; a gap between them is closed.

        Where iterating over the posts raises, those read so far are stored together with the gap that is left,
        and the same error is raised; a `paid` reading is stored in parts as it goes on, should the run be killed.
        Raises SourceError, and stores nothing, if the account belongs to another id now. Raises PurgedDuringRun
        if the person was purged after this reading began, and Skipped if they have a tombstone.
        """
        handle = handle or timeline.profile.handle
        account = self._accounts.account(handle, source)
        first = account.read()
        account.check_owner(handle, first, timeline.profile.id)  # before anything is paid for
        request = merging.Request(account.handle, timeline, source, now, (since, until), complete, all_asked)

        def add(reading: Reading) -> Merged:
            return self._add(account, request, reading, first)

        reading = iterate(timeline, add if paid and (complete or all_asked or since or until) else None)
        if reading.broke is not None and not reading.posts:
            raise reading.broke
        try:
            result = add(reading)
        except BotError as error:
            if reading.broke is not None:
                raise reading.broke from error
            raise
        if reading.broke is not None:
            raise reading.broke
        return result

    def _add(
        self, account: AccountFolder, request: merging.Request, reading: Reading, first: StoredPosts
    ) -> Merged:
        if self._removed(account.handle):
            raise Skipped("a person asked to be removed while this ran; nothing of them was stored")
        stored = account.read()  # again: another run may have added to it meanwhile
        account.check_owner(account.handle, stored, request.timeline.profile.id)
        before = merging.Before(first, stored, account.stored_facts())
        merge = merging.merge(before, request, reading)
        merging.write(account, before, request, merge)
        if account.purged():  # between the look before and the writing: what was written goes again
            purging.remove_files(self._accounts, account.handle)
            raise PurgedDuringRun
        return merge.result

    def looked_up(
        self,
        handle: str,
        source: str,
        asked: int,
        gone: Collection[str],
        newer: Mapping[str, str],
        check: Check | None,
    ) -> tuple[str, ...]:
        """Removes posts that a look-up of `asked` stored ones found `gone`; see `lookups.record`. Returns warnings."""
        return lookups.record(self._accounts.account(handle, source), asked, gone, newer, check)

    def facts(self, handle: str, source: str, *, check: bool = False) -> Facts | None:
        """The facts of an account, from its file of facts alone; None when nothing was ever stored.

        `check` reads the posts as well, so that damage is known before a reading that relies on them is paid.
        """
        account = self._accounts.account(handle, source)
        if check:
            return account.refreshed_facts(account.read(), account.stored_facts())
        names = self._files.names(account.path)
        return account.facts(names, self._files.read(f"{account.path}/{FACTS}") if names else None)

    def all_facts(self) -> dict[tuple[str, str], Facts]:
        """The facts of every account, by network and handle in lower case."""
        return self._accounts.all_facts()

    def remember(self, name: str, *, handles: Sequence[str] = (), **values: Any) -> None:
        """Adds JSON values to the notes on a model; None removes one. `purge` finds the notes by `handles`.

        Raises PurgedDuringRun, and writes nothing, when one of the people was purged since this run began.
        """
        noted = notes.read(self._files, name).get("handles")
        people = {*handles, *repo_people.possible(name), *(noted if isinstance(noted, list) else ())}
        if self._marks.purged(map(str, people)):
            raise PurgedDuringRun
        notes.remember(self._files, name, handles, values)
        if self._marks.purged(map(str, people)):  # between the look and the writing
            notes.forget(self._files, name)
            raise PurgedDuringRun

    def purged_since_start(self, handles: Iterable[str]) -> bool:
        """Whether one of these people was purged since this run began."""
        return self._marks.purged(handles)

    def notes(self, name: str) -> dict[str, Any]:
        """The notes on a model; empty when there are none, or damaged ones."""
        self._marks.seen()
        return notes.read(self._files, name)

    def all_notes(self) -> dict[str, dict[str, Any]]:
        """The notes on every model, by its name."""
        return notes.read_all(self._files)

    def record_reads(self, network: str, run: str, reads: int, now: datetime) -> None:
        """Adds to the reads that a run (any unique id) has paid for; a negative number gives some back."""
        ledger.add(self._files, network, run, reads, now)

    def reads(self, network: str, month: date) -> int:
        """The reads that all runs together have paid for on a network in a month (in UTC)."""
        return ledger.total(self._files, network, month)

    def purge(self, handle: str) -> Purged:
        """Removes every trace of a handle, also from the history of a place that keeps one; see `purging.purge`."""
        return purging.purge(self._accounts, self._place, handle)

    def purge_unlisted(
        self, listed: Collection[tuple[str, str]], keep: timedelta, now: datetime
    ) -> list[str]:
        """Removes accounts that have been in no registry for `keep`; see `purging.purge_unlisted`."""
        return purging.purge_unlisted(self._accounts, listed, keep, now)
