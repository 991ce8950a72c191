"""A store carried over: nothing is lost, nothing overwritten, and the old place is emptied only when all is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from hub_history import NOW, fill, timeline

from bot.errors import SourceError, UsageError
from bot.store import Store
from bot.store import move as room
from bot.store.files import Files, Folder
from bot.store.move import Moved, finish, move, remove_empty_folders


def everything(files: Files) -> dict[str, bytes]:
    return files.read_many(files.below(""))


def without_git(files: Files) -> dict[str, bytes]:
    return {path: data for path, data in everything(files).items() if path != ".gitignore"}


def quiet(_: str) -> None:
    return


@pytest.fixture
def old(tmp_path: Path) -> Files:
    store = fill(str(tmp_path / "old"), "ada", "bob")
    store.merge(timeline("carol", 2), "x", now=NOW)
    files = Folder(tmp_path / "old")
    files.write("purged/0123.json", b"{}")
    return files


@pytest.fixture
def new(tmp_path: Path) -> Files:
    return Folder(tmp_path / "new")


class Meddling(Folder):
    """A folder in which somebody else does something before the reading or removing of that number."""

    meddle: Mapping[int, Callable[[], object]] = {}
    count = 0

    def _before(self) -> None:
        self.count += 1
        if act := self.meddle.get(self.count):
            act()

    def read_many(self, paths: Sequence[str]) -> dict[str, bytes]:
        self._before()
        return super().read_many(paths)

    def remove(self, path: str) -> None:
        self._before()
        super().remove(path)


def test_everything_of_the_store_is_carried_over_and_the_old_place_is_empty(old: Files, new: Files) -> None:
    before = without_git(old)
    moved = move(old, new, quiet)
    assert moved == Moved(len(before), 0, 0)
    finish(new)
    assert without_git(new) == before
    assert without_git(old) == {}
    kinds = {path.partition("/")[0] for path in before}
    assert kinds == {"x", "notes", "ledger", "purged"}


def test_what_is_not_the_stores_is_left_and_counted_and_so_is_what_is_half_written(
    old: Files, new: Files
) -> None:
    old.write("photos/me.txt", b"mine")
    old.write("x/ada/.writing-abc", b"half")
    moved = move(old, new, quiet)
    assert (moved.others, moved.half_written) == (1, 1)
    assert sorted(without_git(old)) == ["photos/me.txt", "x/ada/.writing-abc"]
    assert "photos/me.txt" not in everything(new)


@pytest.mark.parametrize(
    "path", ["x/ada/facts.json", "notes/ada-bob.json", "x/ada/posts-0123456789abcdef.jsonl.gz"]
)
def test_other_content_of_an_account_or_a_model_is_refused_and_nothing_is_emptied(
    path: str, old: Files, new: Files
) -> None:
    new.write(path, b"other")
    before, after = everything(old), everything(new)
    with pytest.raises(
        UsageError, match=r"already holds other content of 1 accounts .* the old store is as it was"
    ):
        move(old, new, quiet)
    assert everything(old) == before
    assert everything(new) == after


def test_folders_that_named_accounts_go_with_them(tmp_path: Path, old: Files, new: Files) -> None:
    old.write("photos/me.txt", b"mine")
    move(old, new, quiet)
    remove_empty_folders(tmp_path / "old")
    assert sorted(path.name for path in (tmp_path / "old").iterdir()) == [".gitignore", "photos"]


def test_accounts_and_ledgers_of_others_in_the_new_place_stay(old: Files, new: Files) -> None:
    new.write("x/eve/facts.json", b"{}")
    new.write("ledger/x/2026-01/other.json", b"{}")
    before = without_git(old)
    move(old, new, quiet)
    finish(new)
    theirs = {"x/eve/facts.json": b"{}", "ledger/x/2026-01/other.json": b"{}"}
    assert without_git(new) == before | theirs


def test_what_lies_there_already_byte_for_byte_is_no_conflict(old: Files, new: Files) -> None:
    before = without_git(old)
    for path, data in before.items():
        new.write(path, data)
    assert move(old, new, quiet).files == len(before)
    assert without_git(old) == {}


@pytest.mark.parametrize("moment", range(1, 10))
def test_what_a_run_writes_meanwhile_is_carried_over_too(moment: int, tmp_path: Path, new: Files) -> None:
    fill(str(tmp_path / "old"), "ada", "bob")
    old = Meddling(tmp_path / "old")
    meanwhile = Store(str(tmp_path / "old"))

    def write() -> None:
        old.meddle = {}
        meanwhile.merge(timeline("dora", 4), "x", now=NOW)
        meanwhile.record_reads("x", "run", 7, NOW)

    old.meddle = {moment: write}
    move(old, new, quiet)
    assert not old.meddle
    assert without_git(old) == {}
    finish(new)
    store = Store(str(tmp_path / "new"))
    assert {handle for _, handle in store.all_facts()} == {"ada", "bob", "dora"}
    assert (dora := store.load("dora", "x")) is not None
    assert len(list(dora.posts)) == 4


def test_a_person_purged_before_the_old_place_is_emptied_is_not_kept_in_the_new(
    tmp_path: Path, old: Files, new: Files
) -> None:
    meddling = Meddling(tmp_path / "old")

    def purge() -> None:
        meddling.meddle = {}
        Store(str(tmp_path / "old")).purge("ada")

    meddling.meddle = {2: purge}
    move(meddling, new, quiet)
    assert not [path for path in everything(new) if "ada" in path]
    assert old.below("x") == []


def test_a_run_that_never_stops_writing_ends_the_move_and_loses_nothing(
    tmp_path: Path, old: Files, new: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "ROUNDS", 3)
    meddling = Meddling(tmp_path / "old")

    def write() -> None:
        meddling.write("ledger/x/2026-01/busy.json", str(meddling.count).encode())

    meddling.meddle = dict.fromkeys(range(1, 99), write)
    with pytest.raises(SourceError, match=r"other runs go on writing to it; what was carried over stays"):
        move(meddling, new, quiet)
    accounts = [path for path in without_git(old) if path.startswith("x/")]
    assert accounts  # nothing was emptied, since the comparison never came out even
    meddling.meddle = {}
    move(meddling, new, quiet)
    assert without_git(old) == {}


def test_a_file_that_changed_at_the_new_place_since_the_move_wrote_it_is_not_overwritten(
    tmp_path: Path, old: Files, new: Files
) -> None:
    meddling = Meddling(tmp_path / "old")

    def change() -> None:
        new.write("notes/ada-bob.json", b"other")

    meddling.meddle = {2: change}
    with pytest.raises(UsageError, match="already holds other content"):
        move(meddling, new, quiet)
    assert "notes/ada-bob.json" in old.below("")
    assert new.read("notes/ada-bob.json") == b"other"


def test_two_moves_into_one_place_are_distinguished(tmp_path: Path, old: Files, new: Files) -> None:
    new.write("move.json", room.Record("elsewhere").to_json())
    with pytest.raises(UsageError, match=r"a move from elsewhere into it was begun and not finished"):
        move(old, new, quiet)
    new.write("move.json", b"{")
    with pytest.raises(SourceError, match=r"move\.json is damaged"):
        move(old, new, quiet)
    with pytest.raises(UsageError, match=r"a move into it was begun and not finished; finish that one first"):
        move(new, Folder(tmp_path / "third"), quiet)
    assert without_git(old)
