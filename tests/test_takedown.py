from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.errors import HubError
from bot.hub import Hub, Listing, Repo
from bot.published import Published
from bot.takedown import holding, unpublish


def repo(name: str, *handles: str, private: bool = False) -> Repo:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    published = Published(handles=handles, recipe="r", base="b", template="t", card="c", trained_at=when)
    return Repo(name, hashlib.sha1(name.encode()).hexdigest(), private, published if handles else None)


def listing(*repos: Repo) -> Listing:
    return Listing({one.name.lower(): one for one in repos})


class Shelf:
    """A hub that only lists, hides and deletes, and may pretend to."""

    def __init__(self, *repos: Repo, deaf: bool = False) -> None:
        self.repos, self.deaf = {one.name: one for one in repos}, deaf

    def listing(self) -> Listing:
        return listing(*self.repos.values())

    def hide(self, name: str) -> None:
        if not self.deaf:
            self.repos[name] = replace(self.repos[name], private=True)

    def delete(self, name: str) -> None:
        if not self.deaf:
            del self.repos[name]


def gone(shelf: Shelf, removal: str) -> tuple[str, ...]:
    hub: Hub = shelf  # type: ignore[assignment]
    return unpublish("ada", hub, removal)  # type: ignore[arg-type]


def test_a_person_is_held_alone_and_among_others_and_by_nobody_elses_repo() -> None:
    shelf = listing(repo("ada", "ada"), repo("ada-bob", "bob", "ada"), repo("bob", "bob"), repo("ada-notes"))
    assert holding("ada", shelf) == ["ada", "ada-bob"]


@pytest.mark.parametrize("removal", ["private", "delete"])
def test_every_model_of_the_person_goes_and_no_other(removal: str) -> None:
    shelf = Shelf(repo("ada", "ada"), repo("ada-bob", "bob", "ada"), repo("bob", "bob"))
    assert gone(shelf, removal) == ("ada", "ada-bob")
    public = {name for name, one in shelf.repos.items() if not one.private}
    assert public == {"bob"}
    assert ("ada" in shelf.repos) == (removal == "private")


@pytest.mark.parametrize("removal", ["private", "delete"])
def test_what_is_still_to_be_seen_afterwards_is_an_error(removal: str) -> None:
    with pytest.raises(HubError, match="still to be seen"):
        gone(Shelf(repo("ada", "ada"), deaf=True), removal)


def test_nothing_to_take_down_is_fine() -> None:
    assert gone(Shelf(repo("bob", "bob")), "delete") == ()
