"""Tombstones that name nobody: hashes are matched by every check, and hide the handle from a reader."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot import registry
from bot.errors import RegistryError, UsageError
from bot.registry.edit import add, remove
from bot.registry.tombstones import Tombstones, hashed, is_hash, salt_for
from bot.sources.posts import Owner, owner

SALT = "0123456789abcdef"
HEAD = "version: 1\nnamespace: org\ncontact: https://example.org/r\n"
DAY = date(2026, 11, 20)


def read(text: str) -> registry.Registry:
    return registry.read_text(text.encode(), Path("registry.yaml"))


def test_a_hash_matches_its_handle_and_no_other() -> None:
    gone = Tombstones({hashed("dave", SALT): 7, "eve": 9})
    assert "dave" in gone
    assert gone.line("dave") == 7
    assert gone.line("eve") == 9
    assert "dav" not in gone
    assert gone.among(["eve", "bob", "dave"]) == ["dave", "eve"]


def test_a_private_removal_does_not_name_the_person_and_still_holds() -> None:
    text = HEAD + "models: [{handles: [dave_example], consent: self, source: jsonl}]\n"
    after = remove(text, "@Dave_Example", reason="asked", on=DAY, private=True)
    assert "dave" not in after.lower()
    found = read(after)
    assert found.entries == ()
    assert "dave_example" in found.gone
    with pytest.raises(UsageError, match=r"'dave_example' was removed \(line \d+\) and is never made again"):
        add(after, ["dave_example"], consent="self")
    with pytest.raises(UsageError, match="removed already"):
        remove(after, "dave_example", reason="again", on=DAY, private=True)


def test_an_entry_that_names_a_hashed_person_is_faulty() -> None:
    text = HEAD + (
        f"models:\n  - {{handles: [dave, bob], consent: self, source: jsonl}}\n"
        f"removed:\n  - handles: ['{hashed('dave', SALT)}']\n"
    )
    (problem,) = read(text).problems
    assert (problem.line, problem.message.split(":")[0]) == (
        5,
        "'dave' was removed (line 7) and is never made again",
    )


def test_one_registry_keeps_to_one_salt() -> None:
    once = remove(HEAD + "models: []\n", "dave", reason="asked", on=DAY, private=True)
    twice = remove(once, "user@host.example", reason="asked", on=DAY, private=True)
    hashes = [handle for tombstone in read(twice).removed for handle in tombstone.handles]
    assert len(hashes) == 2
    assert all(map(is_hash, hashes))
    assert len({each.split(":")[1] for each in hashes}) == 1
    assert salt_for([]) != salt_for([])


def test_something_that_only_looks_like_a_hash_is_no_handle() -> None:
    with pytest.raises(RegistryError, match="is not a handle"):
        read(HEAD + "models: []\nremoved: [{handles: ['sha256:12:34']}]\n")


def test_an_account_is_found_by_its_id_whatever_it_is_called_now() -> None:
    gone = Tombstones({"dave": 7}, {"4242": 8, hashed("4343", SALT): 9})
    assert gone.line_of(Owner("dave", None)) == 7
    assert gone.line_of(Owner("new_name", "4242")) == 8
    assert gone.line_of(Owner("new_name", "4343")) == 9
    assert gone.line_of(Owner("4242", "1")) is None  # a handle is no id
    assert gone.line_of(Owner()) is None


def test_an_id_of_mastodon_counts_on_its_own_server_alone() -> None:
    gone = Tombstones({}, {"12@example.social": 3})
    assert gone.line_of(owner("mastodon", "dave@example.social", "12")) == 3
    assert gone.line_of(owner("mastodon", "dave@elsewhere.example", "12")) is None
    assert gone.line_of(owner("x", "dave", "12")) is None


def test_ids_are_written_beside_the_handle_and_read_again() -> None:
    after = remove(HEAD, "dave", on=DAY, accounts=["4242", "did:plc:abc"])
    found = read(after)
    assert found.removed[0].accounts == ("4242", "did:plc:abc")
    assert found.gone.line_of(Owner("new_name", "4242")) is not None
    assert remove(HEAD, "dave", on=DAY) == remove(HEAD, "dave", on=DAY, accounts=[])


def test_ids_of_a_private_tombstone_are_hashed_with_its_salt() -> None:
    after = remove(HEAD, "dave", on=DAY, private=True, accounts=["4242"])
    assert "4242" not in after
    (stone,) = read(after).removed
    assert {each.split(":")[1] for each in (*stone.handles, *stone.accounts)} == {
        stone.handles[0].split(":")[1]
    }
    assert read(after).gone.line_of(Owner("new_name", "4242")) is not None


@pytest.mark.parametrize("private", [True, False])
def test_ids_that_are_known_later_are_added_once(private: bool) -> None:
    first = remove(HEAD, "dave", on=DAY, private=private)
    after = remove(first, "dave", on=DAY, private=private, accounts=["4242"])
    assert read(after).gone.line_of(Owner(account="4242")) is not None
    with pytest.raises(UsageError, match="is removed already"):
        remove(after, "dave", on=DAY, private=private, accounts=["4242"])


def test_an_id_that_is_none_is_a_fault_of_the_file() -> None:
    with pytest.raises(RegistryError, match=r"an account's id is one word"):
        read(HEAD + "removed: [{handles: [dave], accounts: ['4 2']}]\n")
    read(HEAD + "removed: [{handles: [dave], accounts: [4242]}]\n")
