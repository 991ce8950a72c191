"""The store: posts already fetched, so that each is read and paid for once, at a place of `places.SUPPORTED`.

    NETWORK/HANDLE/posts-DIGEST.jsonl.gz    one file, several after two runs at once, until the next merge
    NETWORK/HANDLE/facts.json               what a plan asks; made anew from the posts where it does not fit
    notes/NAME.json                         what the bot remembers of a model between runs
    ledger/NETWORK/MONTH/RUN.json           what a run has paid for
    purged/RANDOM.json                      that a purge took place, so that runs older than it restore nobody

Posts are only ever added as a new file, and files that it contains are removed after: two runs at once, or a
run killed at any instant, lose no post, and no lock is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from urllib.parse import unquote

from bot.errors import BotError, Skipped, SourceError
from bot.hub import repo_people
from bot.sources import SOURCES, Cursor, is_paid, network_of
from bot.sources.posts import Ending, Network, Timeline
from bot.store import gaps, ledger, lookups, notes, retention
from bot.store.account import FACTS, UNLISTED, AccountFolder, Found, is_accounts
from bot.store.backends import open_files
from bot.store.facts import Check, Facts
from bot.store.format import Segment, merged
from bot.store.gaps import EVERYTHING, Gap
from bot.store.losses import losses
from bot.store.marks import Marks, PurgedDuringRun
from bot.store.names import key, quoted
from bot.store.places import Place, place_of
from bot.store.purged import Purged
from bot.store.reading import Reading, iterate, profile_after, still_unread

__all__ = ["Check", "Facts", "Gap", "Merged", "Purged", "PurgedDuringRun", "Store"]

NETWORKS: tuple[Network, ...] = get_args(Network)
"""The folders of accounts."""

_NOUNS = {"archive": "archive", "jsonl": "file"}


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: posts that were new, posts now there, posts gone from the network and from here."""

    added: int
    total: int
    gone: int = 0
    warnings: tuple[str, ...] = ()


