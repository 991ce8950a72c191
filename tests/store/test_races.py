"""A purge while something of the same person is on its way into the store: the purge wins."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from store_places import memory

from bot.errors import Skipped
from bot.sources.posts import Post, Profile, Timeline
from bot.store import PurgedDuringRun, Store
from bot.store.backends import open_files
from bot.store.files import Folder
from bot.store.places import Place, place_of
from bot.store.purge_marks import KEPT, Marks

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DAVE = Profile("dave", "Dave", network="bluesky", id="did:1")


@pytest.fixture(params=["file", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return place_of(f"file://{tmp_path / 'store'}") if request.param == "file" else memory()


def posts(first: int, last: int) -> tuple[Post, ...]:
    return tuple(Post(str(n), f"SECRET {n}", NOW + timedelta(minutes=n)) for n in range(first, last))


def merge(store: Store, of: Iterable[Post], *, paid: bool = False) -> int:
    timeline = Timeline(DAVE, of)
    return store.merge(timeline, "bluesky", now=NOW, handle="dave", complete=paid, paid=paid).total


def everything(place: Place) -> dict[str, bytes]:
    """All of the store but the marks, which are looked at on their own, and what keeps it out of git."""
    files = open_files(place)
    paths = [path for path in files.below("") if not path.startswith("purged/") and path != ".gitignore"]
    return files.read_many(paths)


def marks(place: Place) -> dict[str, bytes]:
    files = open_files(place)
    return files.read_many([path for path in files.below("") if path.startswith("purged/")])


def slowly(before: Iterable[Post], then: object, after: Iterable[Post]) -> Iterator[Post]:
    yield from before
    then()  # type: ignore[operator]
    yield from after


@pytest.mark.parametrize("same", [True, False], ids=["same process", "another one"])
@pytest.mark.parametrize("paid", [False, True], ids=["free", "paid"])
def test_a_purge_during_a_fetch_wins(place: Place, same: bool, paid: bool) -> None:
    store = Store(place)
    merge(store, posts(0, 100))
    other = store if same else Store(place)

    def purge() -> None:
        assert other.purge("dave").files == 2
        assert other.purge("@Dave").files == 0

    with pytest.raises(PurgedDuringRun, match="purged from the store while this run went on"):
        merge(store, slowly(posts(100, 1200), purge, posts(1200, 1800)), paid=paid)
    assert everything(place) == {}
    assert Store(place).load("dave", "bluesky") is None
    assert all(b"dave" not in path.encode() + data.lower() for path, data in marks(place).items())


def test_a_purge_from_another_thread_wins(place: Place) -> None:
    store, begun, go = Store(place), threading.Event(), threading.Event()
    merge(store, posts(0, 100))
    outcome: list[BaseException] = []

    def wait() -> None:
        begun.set()
        assert go.wait(30)

    def fetch() -> None:
        try:
            merge(store, slowly(posts(100, 110), wait, posts(110, 120)))
        except Skipped as skipped:
            outcome.append(skipped)

    thread = threading.Thread(target=fetch)
    thread.start()
    assert begun.wait(30)
    store.purge("dave")
    go.set()
    thread.join()
    assert [type(one) for one in outcome] == [PurgedDuringRun]
    assert everything(place) == {}


def test_what_was_purged_can_be_imported_again(place: Place) -> None:
    store = Store(place)
    merge(store, posts(0, 10))
    store.purge("dave")
    assert merge(store, posts(0, 5)) == 5
    assert merge(Store(place), posts(5, 7)) == 7


def test_a_run_that_began_before_the_purge_writes_nothing_of_the_person_after_it(place: Place) -> None:
    running = Store(place)
    merge(running, posts(0, 10))
    running.remember("dave-eve", handles=["dave", "eve"], failed=1)
    Store(place).purge("dave")
    with pytest.raises(PurgedDuringRun):
        merge(running, posts(0, 10))
    for name, handles in (("dave-eve", []), ("birds", ["dave"]), ("dave", [])):
        with pytest.raises(PurgedDuringRun):
            running.remember(name, handles=handles, failed=1)
    assert running.purged_since_start(["eve", "dave"])
    assert not running.purged_since_start(["eve"])
    running.remember("eve", handles=["eve"], failed=1)
    assert list(everything(place)) == ["notes/eve.json"]


def test_facts_are_not_made_again_for_somebody_who_was_purged_meanwhile(place: Place) -> None:
    store, other = Store(place), Store(place)
    merge(store, posts(0, 10))
    assert other.facts("dave", "bluesky") is not None
    left = everything(place)
    store.purge("dave")
    files = open_files(place)
    for path, data in left.items():  # a listing that a slow network shows late
        if not path.endswith("facts.json"):
            files.write(path, data)
    assert other.all_facts().keys() == {("bluesky", "dave")}
    assert not any(path.endswith("facts.json") for path in everything(place))


def test_what_was_written_in_the_moment_of_the_purge_goes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"file://{tmp_path / 'store'}"
    store, other, write = Store(place), Store(place), Folder.write
    merge(store, posts(0, 10))

    def late(self: Folder, path: str, data: bytes) -> None:
        if path.startswith("bluesky/") and "posts-" in path:
            monkeypatch.setattr(Folder, "write", write)
            other.purge("dave")
        write(self, path, data)

    monkeypatch.setattr(Folder, "write", late)
    with pytest.raises(PurgedDuringRun):
        merge(store, posts(10, 20))
    assert everything(place_of(str(tmp_path / "store"))) == {}


def test_the_renamed_account_is_purged_for_running_fetches_too(place: Place) -> None:
    store = Store(place)
    renamed = Profile("dave_new", "Dave", network="bluesky", id="did:1")

    def under_the_old_name(of: Iterable[Post]) -> None:
        store.merge(Timeline(renamed, of), "bluesky", now=NOW, handle="dave")

    under_the_old_name(posts(0, 10))
    with pytest.raises(PurgedDuringRun):
        under_the_old_name(slowly(posts(10, 20), lambda: Store(place).purge("dave_new"), posts(20, 30)))
    assert everything(place) == {}


def test_nothing_is_stored_of_somebody_with_a_tombstone(place: Place) -> None:
    gone: set[str] = set()
    store = Store(place, gone.__contains__)
    merge(store, posts(0, 10))
    before = everything(place)
    with pytest.raises(Skipped, match="asked to be removed while this ran"):
        merge(store, slowly(posts(10, 20), lambda: gone.add("dave"), posts(20, 30)))
    assert everything(place) == before


def test_marks_go_when_no_run_can_be_older_than_they_are(place: Place) -> None:
    files = open_files(place)
    Marks(files).leave(["dave"], NOW)
    files.write("purged/damaged.json", b"{")
    Marks(files).leave(["eve"], NOW + KEPT / 2)
    assert len(marks(place)) == 2
    Marks(files).leave(["bob"], NOW + KEPT)
    assert len(marks(place)) == 2


def test_a_damaged_mark_ends_nothing(place: Place) -> None:
    store = Store(place)
    merge(store, posts(0, 10))
    open_files(place).write("purged/x.json", b'{"salt": 3, "hashes": {"a": []}, "until": "soon"}')
    assert merge(store, posts(10, 20)) == 20


def test_two_runs_that_make_a_store_at_the_same_moment_both_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    monkeypatch.setattr(
        Path, "exists", lambda path: path != folder
    )  # it came right after this run had looked
    Folder(folder).write("x/ada/posts", b"posts")
    assert Folder(folder).read("x/ada/posts") == b"posts"
