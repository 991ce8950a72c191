"""Where a person is, by everything that names them, and what is said of what could not be read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import card_facts
import pytest
from hub_versions import files

from bot.apply.removal.account_ids import accounts_of
from bot.apply.removal.takedown import Removal, noted_runs, survey, unpublish
from bot.errors import HubError
from bot.hub import Hub, Listing, Repo
from bot.hub.huggingface import HuggingFaceHub
from bot.hub.published import Published
from bot.manifest import Manifest
from bot.store import Facts

pytest_plugins = ["hub_fixtures"]

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def facts(*handles: str) -> Published:
    return Published(handles=handles, recipe="r", base="b", template="t", card="c", trained_at=WHEN)


def repo(name: str, *handles: str, private: bool = False) -> Repo:
    head = hashlib.sha1(name.encode()).hexdigest()
    return Repo(name, head, private, facts(*handles) if handles else None)


def damaged(name: str, *named: str, complete: bool = False) -> Repo:
    return Repo(name, "h", problem="bot.json is damaged", named=named, complete=complete)


def manifest(*handles: str) -> bytes:
    return Manifest.model_validate(
        {**card_facts.manifest().model_dump(), "handles": handles, "published": facts(*handles)}
    ).to_json()


class Shelf:
    """A hub of repos in memory, with files and a history of them; it may pretend to hide and delete."""

    def __init__(self, *repos: Repo, deaf: bool = False, unreadable: tuple[str, ...] = ()) -> None:
        self.repos, self.deaf, self.unreadable = {one.name: one for one in repos}, deaf, unreadable
        self.files: dict[tuple[str, str], list[bytes]] = {}
        """Versions of a file by repo and path, the newest first; None there now is an empty first one."""

    def listing(self) -> Listing:
        return Listing({name.lower(): one for name, one in self.repos.items()})

    def read(self, name: str, path: str) -> bytes | None:
        if name in self.unreadable:
            raise HubError("no answer")
        return next(iter(self.files.get((name, path), [])), None) or None

    def earlier(self, name: str, path: str) -> Iterator[bytes]:
        if name in self.unreadable:
            raise HubError("no answer")
        yield from filter(None, self.files.get((name, path), []))

    def visible(self, name: str) -> bool:
        return name in self.repos and not self.repos[name].private

    def hide(self, name: str) -> None:
        if not self.deaf:
            self.repos[name] = replace(self.repos[name], private=True)

    def delete(self, name: str) -> None:
        if not self.deaf:
            del self.repos[name]

    @property
    def hub(self) -> Hub:
        return cast("Hub", self)


def gone(shelf: Shelf, removal: Removal) -> tuple[list[str], dict[str, str]]:
    done = unpublish("ada", survey("ada", shelf.hub), shelf.hub, removal)
    return [*done.deleted, *done.hidden], done.left


def test_a_person_is_held_alone_and_among_others_and_by_nobody_elses_repo() -> None:
    shelf = Shelf(repo("ada", "ada"), repo("ada-bob", "bob", "ada"), repo("bob", "bob"), repo("ada-notes"))
    found = survey("ada", shelf.hub)
    assert (found.named, found.possible, found.unread) == (["ada", "ada-bob"], [], [])
    assert found.strangers == ["ada-notes"]


@pytest.mark.parametrize("removal", ["private", "delete"])
def test_every_model_of_the_person_goes_and_no_other(removal: Removal) -> None:
    shelf = Shelf(repo("ada", "ada"), repo("ada-bob", "bob", "ada"), repo("bob", "bob"))
    assert gone(shelf, removal) == (["ada", "ada-bob"], {})
    public = {name for name, one in shelf.repos.items() if not one.private}
    assert public == {"bob"}
    assert ("ada" in shelf.repos) == (removal == "private")


@pytest.mark.parametrize("removal", ["private", "delete"])
def test_what_a_stranger_still_sees_afterwards_is_reported(removal: Removal) -> None:
    names, left = gone(Shelf(repo("ada", "ada"), deaf=True), removal)
    assert names == []
    assert left == {"ada": "a stranger can still see it"}


def test_nothing_to_take_down_is_fine() -> None:
    assert gone(Shelf(repo("bob", "bob")), "delete") == ([], {})


def test_a_damaged_repo_whose_card_names_the_person_is_theirs() -> None:
    shelf = Shelf(damaged("birds", "ada", complete=True), damaged("bob", "bob", complete=True))
    found = survey("ada", shelf.hub)
    assert (found.named, found.possible, found.unread) == (["birds"], [], [])


def test_what_is_left_of_a_manifest_names_the_person() -> None:
    shelf = Shelf(damaged("birds"))
    shelf.files["birds", "bot.json"] = [manifest("ada", "bob")[:120]]
    shelf.files["birds", "bot.json"] = [b'{"version": 1, "name": "birds", "handles": ["ada", "bob"], "acc']
    assert survey("ada", shelf.hub).named == ["birds"]
    found = survey("eve", shelf.hub)
    assert (found.named, found.possible, found.unread) == ([], [], ["birds"])


def test_a_repo_that_cannot_be_read_is_hidden_where_its_name_may_name_the_person_and_proves_nothing() -> None:
    shelf = Shelf(damaged("ada"), damaged("ada-bob"), damaged("adam"), damaged("user.example.social"))
    found = survey("ada", shelf.hub)
    assert (found.named, found.possible) == ([], ["ada", "ada-bob"])
    assert found.unread == ["ada", "ada-bob", "adam", "user.example.social"]
    assert survey("user@example.social", shelf.hub).possible == ["user.example.social"]
    done = unpublish("ada", found, shelf.hub, "delete")
    assert (done.deleted, done.hidden, done.left) == ([], ["ada", "ada-bob"], {})


def test_the_history_says_where_the_files_do_not() -> None:
    shelf = Shelf(damaged("birds"), damaged("ada"), repo("ada-eve"))
    shelf.files["birds", "bot.json"] = [b"{", manifest("ada")]
    shelf.files["ada", "bot.json"] = [b"{", manifest("ada", "bob")]
    shelf.files["ada-eve", "bot.json"] = [b"", manifest("ada", "eve")]  # both files are gone by now
    found = survey("ada", shelf.hub)
    assert (found.named, found.possible) == (["birds", "ada", "ada-eve"], [])
    assert (found.unread, found.strangers) == ([], [])


def test_a_history_of_other_people_only_proves_that_the_person_is_not_there() -> None:
    shelf = Shelf(damaged("birds"))
    shelf.files["birds", "bot.json"] = [b"{", manifest("bob")]
    found = survey("ada", shelf.hub)
    assert (found.named, found.possible, found.unread) == ([], [], [])


def test_a_hub_that_does_not_answer_is_no_proof() -> None:
    shelf = Shelf(damaged("birds"), damaged("ada"), unreadable=("birds", "ada"))
    found = survey("ada", shelf.hub)
    assert (found.possible, found.unread) == (["ada"], ["birds", "ada"])


def test_a_card_that_was_edited_to_name_others_does_not_hide_the_person() -> None:
    shelf = Shelf(repo("birds", "zed"), repo("ada-bob", "bob"), repo("zed", "zed"))
    shelf.files["birds", "bot.json"] = [manifest("ada")]
    shelf.files["ada-bob", "bot.json"] = [manifest("ada", "bob")]
    assert survey("ada", shelf.hub).named == ["birds", "ada-bob"]


def test_a_chosen_name_that_is_the_persons_is_hidden_and_never_deleted() -> None:
    shelf = Shelf(repo("ada", "ada_new"), repo("art-of-war", "sun"))
    shelf.files["ada", "bot.json"] = [manifest("ada_new")]
    found = survey("ada", shelf.hub)
    assert (found.named, found.possible, found.unread) == ([], ["ada"], [])
    assert survey("art", shelf.hub).possible == []
    assert unpublish("ada", found, shelf.hub, "delete").hidden == ["ada"]


def test_accounts_are_known_from_what_was_published_and_from_the_store() -> None:
    made = card_facts.manifest()
    first = made.accounts[0]
    stored = Facts("elsewhere", "bluesky", "did:plc:1", "", 0, 0, None, None, WHEN, known_as=first.handle)
    found = accounts_of(first.handle, [stored], [made])
    assert first.id is not None
    assert set(found) == {"did:plc:1", first.id}


def test_runs_are_known_from_the_notes_on_models_that_hold_the_person() -> None:
    run = {"service": "wandb", "run": "abc"}
    notes: dict[str, dict[str, object]] = {
        "ada-bob": {"runs": [run, "damaged", {"run": 3}]},
        "birds": {"handles": ["ada"], "runs": [{**run, "run": "def"}]},
        "eve": {"handles": ["eve"], "runs": [run]},
    }
    assert [one.run for one in noted_runs("ada", notes)] == ["abc", "def"]


def test_on_the_hub_a_model_without_manifest_and_card_is_found_by_its_history(online: HuggingFaceHub) -> None:
    for name in ("ada_example", "ada_example-notes", "birds"):
        online.publish(name, files(), parent=None, message="first")
    for name, left in (("ada_example", {"README.md": b"# plain"}), ("birds", {"bot.json": b"{"})):
        head = online.listing().repos[name].head
        by_hand = {**left, "model.safetensors": b"\0weights"}
        gone = files().keys() - by_hand.keys()
        online.publish(name, by_hand, parent=head, message="by hand", remove=gone)
    assert online.listing().repos["ada_example"].problem is None  # nothing shows that it was ours
    found = survey("ada_example", online)
    assert found.named == ["ada_example", "ada_example-notes", "birds"]
    assert (found.possible, found.unread, found.strangers) == ([], [], [])
    done = unpublish("ada_example", found, online, "private")
    assert (done.hidden, done.left) == (found.named, {})
    assert not any(online.visible(name) for name in found.named)