class Store:
    """Accounts by network and handle, in whatever case. An X archive and the X API fill the same account.

    Every method raises SourceError, a sentence without any post's text, when the store cannot be used.

    A run begins with the first account or note that it asks for. What names a person who is purged after that is
    not written by it any more: PurgedDuringRun, and nothing is half-stored. `removed` says whether a handle has a
    tombstone by now; nothing of such a person is merged either.
    """

    def __init__(self, where: str | Place, removed: Callable[[str], bool] = lambda _: False) -> None:
        """Opens a path or URL. UsageError for a place that holds no store."""
        self._place = place_of(where) if isinstance(where, str) else where
        self._files = open_files(self._place)
        self._removed = removed
        self._marks = Marks(self._files)

    def load(self, handle: str, source: str) -> Timeline | None:
        """The account's profile and posts, or None when nothing was ever stored.

        A damaged file is set aside and named in the timeline's warnings; SourceError when nothing is left.
        """
        found = self._account(handle, source).read()
        if found.segment is None:
            if not found.damaged:
                return None
            raise SourceError("; ".join(found.warnings))
        segment = found.segment
        return Timeline(segment.profile, tuple(segment.posts.values()), found.warnings, segment.not_fetched)

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

        Stored under `handle`, else the profile's. `complete` says that the reading holds all there is from its
        oldest to its newest post: what it lacks was deleted by its author, and goes, see `losses`. An `Ending` says,
        once the posts are through, that it holds all there is of the account. `all_asked`: no more can be read, so
        no gap is left, whether that is all there is or not.
        `since` and `until` are what the source was asked for; a gap between them is closed.

        Where iterating over the posts raises, those that came are stored together with the gap that is left,
        and the same error is raised; of a `paid` reading so much is stored on the way, should the run be killed.
        Raises SourceError, and stores nothing, if the account belongs to another id now. Raises PurgedDuringRun
        if the person was purged after this reading began, and Skipped if they have a tombstone.
        """
        handle = handle or timeline.profile.handle
        account = self._account(handle, source)
        first = account.read()
        account.check_owner(handle, first, timeline.profile.id)  # before anything is paid for

        def add(reading: Reading) -> Merged:
            asked = (since, until)
            return self._add(account, timeline, reading, source, now, complete, all_asked, asked, first)

        reading = iterate(timeline, add if paid and (complete or all_asked or since or until) else None)
        if reading.broke is not None and not reading.posts:
            raise reading.broke
        try:
            done = add(reading)
        except BotError as error:
            if reading.broke is not None:
                raise reading.broke from error
            raise
        if reading.broke is not None:
            raise reading.broke
        return done

    def _add(
        self,
        account: AccountFolder,
        timeline: Timeline,
        reading: Reading,
        source: str,
        now: datetime,
        whole: bool | Ending,
        all_asked: bool,
        asked: gaps.Span,
        first: Found,
    ) -> Merged:
        evidence = bool(whole) and reading.broke is None
        complete = evidence or (all_asked and reading.broke is None)
        if self._removed(account.handle):
            raise Skipped("a person asked to be removed while this ran; nothing of them was stored")
        found = account.read()  # again: another run may have added to it meanwhile
        account.check_owner(account.handle, found, timeline.profile.id)
        old = found.segment
        before = old.posts if old else {}
        everything = (
            asked == EVERYTHING and reading.broke is None
        )  # a part of a timeline lacks the rest of it
        network = not SOURCES[source].reads_file
        known_before = first.segment.posts if first.segment else {}  # of what came since, this proves nothing
        lost = losses(
            {key: post for key, post in before.items() if key in known_before} if everything else {},
            reading.posts,
            complete=evidence,
            paid=not is_paid([source]) and old is not None and is_paid(old.sources),
            reading=_NOUNS.get(source, "reading"),
            how_to_drop=f"bot purge {account.handle}, then read it again",
            not_fetched=timeline.not_fetched,
            to_both_ends=isinstance(whole, Ending),
        )
        gone = lost.gone
        posts = merged({key: post for key, post in before.items() if key not in gone}, reading.posts)
        known = account.known()
        profile = profile_after(timeline.profile, old.profile if old else None, known.id if known else None)
        starts_over = bool(found.damaged) and asked == EVERYTHING
        unread = old.unread() if old and not starts_over else [EVERYTHING]
        left_out = {*(old.not_fetched if old and not complete else ()), *timeline.not_fetched}
        segment = Segment(
            profile,
            now,
            posts,
            tuple(sorted({source, *(old.sources if old else ())})),
            gaps.gaps(still_unread(unread, reading, asked, complete)),
            tuple(sorted(left_out)),
        )
        starts_again = complete or (starts_over and reading.broke is not None)  # ... or the gap tells of it
        made_up_for = found.damaged if starts_again else ()
        check = lookups.after_reading(
            known.check if known else None,
            now,
            network=network,
            evidence=evidence,
            first=old is None and not found.damaged,
            added=bool(reading.posts.keys() - before.keys()),
            held_back=lost.held_back,
        )
        if len(found.files) != 1 or old is None or replace(segment, read_at=old.read_at) != old:
            account.write(segment, found.files, now, made_up_for, check)
        else:  # only a network has more as time goes by
            account.confirm(segment, found.files[0], now, made_up_for, clock=network, check=check)
        if account.purged():  # between the look before and the writing: what was written goes again
            self._purge(account.handle)
            raise PurgedDuringRun
        seen = replace(found, damaged=tuple(dict.fromkeys((*first.damaged, *found.damaged))))
        told = (*lost.warnings, *(seen.made_up if complete else seen.warnings))
        return Merged(len(reading.posts.keys() - known_before.keys()), len(posts), len(gone), told)

    def looked_up(
        self,
        handle: str,
        source: str,
        asked: int,
        gone: Collection[str],
        newer: Mapping[str, str],
        check: Check | None,
    ) -> tuple[str, ...]:
        """Drops posts that a look-up of `asked` stored ones found `gone`; see `lookups.record`. Returns warnings."""
        return lookups.record(self._account(handle, source), asked, gone, newer, check)

    def facts(self, handle: str, source: str, *, check: bool = False) -> Facts | None:
        """What is known of an account, from its small file alone; None when nothing was ever stored.

        `check` opens the posts as well, so that damage is known before a reading that relies on them is paid.
        """
        account = self._account(handle, source)
        if check:
            return account.facts_of(account.read(), account.known())
        names = self._files.names(account.path)
        return account.facts(names, self._files.read(f"{account.path}/{FACTS}") if names else None)

    def all_facts(self) -> dict[tuple[str, str], Facts]:
        """The facts of every account, by network and handle in lower case: the plan's view."""
        folders = self._folders()
        read = self._files.read_many(
            [f"{folder}/{FACTS}" for folder, names in folders.items() if FACTS in names]
        )
        every = [
            self._folder(folder).facts(names, read.get(f"{folder}/{FACTS}"))
            for folder, names in folders.items()
        ]
        return {(one.network, one.handle): one for one in every if one}

    def remember(self, name: str, *, handles: Sequence[str] = (), **values: Any) -> None:
        """Notes JSON values under a model's name; None forgets one. `handles` let `purge` find the note.

        Raises PurgedDuringRun, and writes nothing, when one of the people was purged since this run began.
        """
        known = notes.read(self._files, name).get("handles")
        people = {*handles, *repo_people.possible(name), *(known if isinstance(known, list) else ())}
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
        """What was remembered of a model; empty when nothing was. Damaged notes count as none."""
        self._marks.seen()
        return notes.read(self._files, name)

    def all_notes(self) -> dict[str, dict[str, Any]]:
        """What was remembered, of every model by name."""
        return notes.read_all(self._files)

    def record_reads(self, network: str, run: str, reads: int, now: datetime) -> None:
        """Writes down that a run (any unique id) has paid for reads; a negative number gives some back."""
        ledger.add(self._files, network, run, reads, now)

    def reads(self, network: str, month: date) -> int:
        """What all runs together have paid for on that network in a month (a time's, in UTC)."""
        return ledger.total(self._files, network, month)

    def purge(self, handle: str) -> Purged:
        """Removes every trace of a handle, on every network, and notes on models that hold it; then looks again.

        A mark is left first: a run that is at work and began before stores nothing of the person any more. A place
        that keeps what is deleted is made to forget it, or what remains is said; see `bot.store.retention`. Raises
        SourceError when files of the person are listed afterwards.
        """
        name = key(handle)
        renamed = {stored for (_, stored), facts in self.all_facts().items() if facts.known_as == name}
        self._marks.leave({name, *renamed}, datetime.now(UTC))
        count = self._purge(handle)
        if left := self._purge(handle):
            raise SourceError(
                f"store {self._files.url}: {left} files of this person were written during the purge and are "
                "gone now; run it again"
            )
        said = retention.forget(self._place)
        listed = "the store was listed again and shows no file of this person"
        return Purged(count, (listed, *said.checked), tuple(said.remains))

    def _purge(self, handle: str) -> int:
        name = key(handle)
        folders = {f"{network}/{quoted(name)}" for network in NETWORKS}
        for (network, stored), facts in self.all_facts().items():
            if facts.known_as == name:  # renamed, or imported under another handle
                folders.add(f"{network}/{quoted(stored)}")
        count = sum(map(self._files.remove_folder, sorted(folders)))
        return count + notes.purge(self._files, name)

    def purge_unlisted(
        self, listed: Collection[tuple[str, str]], keep: timedelta, now: datetime
    ) -> list[str]:
        """Removes accounts that have been in no registry for as long as `keep`; returns their handles, sorted.

        `listed` are the registry's, by network and handle. When an account was first missing is remembered in
        its folder, and forgotten when it is listed again.
        """
        wanted = {(network, key(handle)) for network, handle in listed}
        still = {handle for _, handle in wanted}
        purged = set()
        for folder, names in self._folders().items():
            account = self._folder(folder)
            if (folder.partition("/")[0], account.handle) in wanted:
                if UNLISTED in names:
                    account.listed_again()
            elif now - account.unlisted_since(now) >= keep:
                self._files.remove_folder(folder)
                if account.handle not in still:
                    notes.purge(self._files, account.handle)
                purged.add(account.handle)
        return sorted(purged)

    def _account(self, handle: str, source: str) -> AccountFolder:
        return self._folder(f"{network_of(source)}/{quoted(key(handle))}")

    def _folder(self, path: str) -> AccountFolder:
        """An account's folder. What was seen is fixed here: a later purge, this run's own too, ends this reading."""
        seen, handle = self._marks.seen(), unquote(path.partition("/")[2])
        return AccountFolder(self._files, path, lambda: self._marks.purged([handle], seen))

    def _folders(self) -> dict[str, list[str]]:
        """The names in every account's folder. What else lies there, say in a shared bucket, is no account's."""
        folders: dict[str, list[str]] = {}
        for network in NETWORKS:
            for path in self._files.below(network):
                folder, _, name = path.rpartition("/")
                if folder.count("/") == 1:
                    folders.setdefault(folder, []).append(name)
        return {folder: names for folder, names in folders.items() if any(map(is_accounts, names))}
