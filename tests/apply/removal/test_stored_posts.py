"""A person's posts leave the store by one function, whichever command asks for it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import bot
from bot.__main__ import main
from bot.apply.removal.stored_posts import purge_person
from bot.errors import SourceError
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Purged, Store

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store where one person has two accounts of one id, since they were renamed, and another has one."""
    store = Store(str(tmp_path / "store"))
    for handle, number in (("ada", "42"), ("ada_renamed", "42"), ("bob", "7")):
        posts = [Post("1", "some words of theirs", NOW)]
        store.merge(Timeline(Profile(handle, handle, "x", id=number), posts), "x", now=NOW)
    (tmp_path / "registry.yaml").write_text("version: 1\nnamespace: org\nstore: store\nmodels: []\n")
    return tmp_path


def held(folder: Path) -> set[str]:
    return {handle for _, handle in Store(str(folder / "store")).all_facts()}


def test_an_account_that_was_renamed_goes_with_the_person(folder: Path) -> None:
    purged = purge_person("ada", Store(str(folder / "store")))
    assert held(folder) == {"bob"}
    assert purged.files >= 2
    assert len(purged.checked) == len(set(purged.checked)) == 1


def test_an_id_that_is_known_from_elsewhere_is_enough(folder: Path) -> None:
    purge_person("somebody_new", Store(str(folder / "store")), ["7"])
    assert held(folder) == {"ada", "ada_renamed"}


def test_the_command_purges_it_too(folder: Path) -> None:
    assert main(["purge", "ada", "--registry", str(folder / "registry.yaml")]) == 0
    assert held(folder) == {"bob"}


def test_one_failure_stops_no_other_and_is_raised(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    purge = Store.purge

    def breaks(store: Store, handle: str) -> Purged:
        if handle == "ada":
            raise SourceError("the store is not there")
        return purge(store, handle)

    monkeypatch.setattr(Store, "purge", breaks)
    with pytest.raises(SourceError, match="not there"):
        purge_person("ada", Store(str(folder / "store")))
    assert held(folder) == {"ada", "bob"}


def test_nothing_else_calls_the_stores_purge() -> None:
    root = Path(bot.__file__).parent
    callers = [path.name for path in root.rglob("*.py") if re.search(r"store\.purge\(", path.read_text())]
    assert callers == ["stored_posts.py"]
