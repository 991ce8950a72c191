"""Merging a reading into an account: what it makes of the stored posts is computed as a value, then written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.sources import SOURCES, is_paid
from bot.sources.posts import Ending, Post, Timeline
from bot.store import gaps, lookups
from bot.store.account import AccountFolder, StoredPosts
from bot.store.facts import Check, Facts
from bot.store.format import Segment, merged
from bot.store.gaps import EVERYTHING, Span
from bot.store.losses import Losses, losses
from bot.store.reading import Reading, profile_after, still_unread

_NOUNS = {"archive": "archive", "jsonl": "file"}


@dataclass(frozen=True, slots=True)
class Merged:
    """The counts of a merge: posts that were new, posts now stored, posts removed since their network lost them."""

    added: int
    total: int
    gone: int = 0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A timeline to be merged into an account, and what its source was asked for; see `Store.merge`."""

    handle: str
    timeline: Timeline
    source: str
    now: datetime
    asked: Span
    complete: bool | Ending
    all_asked: bool

    @property
    def is_network(self) -> bool:
        """Whether the source is a network, which has more posts as time goes by, and not a file."""
        return not SOURCES[self.source].reads_file

    def is_evidence(self, reading: Reading) -> bool:
        """Whether a reading shows all there is, so that a post missing in it was deleted."""
        return bool(self.complete) and reading.broke is None

    def leaves_no_gap(self, reading: Reading) -> bool:
        """Whether nothing more can be read after a reading."""
        return (bool(self.complete) or self.all_asked) and reading.broke is None


@dataclass(frozen=True, slots=True)
class Before:
    """What is stored: `first` when the reading began, `now` and its `facts` when it is merged.

    Another run may have added posts in between, and a reading that began before proves nothing about those.
    """

    first: StoredPosts
    now: StoredPosts
    facts: Facts | None


@dataclass(frozen=True, slots=True)
class Merge:
    """A reading merged with the stored posts, to be written.

    `repaired` are the damaged files whose posts are stored again, or in a gap; `check` is the state of the look
    for deletions.
    """

    segment: Segment
    repaired: tuple[str, ...]
    check: Check | None
    result: Merged


def merge(before: Before, request: Request, reading: Reading) -> Merge:
    """The stored posts with the reading of a request. Reads and writes nothing."""
    lost = _losses(before, request, reading)
    segment = _segment(before, request, reading, lost.gone)
    stored, no_gap = before.now, request.leaves_no_gap(reading)
    check = lookups.after_reading(
        before.facts.check if before.facts else None,
        request.now,
        network=request.is_network,
        evidence=request.is_evidence(reading),
        first=stored.segment is None and not stored.damaged,
        added=bool(reading.posts.keys() - stored.posts.keys()),
        held_back=lost.held_back,
    )
    seen = replace(stored, damaged=tuple(dict.fromkeys((*before.first.damaged, *stored.damaged))))
    result = Merged(
        added=len(reading.posts.keys() - before.first.posts.keys()),
        total=len(segment.posts),
        gone=len(lost.gone),
        warnings=(*lost.warnings, *(seen.repaired_warnings if no_gap else seen.warnings)),
    )
    gap_records_it = request.asked == EVERYTHING and reading.broke is not None
    return Merge(segment, stored.damaged if no_gap or gap_records_it else (), check, result)


def write(account: AccountFolder, before: Before, request: Request, merge: Merge) -> None:
    """Writes a merge; only the facts where the posts are the same. Raises PurgedDuringRun."""
    old, files = before.now.segment, before.now.files
    if len(files) == 1 and old is not None and replace(merge.segment, read_at=old.read_at) == old:
        account.confirm(
            merge.segment, files[0], request.now, merge.repaired, clock=request.is_network, check=merge.check
        )
    else:
        account.write(merge.segment, files, request.now, merge.repaired, merge.check)


def _losses(before: Before, request: Request, reading: Reading) -> Losses:
    """The stored posts that the reading shows to be deleted; none where it was asked for a part of a timeline."""
    old = before.now.segment
    candidates: dict[str, Post] = {}
    if request.asked == EVERYTHING and reading.broke is None:
        candidates = {key: post for key, post in before.now.posts.items() if key in before.first.posts}
    return losses(
        candidates,
        reading.posts,
        complete=request.is_evidence(reading),
        paid=not is_paid([request.source]) and old is not None and is_paid(old.sources),
        reading=_NOUNS.get(request.source, "reading"),
        how_to_drop=f"bot purge {request.handle}, then read it again",
        not_fetched=request.timeline.not_fetched,
        to_both_ends=isinstance(request.complete, Ending),
    )


def _segment(before: Before, request: Request, reading: Reading, gone: frozenset[str]) -> Segment:
    """All posts of the account after the merge, and the gaps that are left."""
    old, facts, timeline = before.now.segment, before.facts, request.timeline
    no_gap = request.leaves_no_gap(reading)
    starts_over = old is None or (bool(before.now.damaged) and request.asked == EVERYTHING)
    unread = [EVERYTHING] if old is None or starts_over else old.unread()
    not_fetched = {*(old.not_fetched if old and not no_gap else ()), *timeline.not_fetched}
    return Segment(
        profile_after(timeline.profile, old.profile if old else None, facts.id if facts else None),
        request.now,
        merged({key: post for key, post in before.now.posts.items() if key not in gone}, reading.posts),
        tuple(sorted({request.source, *(old.sources if old else ())})),
        gaps.gaps(still_unread(unread, reading, request.asked, no_gap)),
        tuple(sorted(not_fetched)),
    )
