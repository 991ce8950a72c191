"""Readings that break off: what was paid for is kept, and what was not read stays known."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_places import memory

from bot.errors import Deferred, SourceError
from bot.sources import Cursor
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Facts, Gap, Store
from bot.store.account import AccountFolder
from bot.store.files import Folder
from bot.store.places import Place

pytest_plugins = ["store_fixtures"]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Profile("ada_example", "Ada", "x", id="42")


def post(number: int) -> Post:
    return Post(str(number), f"post number {number} sings", NOW + timedelta(hours=number))


def mark(number: int) -> Cursor:
    return Cursor(str(number), NOW + timedelta(hours=number))


def newest_first(
    numbers: range, breaks_at: int | None = None, error: BaseException | None = None
) -> Iterator[Post]:
    for number in reversed(numbers):
        if number == breaks_at:
            raise error or SourceError("the network is gone")
        yield post(number)


def read(
    store: Store,
    numbers: range,
    since: Cursor | None,
    until: Cursor | None = None,
    *,
    breaks_at: int | None = None,
    error: BaseException | None = None,
    complete: bool = False,
) -> None:
    timeline = Timeline(ADA, newest_first(numbers, breaks_at, error))
    store.merge(timeline, "x", now=NOW, complete=complete, since=since, until=until)


def facts(store: Store) -> Facts:
    found = store.facts("ada_example", "x")
    assert found is not None
    return found


def held(store: Store) -> set[int]:
    timeline = store.load("ada_example", "x")
    assert timeline is not None
    return {int(post.id) for post in timeline.posts}


@pytest.fixture
def store(place: Place) -> Store:
    return Store(place)


@pytest.mark.parametrize(
    "error",
    [SourceError("the network is gone"), Deferred("no credits"), KeyboardInterrupt(), RuntimeError("a bug")],
)
def test_what_was_read_before_a_break_is_kept_with_the_gap_and_the_error_goes_on(
    store: Store, error: BaseException
) -> None:
    read(store, range(1, 4), None, complete=True)
    with pytest.raises(type(error)) as caught:
        read(store, range(4, 11), mark(3), breaks_at=7, error=error)
    assert caught.value is error
    assert held(store) == {1, 2, 3, 8, 9, 10}
    assert facts(store).gap == Gap(mark(3), mark(8))
    assert facts(store).newest == mark(10)


def test_a_first_reading_that_breaks_leaves_a_gap_to_the_beginning(store: Store) -> None:
    with pytest.raises(SourceError):
        read(store, range(1, 11), None, breaks_at=7, complete=True)
    assert facts(store).gaps == (Gap(None, mark(8)),)


@pytest.mark.parametrize("known", [0, 100])
def test_what_is_paid_for_is_stored_on_the_way_so_that_a_killed_run_pays_little_twice(
    tmp_path: Path, known: int
) -> None:
    store = Store(str(tmp_path / "store"))
    if known:
        read(store, range(1, known + 1), None, complete=True)
    since = mark(known) if known else None

    def copied_on_the_way() -> Iterator[Post]:
        for number in reversed(range(known + 1, 1301)):
            if number == 250:  # a copy is what a kill would leave
                shutil.copytree(tmp_path / "store", tmp_path / "killed")
            yield post(number)

    merged = store.merge(
        Timeline(ADA, copied_on_the_way()), "x", now=NOW, complete=not known, since=since, paid=True
    )
    assert (merged.added, merged.total, merged.gone) == (1300 - known, 1300, 0)
    assert facts(store).gaps == ()
    killed = Store(str(tmp_path / "killed"))
    assert held(killed) == {*range(1, known + 1), *range(301, 1301)}
    assert facts(killed).gaps == (Gap(since, mark(301)),)
    read(killed, range(known + 1, 301), since, mark(301))
    assert facts(killed).gaps == ()
    assert held(killed) == held(store) == set(range(1, 1301))


def test_a_reading_that_breaks_before_its_first_post_changes_nothing(store: Store) -> None:
    read(store, range(1, 4), None)
    with pytest.raises(SourceError, match="gone"):
        read(store, range(4, 11), mark(3), breaks_at=10)
    assert facts(store).gaps == ()
    assert held(store) == {1, 2, 3}


def test_a_gap_is_closed_by_reading_it_and_shrinks_when_that_breaks(store: Store) -> None:
    read(store, range(1, 4), None)
    with pytest.raises(SourceError):
        read(store, range(4, 21), mark(3), breaks_at=15)
    gap = facts(store).gap
    assert gap == Gap(mark(3), mark(16))
    with pytest.raises(SourceError):
        read(store, range(4, 16), gap.since, gap.until, breaks_at=9)
    gap = facts(store).gap
    assert gap == Gap(mark(3), mark(10))
    assert facts(store).newest == mark(20)
    read(store, range(4, 10), gap.since, gap.until)
    assert facts(store).gap is None
    assert held(store) == set(range(1, 21))


def test_a_gap_that_holds_no_post_any_more_is_closed(store: Store) -> None:
    with pytest.raises(SourceError):
        read(store, range(1, 11), None, breaks_at=7)
    read(store, range(0), None, mark(8))
    assert facts(store).gap is None


def test_several_gaps_are_distinguished_so_that_nothing_is_paid_for_twice(store: Store) -> None:
    with pytest.raises(SourceError):
        read(store, range(1, 11), None, breaks_at=5)
    with pytest.raises(SourceError):
        read(store, range(11, 21), mark(10), breaks_at=15)
    assert facts(store).gaps == (Gap(mark(10), mark(16)), Gap(None, mark(6)))
    assert facts(store).gap == Gap(mark(10), mark(16))
    read(store, range(21, 23), mark(20))
    assert facts(store).gaps == (Gap(mark(10), mark(16)), Gap(None, mark(6)))
    read(store, range(11, 16), mark(10), mark(16))
    assert facts(store).gaps == (Gap(None, mark(6)),)


def test_a_complete_reading_closes_every_gap(store: Store) -> None:
    with pytest.raises(SourceError):
        read(store, range(1, 11), None, breaks_at=5)
    read(store, range(1, 12), None, complete=True)
    assert facts(store).gaps == ()


def test_a_full_reading_that_breaks_opens_no_gap_where_posts_were_read_before(store: Store) -> None:
    read(store, range(1, 11), None, complete=True)
    with pytest.raises(SourceError):
        read(store, range(1, 13), None, breaks_at=5, complete=True)
    assert facts(store).gaps == ()
    assert held(store) == set(range(1, 13))


def test_a_reading_newer_than_the_store_knows_leaves_a_gap(store: Store) -> None:
    """Another run purged the account after this one looked at it."""
    read(store, range(4, 8), mark(3))
    assert facts(store).gaps == (Gap(None, mark(3)),)


def test_a_gap_survives_the_loss_of_the_facts(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    read(store, range(1, 4), None)
    with pytest.raises(SourceError):
        read(store, range(4, 11), mark(3), breaks_at=7)
    (file,) = tmp_path.rglob("facts.json")
    before = facts(store)
    for contents in (None, b"", b"{}", b'{"gaps": [[1, 2]]}'):
        file.unlink() if contents is None else file.write_bytes(contents)
        assert facts(store) == replace(before, check=None)  # when posts were last looked for is known no more
        assert before.gap == Gap(mark(3), mark(8))


@pytest.mark.parametrize("other", ["whole", "broken later"])
def test_of_two_runs_at_once_what_either_has_read_was_read(
    store: Store, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(store, range(1, 4), None)
    both_have_read = threading.Barrier(2, timeout=10)
    write = AccountFolder.write

    def slow(self: AccountFolder, *arguments: Any) -> None:
        both_have_read.wait()
        write(self, *arguments)

    def run(breaks_at: int | None) -> None:
        with contextlib.suppress(SourceError):
            read(store, range(4, 11), mark(3), breaks_at=breaks_at)

    monkeypatch.setattr(AccountFolder, "write", slow)
    runs = [threading.Thread(target=run, args=(at,)) for at in (8, None if other == "whole" else 6)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    monkeypatch.undo()
    assert facts(store).gaps == (() if other == "whole" else (Gap(mark(3), mark(7)),))
    assert held(store) >= set(range(1, 4)) | {9, 10}


def test_a_break_over_damaged_posts_leaves_all_that_is_older_to_be_read_again(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    read(store, range(1, 11), None)
    (file,) = tmp_path.rglob("posts-*")
    file.write_bytes(b"damaged")
    checked = store.facts("ada_example", "x", check=True)
    assert checked is not None
    assert (checked.damaged, checked.since, checked.id) == (True, None, "42")
    with pytest.raises(SourceError, match="gone"):
        read(store, range(1, 13), None, breaks_at=5, complete=True)
    after = facts(store)
    assert (after.damaged, after.gap) == (False, Gap(None, mark(6)))
    read(store, range(1, 6), None, mark(6))
    assert held(store) == set(range(1, 13))
    assert facts(store).gap is None


def test_another_owner_is_refused_before_a_post_is_paid_for(store: Store) -> None:
    def paid() -> Iterator[Post]:
        raise AssertionError("a post was asked for")
        yield post(1)

    read(store, range(1, 4), None)
    stranger = Profile("ada_example", "Ada", "x", id="43")
    with pytest.raises(SourceError, match="has another owner"):
        store.merge(Timeline(stranger, paid()), "x", now=NOW)


class Killed(BaseException):
    """The process ended here."""


def test_killed_at_any_change_while_a_broken_reading_is_stored_no_post_is_lost_or_forgotten(
    tmp_path: Path,
) -> None:
    killed = 0
    for limit in range(1, 20):
        store = Store(str(tmp_path / str(limit)))
        read(store, range(1, 4), None)
        with pytest.raises(SourceError):
            read(store, range(4, 11), mark(3), breaks_at=7)
        changes = 0

        def change(work: Callable[..., None], *args: object) -> None:
            nonlocal changes
            changes += 1
            if changes >= limit:  # noqa: B023  # used up within this round
                raise Killed
            work(*args)

        with pytest.MonkeyPatch.context() as patch:
            for name in ("write", "remove"):
                work = getattr(Folder, name)
                patch.setattr(Folder, name, lambda *args, work=work: change(work, *args))
            try:
                read(store, range(11, 21), mark(10), breaks_at=15)
            except Killed:
                killed += 1
            except SourceError:
                break
        for _ in range(3):  # the runs after
            known = facts(store)
            read(store, range(int(known.newest.id) + 1 if known.newest else 1, 21), known.newest)
            if gap := facts(store).gap:
                first = int(gap.since.id) + 1 if gap.since else 1
                read(store, range(first, int(gap.until.id)), gap.since, gap.until)
        assert held(store) == set(range(1, 21))
        assert facts(store).gaps == ()
    assert killed >= 3


ACTIONS = st.lists(st.tuples(st.sampled_from(["new", "gap"]), st.integers(0, 5), st.booleans()), max_size=12)


@settings(max_examples=60, deadline=None)
@given(ACTIONS)
def test_whatever_breaks_off_every_post_is_held_or_in_a_gap_and_read_once(
    actions: list[tuple[str, int, bool]],
) -> None:
    store = Store(memory())
    written = 0
    paid: list[int] = []

    def source(since: int, until: int, limit: int | None) -> Iterator[Post]:
        for count, number in enumerate(reversed(range(since + 1, until))):
            if limit is not None and count == limit:
                raise SourceError("broken")
            paid.append(number)
            yield post(number)

    for kind, number, breaks in actions:
        known = store.facts("ada_example", "x")
        gap = known.gap if known else None
        if kind == "new":
            written += number
            since, until = known.newest if known else None, None
        elif gap:
            since, until = gap.since, gap.until
        else:
            continue
        stream = source(
            int(since.id) if since else 0, int(until.id) if until else written + 1, number if breaks else None
        )
        with contextlib.suppress(SourceError):
            store.merge(Timeline(ADA, stream), "x", now=NOW, since=since, until=until)
        known = store.facts("ada_example", "x")
        have = held(store) if known else set()
        newest = int(known.newest.id) if known and known.newest else 0
        in_gaps = {
            n
            for g in (known.gaps if known else ())
            for n in range((int(g.since.id) if g.since else 0) + 1, int(g.until.id))
        }
        assert have | in_gaps == set(range(1, newest + 1))
        assert not have & in_gaps
        assert len(paid) == len(set(paid))
