from __future__ import annotations

import gzip
import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_places import memory

from bot.errors import SourceError, UsageError
from bot.sources import Cursor, check_file
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Facts, Store
from bot.store.account import AccountFolder
from bot.store.places import Place

pytest_plugins = ["store_fixtures"]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Profile("Ada_Example", "Ada 🦜", "x", id="42", bio="Birds", avatar=b"\x00\xff")


def post(number: int, text: str = "", **fields: Any) -> Post:
    return Post(str(number), text or f"canary number {number}", NOW + timedelta(hours=number), **fields)


def posts(*numbers: int) -> list[Post]:
    return [post(number) for number in numbers]


def timeline(some: list[Post], profile: Profile = ADA) -> Timeline:
    return Timeline(profile, some)


@pytest.fixture
def url(place: Place) -> Place:
    """Where the store is; see `store_fixtures`."""
    return place


@pytest.fixture
def store(url: Place) -> Store:
    return Store(url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def local(folder: Path) -> Store:
    return Store(str(folder))


def ids(store: Store, handle: str = "ada_example", source: str = "x") -> set[str]:
    held = store.load(handle, source)
    assert held is not None
    return {post.id for post in held.posts}


def test_what_was_never_stored_is_none(store: Store) -> None:
    assert store.load("ada_example", "x") is None
    assert store.facts("ada_example", "x") is None
    assert store.all_facts() == {}
    assert store.notes("ada_example") == {}
    assert store.purge("ada_example").files == 0


def test_a_reading_comes_back_whole(store: Store, url: Place) -> None:
    some = [post(1, "é🦜\n\ud83d", lang="en", reply_to="7", sensitive=True), post(2)]
    merged = store.merge(timeline(some), "archive", now=NOW)
    assert (merged.added, merged.total, merged.gone, merged.warnings) == (2, 2, 0, ())
    held = Store(url).load("@ADA_example", "archive")
    assert held is not None
    assert held.profile == ADA
    assert list(held.posts) == some


def test_the_api_continues_where_the_archive_ended_without_doubles(store: Store) -> None:
    store.merge(timeline(posts(1, 2, 3)), "archive", now=NOW)
    facts = store.facts("ada_example", "x")
    assert facts is not None
    assert facts.newest == Cursor("3", NOW + timedelta(hours=3))
    merged = store.merge(timeline(posts(3, 4)), "x", now=NOW + timedelta(days=1))
    assert (merged.added, merged.total) == (1, 4)
    assert ids(store) == {"1", "2", "3", "4"}
    assert store.load("ada_example", "jsonl") is None


def test_the_later_reading_of_a_post_wins_and_an_edit_is_never_undone(store: Store) -> None:
    store.merge(timeline([post(1, "first"), post(2, "old", superseded_by="3"), post(3)]), "x", now=NOW)
    store.merge(timeline([post(1, "second"), post(2, "old again")]), "x", now=NOW)
    held = store.load("ada_example", "x")
    assert held is not None
    by_id = {post.id: post for post in held.posts}
    assert by_id["1"].text == "second"
    assert by_id["2"].superseded_by == "3"


def test_texts_that_are_never_trained_on_are_not_kept(local: Store, folder: Path) -> None:
    some = [post(1, "RT @bob: SECRET", is_repost=True), post(2, "SECRET", superseded_by="3"), post(3)]
    local.merge(timeline(some), "x", now=NOW)
    for path in folder.rglob("*.gz"):
        assert b"SECRET" not in gzip.decompress(path.read_bytes())
    assert ids(local) == {"1", "2", "3"}


def test_merging_the_same_again_changes_no_posts(local: Store, folder: Path) -> None:
    local.merge(timeline(posts(1, 2)), "x", now=NOW)
    before = {path: path.read_bytes() for path in folder.rglob("posts-*")}
    merged = local.merge(timeline(posts(2, 1)), "x", now=NOW + timedelta(days=9))
    assert (merged.added, merged.total) == (0, 2)
    assert {path: path.read_bytes() for path in folder.rglob("posts-*")} == before
    facts = local.facts("ada_example", "x")
    assert facts is not None
    assert facts.read_at == NOW + timedelta(days=9)


def test_a_complete_reading_drops_what_its_author_deleted_in_that_span_only(store: Store) -> None:
    store.merge(timeline(posts(1, 2, 3, 4, 5)), "archive", now=NOW)
    merged = store.merge(timeline(posts(2, 4)), "archive", now=NOW, complete=True)
    assert (merged.gone, merged.total) == (1, 4)
    assert ids(store) == {"1", "2", "4", "5"}
    assert store.merge(timeline([]), "x", now=NOW, complete=True).gone == 0


def test_an_account_of_another_id_is_refused_and_nothing_is_mixed(store: Store) -> None:
    store.merge(timeline(posts(1)), "x", now=NOW)
    with pytest.raises(
        SourceError, match="@Ada_Example has another owner: the store holds account 42, and this is 43"
    ):
        store.merge(timeline(posts(2), replace(ADA, id="43")), "x", now=NOW)
    store.merge(timeline(posts(3), replace(ADA, id=None)), "x", now=NOW)
    held = store.load("ada_example", "x")
    assert held is not None
    assert (held.profile.id, {post.id for post in held.posts}) == ("42", {"1", "3"})


def test_a_picture_outlives_a_reading_that_could_not_fetch_it(store: Store) -> None:
    store.merge(timeline(posts(1), replace(ADA, avatar=b"picture")), "x", now=NOW)
    store.merge(timeline(posts(2), replace(ADA, avatar=None)), "x", now=NOW)
    held = store.load("ada_example", "x")
    assert held is not None
    assert held.profile.avatar == b"picture"


def test_posts_are_stored_under_the_handle_that_was_asked_for(store: Store) -> None:
    store.merge(timeline(posts(1)), "archive", now=NOW, handle="bob_example")
    held = store.load("Bob_Example", "archive")
    assert held is not None
    assert held.profile.handle == "Ada_Example"


def test_facts_say_the_plan_what_it_needs_without_the_posts(local: Store, folder: Path) -> None:
    some = [post(1), post(2, "RT @x", is_repost=True), post(3, superseded_by="4"), post(4), post(5)]
    local.merge(timeline(some), "archive", now=NOW)
    local.merge(timeline([]), "x", now=NOW + timedelta(days=1))
    for path in folder.rglob("posts-*"):
        path.write_bytes(b"")
    facts = local.facts("ada_example", "x")
    assert facts == local.all_facts()["x", "ada_example"]
    assert facts is not None
    assert (facts.handle, facts.id, facts.total, facts.own) == ("ada_example", "42", 5, 3)
    assert (facts.newest, facts.oldest) == (Cursor("5", NOW + timedelta(hours=5)), NOW + timedelta(hours=1))
    assert (facts.read_at, facts.sources) == (NOW + timedelta(days=1), ("archive", "x"))
    assert [facts.newer_than(NOW + timedelta(hours=hours)) for hours in (0, 1, 4, 5)] == [3, 2, 1, 0]


def test_a_run_killed_between_posts_and_facts_leaves_facts_that_are_made_again(
    local: Store, folder: Path
) -> None:
    local.merge(timeline(posts(1)), "x", now=NOW)
    (facts_file,) = folder.rglob("facts.json")
    stale = facts_file.read_bytes()
    local.merge(timeline(posts(2)), "x", now=NOW + timedelta(days=1))
    for contents in (stale, b"", b"{}", b"[1]", None):
        if contents is None:
            facts_file.unlink()
        else:
            facts_file.write_bytes(contents)
        for facts in (local.facts("ada_example", "x"), local.all_facts()["x", "ada_example"]):
            assert isinstance(facts, Facts)
            assert facts.total == 2
            assert facts.newest == Cursor("2", NOW + timedelta(hours=2))


def test_two_runs_at_once_lose_no_post(url: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(url).merge(timeline(posts(1)), "x", now=NOW)
    both_have_read = threading.Barrier(2, timeout=10)
    write = AccountFolder.write

    def slow(self: AccountFolder, *arguments: Any) -> None:
        both_have_read.wait()
        write(self, *arguments)

    monkeypatch.setattr(AccountFolder, "write", slow)
    runs = [
        threading.Thread(target=lambda n=n: Store(url).merge(timeline(posts(n)), "x", now=NOW))
        for n in (2, 3)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    monkeypatch.undo()
    store = Store(url)
    assert ids(store) == {"1", "2", "3"}
    facts = store.facts("ada_example", "x")
    assert facts is not None
    assert facts.total == 3
    store.merge(timeline(posts(4)), "x", now=NOW)
    assert len([path for path in store._files.below("") if "/posts-" in path]) == 1
    assert ids(store) == {"1", "2", "3", "4"}


def test_a_run_killed_before_it_removed_the_old_file_changes_nothing(local: Store, folder: Path) -> None:
    for number in range(8):  # whichever of the two names comes first
        handle = f"ada_{number}"
        local.merge(timeline([post(1, "old words"), post(number + 2)]), "x", now=NOW, handle=handle)
        (old,) = (folder / "x" / handle).glob("posts-*")
        contents = old.read_bytes()
        later = NOW + timedelta(days=1)
        local.merge(timeline([post(1, "new words"), post(99)]), "x", now=later, handle=handle)
        old.write_bytes(contents)
        held = local.load(handle, "x")
        assert held is not None
        assert {post.id: post.text for post in held.posts}["1"] == "new words"
        assert ids(local, handle) == {"1", str(number + 2), "99"}


def test_a_file_that_is_another_accounts_is_damaged(local: Store, folder: Path) -> None:
    local.merge(timeline(posts(1)), "x", now=NOW)
    local.merge(timeline(posts(2)), "x", now=NOW, handle="bob")
    (mine,) = (folder / "x/ada_example").glob("posts-*")
    (his,) = (folder / "x/bob").glob("posts-*")
    mine.write_bytes(his.read_bytes())
    with pytest.raises(SourceError, match="damaged"):
        local.load("ada_example", "x")


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8bnonsense", b"not gzip at all"])
def test_a_damaged_file_is_said_and_set_aside_and_never_silently_empty(
    local: Store, folder: Path, damage: bytes
) -> None:
    local.merge(timeline(posts(1)), "x", now=NOW)
    (file,) = folder.rglob("posts-*")
    file.write_bytes(damage)
    for _ in range(2):
        with pytest.raises(SourceError, match=r"x/ada_example/damaged-posts-.* in the store is damaged"):
            local.load("ada_example", "x")
    assert not file.exists()
    assert (file.parent / f"damaged-{file.name}").read_bytes() == damage
    facts = local.facts("ada_example", "x")
    assert facts is not None
    assert (facts.damaged, facts.total, facts.id, facts.since) == (True, 0, "42", None)
    merged = local.merge(timeline(posts(2)), "x", now=NOW)
    assert "posts are missing until they are read or imported again" in merged.warnings[0]
    held = local.load("ada_example", "x")
    assert held is not None
    assert held.warnings == merged.warnings
    assert ids(local) == {"2"}


def test_a_file_cut_short_is_damaged_though_its_beginning_reads_well(local: Store, folder: Path) -> None:
    local.merge(timeline(posts(*range(1000))), "x", now=NOW)
    (file,) = folder.rglob("posts-*")
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(SourceError, match="damaged") as caught:
        local.load("ada_example", "x")
    assert "canary" not in str(caught.value)


def test_a_complete_reading_makes_up_for_damage(local: Store, folder: Path) -> None:
    local.merge(timeline(posts(1, 2)), "x", now=NOW)
    (file,) = folder.rglob("posts-*")
    file.write_bytes(b"")
    merged = local.merge(timeline(posts(1, 2)), "x", now=NOW, complete=True)
    assert merged.warnings == ("posts in the store were damaged, and all were read again",)
    held = local.load("ada_example", "x")
    assert held is not None
    assert held.warnings == ()
    assert list(folder.rglob("damaged-*")) == []
    facts = local.facts("ada_example", "x")
    assert facts is not None
    assert (facts.damaged, facts.since) == (False, facts.newest)


def test_purge_leaves_no_trace_of_a_handle_and_everything_of_others(store: Store) -> None:
    dave = replace(ADA, handle="Dave", id="7")
    for source in ("x", "jsonl"):
        store.merge(timeline(posts(1), dave), source, now=NOW)
    store.merge(timeline(posts(1)), "x", now=NOW)
    store.merge(timeline(posts(1), replace(ADA, handle="davenport", id="8")), "x", now=NOW)
    store.remember("dave", asked=1)
    store.remember("ada_example-dave", asked=1)
    store.remember("cyborg", handles=["Dave", "ada_example"], asked=1)
    store.remember("davenport", asked=1)

    assert store.purge("@DAVE").files == 7

    for path in store._files.below(""):
        data = store._files.read(path) or b""
        plain = gzip.decompress(data) if path.endswith(".gz") else data
        assert "dave" not in path.replace("davenport", "")
        assert b"dave" not in plain.lower().replace(b"davenport", b"")
    assert set(store.all_facts()) == {("x", "ada_example"), ("x", "davenport")}
    assert set(store.all_notes()) == {"davenport"}
    assert store.purge("dave").files == 0


def test_purge_takes_half_written_and_damaged_files_too(local: Store, folder: Path) -> None:
    local.merge(timeline(posts(1)), "x", now=NOW)
    (folder / "x/ada_example/.writing-abc").write_bytes(b"half")
    (folder / "x/ada_example/damaged-posts-0.gz").write_bytes(b"bad")
    assert local.purge("ada_example").files == 4
    assert not (folder / "x/ada_example").exists()


def test_files_are_for_their_owner_alone_and_kept_out_of_git(local: Store, folder: Path) -> None:
    local.merge(timeline(posts(1)), "x", now=NOW)
    local.remember("ada_example", asked=1)
    made = [path for path in folder.rglob("*") if path.is_file() and path.name != ".gitignore"]
    assert len(made) == 3
    for path in made:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"
    assert list(folder.rglob(".writing-*")) == []


def test_a_write_that_fails_leaves_the_old_file_and_no_half_one(
    local: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.remember("ada", asked=1)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SourceError, match=r"writing notes/ada.json failed: No space left on device"):
        local.remember("ada", asked=2)
    assert local.notes("ada") == {"asked": 1}
    assert list(folder.rglob(".writing-*")) == []


def test_notes_are_remembered_by_key_and_forgotten_with_none(store: Store, url: Place) -> None:
    store.remember("ada-bob", too_little="4,012 of 6,000", ask_again="2026-02-01")
    store.remember("ada-bob", failures=[1, 2], ask_again=None)
    assert Store(url).notes("ada-bob") == {"too_little": "4,012 of 6,000", "failures": [1, 2]}
    assert store.all_notes() == {"ada-bob": store.notes("ada-bob")}
    assert store.notes("bob") == {}


@pytest.mark.parametrize("name", ["..", ".", "../../x", "a/b", "user@host.example", "a b%", "*?[x]", "Ünï"])
def test_any_handle_or_name_is_a_file_name(local: Store, folder: Path, name: str) -> None:
    local.merge(timeline(posts(1)), "jsonl", now=NOW, handle=name)
    local.remember(name, asked=1)
    assert ids(local, name, "jsonl") == {"1"}
    assert local.all_notes() == {name: {"asked": 1}}
    assert {path.name for path in folder.parent.iterdir()} == {"store"}
    assert len(list((folder / "other").iterdir())) == 1
    assert local.purge(name).files == 3


def test_an_empty_handle_and_a_url_nobody_speaks_are_sentences(store: Store) -> None:
    with pytest.raises(UsageError, match="a handle is empty"):
        store.load("", "x")
    for scheme in ("nosuch", "ftp"):
        with pytest.raises(UsageError, match=rf"store {scheme}://host/a: no store was run on") as caught:
            Store(f"{scheme}://user:hunter2@host/a")
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["hf://buckets/org/posts/store", "hf://datasets/org/posts"])
def test_a_store_on_the_hub_says_when_the_hub_is_not_to_be_asked(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    said = f"store {url}: HF_HUB_OFFLINE is set, so the Hub is not asked: unset it"
    with pytest.raises(SourceError, match=said):
        Store(url).load("ada", "x")
    with pytest.raises(SourceError, match=f"{url}/a.zip: reading it failed: HF_HUB_OFFLINE is set"):
        check_file("archive", f"{url}/a.zip")


def test_a_store_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="listing purged failed: Not a directory"):
        Store(str(tmp_path / "file")).merge(timeline(posts(1)), "x", now=NOW)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(1, 12), max_size=6), max_size=5))
def test_every_post_that_was_ever_read_is_there_once(readings: list[list[int]]) -> None:
    store = Store(memory())
    seen: set[str] = set()
    for day, numbers in enumerate(readings):
        merged = store.merge(timeline(posts(*numbers)), "x", now=NOW + timedelta(days=day))
        assert merged.added == len({str(number) for number in numbers} - seen)
        seen |= {str(number) for number in numbers}
        held = store.load("ada_example", "x")
        assert held is not None
        assert sorted(post.id for post in held.posts) == sorted(seen)
        assert merged.total == len(seen)


def test_every_value_of_the_package_is_found_and_no_other() -> None:
    import bot.store

    assert all(getattr(bot.store, name).__name__ == name for name in bot.store.__all__)
    assert not hasattr(bot.store, "nothing")
