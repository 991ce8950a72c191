from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from registry_texts import HEAD

from bot import registry
from bot.apply.removal.registry_check import Tombstone, is_removed
from bot.errors import UsageError

TEXT = f"{HEAD}models:\n- handles: [ada, bob]\n  consent: self\n- handles: [cleo]\n  consent: self\n"


@pytest.mark.parametrize("private", [True, False])
def test_a_tombstone_takes_the_persons_entries_out_and_is_added_once(tmp_path: Path, private: bool) -> None:
    path = tmp_path / "registry.yaml"
    tombstone = Tombstone("ada", "asked for it", date(2026, 11, 20), private)
    text = tombstone.added_to(TEXT, path)
    path.write_text(text)
    loaded = registry.load(path)
    assert is_removed(loaded, "ada")
    assert not is_removed(loaded, "bob")
    assert [entry.name for entry in loaded.entries] == ["cleo"]
    assert tombstone.added_to(text, path) == text


def test_an_entry_that_holds_the_handle_still_is_no_removal(tmp_path: Path) -> None:
    path = tmp_path / "registry.yaml"
    path.write_text(TEXT)
    assert not is_removed(registry.load(path), "ada")


def test_a_text_that_cannot_be_edited_is_refused(tmp_path: Path) -> None:
    tombstone = Tombstone("no handle!", "why", date(2026, 11, 20), private=False)
    with pytest.raises(UsageError):
        tombstone.added_to(TEXT, tmp_path / "registry.yaml")
