"""Whose posts a file holds: somebody who was removed is never imitated, whatever handle the file is given for."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tiny_bases import sentences
from x_archives import Members, javascript, members, pack, tweet

from bot import registry as registry_room
from bot.__main__ import main
from bot.registry.edit import remove
from bot.sources.posts import Owner, Post, Profile, Timeline
from bot.store import Store

DAY = datetime(2026, 1, 1, tzinfo=UTC).date()
BOB, NUMBER = "bob_brine", "4242"
HEAD = "version: 1\nnamespace: me\ncontact: https://example.org/removal\n"


def archive_of(handle: str, *, named: bool = True) -> Members:
    records = [tweet(number, text) for number, text in enumerate(sentences(250, 3), start=1)]
    made = members(records, handle=handle, manifest=named)
    if not named:
        del made["data/account.js"]
    return made


class Home:
    """A registry with an entry for @alice_ash, made of whatever archive lies there as given.zip."""

    def __init__(self, folder: Path, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.base, self._capsys = folder, base, capsys
        self.path = folder / "registry.yaml"

    def write(
        self, removed: str = "", *, consent: str = "https://example.org/agreed", file: bool = True
    ) -> None:
        archive = "archive: given.zip, " if file else ""
        recipe = "{epochs: 1, learning_rate: 0.01, block_size: 64, batch_size: 8}"
        text = (
            f"models:\n  - {{handles: [alice_ash], source: archive, {archive}base: {self.base}, recipe: {recipe}, "
            f"consent: {consent}}}\n"
        )
        self.path.write_text((removed or HEAD) + text)

    def bot(self, command: str, *args: str) -> tuple[int, str]:
        """The exit code, and all that was printed."""
        hub = [f"--hub=dir:{self.folder / 'models'}"] if command in {"plan", "apply", "takedown"} else []
        code = main([command, *args, "--registry", str(self.path), *hub])
        captured = self._capsys.readouterr()
        return code, captured.out + captured.err

    def steps(self) -> dict[str, Any]:
        code, out = self.bot("plan", "--json")
        assert code == 0
        found: dict[str, Any] = json.loads(out[: out.rindex("}") + 1])
        return found

    @property
    def store(self) -> Store:
        return Store(f"file://{self.folder}/.bot/store")


@pytest.fixture
def home(tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]) -> Home:
    pack(tmp_path / "given.zip", archive_of("Bob_Brine"))
    return Home(tmp_path, tiny_base, capsys)


def tombstone(how: str) -> str:
    """A registry's head in which @bob_brine was removed; `renamed`: under an older name, with the account's id."""
    if "renamed" in how:
        return remove(HEAD, "bob_before", on=DAY, private="hashed" in how, accounts=[NUMBER])
    return remove(HEAD, BOB, on=DAY, private="hashed" in how)


HOW = ["named", "hashed", "renamed", "renamed, hashed"]


@pytest.mark.parametrize("how", HOW)
def test_an_archive_of_somebody_removed_is_blocked_everywhere_and_nobody_is_named(
    how: str, home: Home
) -> None:
    home.write(tombstone(how))
    code, said = home.bot("validate")
    assert code == 2
    problem = said.splitlines()[0]
    assert "the archive of alice_ash is of somebody who was removed (line " in problem
    row = next(n for n, text in enumerate(home.path.read_text().splitlines(), 1) if "alice_ash" in text)
    assert problem.startswith(f"{home.path}:{row}:")
    (step,) = home.steps()["steps"]
    assert (step["name"], step["action"]) == ("alice_ash", "blocked")
    assert "is of somebody who was removed" in step["reason"]
    output = said + json.dumps(step)
    for command, expected in (("corpus", 1), ("apply", 0)):
        code, said = home.bot(command, *(["alice_ash"] if command == "corpus" else []))
        assert code == expected
        assert "is of somebody who was removed" in " ".join(said.split())
        output += said
    assert "bob" not in output.lower()
    assert NUMBER not in output
    assert home.store.all_facts() == {}
    assert not (home.folder / "models" / "me" / "alice_ash").exists()


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("handle", [BOB, "alice_ash"])
def test_import_refuses_somebody_removed_and_stores_nothing(handle: str, how: str, home: Home) -> None:
    home.write(tombstone(how), file=False)
    code, said = home.bot("import", handle, str(home.folder / "given.zip"))
    assert code == 2
    assert "removed (line " in said
    assert "nothing is stored" in said
    assert "bob" not in said.lower()
    assert home.store.all_facts() == {}


@pytest.mark.parametrize("how", HOW)
def test_posts_that_lie_in_the_store_are_held_against_tombstones_too(how: str, home: Home) -> None:
    home.write(file=False)
    assert home.bot("import", "alice_ash", str(home.folder / "given.zip"))[0] == 0
    home.write(tombstone(how), file=False)
    output = ""
    (step,) = home.steps()["steps"]
    assert (step["action"], "what the store holds of alice_ash is of somebody" in step["reason"]) == (
        "blocked",
        True,
    )
    for command in (("corpus", "alice_ash"), ("apply",), ("plan", "--force", "train", "--only", "alice_ash")):
        _, said = home.bot(*command)
        assert "is of somebody who was removed" in " ".join(said.split())
        output += said
    assert "bob" not in output.lower()
    assert not (home.folder / "models" / "me" / "alice_ash").exists()


def test_a_published_model_of_somebody_removed_is_blocked_though_nothing_changed(home: Home) -> None:
    home.write(file=False)
    home.bot("import", "alice_ash", str(home.folder / "given.zip"))
    assert home.bot("apply")[0] == 0
    assert home.steps()["steps"][0]["action"] == "ok"
    home.write(tombstone("renamed, hashed"), file=False)
    (step,) = home.steps()["steps"]
    assert (step["action"], "is of somebody who was removed" in step["reason"]) == ("blocked", True)


def test_a_card_of_another_accounts_archive_names_nobody_who_may_leave_later(home: Home) -> None:
    home.write()
    code, said = home.bot("apply")
    assert code == 0
    card = (home.folder / "models" / "me" / "alice_ash" / "README.md").read_text()
    assert "the archive is another account" in card
    assert "bob" not in card.lower()
    assert "bob" not in said.lower()


def test_an_archive_from_before_a_rename_is_said_early_and_with_the_way_out(home: Home) -> None:
    home.write(consent="self")
    reason = (
        "the archive given for alice_ash says it is bob_brine's, so consent: self is not believed; if you renamed your "
        "account since, ask for a new archive, or write bob_brine into the registry, or the id of your account "
        "beside it (accounts: '4242'); else give that person's own archive, or consent: "
        "with an https address where they agreed"
    )
    code, said = home.bot("validate")
    assert (code, reason in said) == (2, True)
    (step,) = home.steps()["steps"]
    assert (step["action"], step["reason"]) == ("blocked", reason)
    code, said = home.bot("apply")
    assert (code, home.store.all_facts()) == (0, {})


def test_stored_posts_of_another_name_are_not_believed_to_be_ones_own(home: Home) -> None:
    home.write(consent="self", file=False)
    assert home.bot("import", "alice_ash", str(home.folder / "given.zip"))[0] == 0
    (step,) = home.steps()["steps"]
    assert (step["action"], "so consent: self is not believed" in step["reason"]) == ("blocked", True)


def test_a_file_that_names_no_owner_makes_nobody_forget_whose_the_posts_are(home: Home) -> None:
    home.write(consent="self", file=False)
    home.bot("import", "alice_ash", str(home.folder / "given.zip"))
    pack(home.folder / "part.zip", archive_of("Bob_Brine", named=False))
    assert home.bot("import", "alice_ash", str(home.folder / "part.zip"))[0] == 0
    (facts,) = home.store.all_facts().values()
    assert (facts.known_as, facts.id) == (BOB, NUMBER)
    assert home.steps()["steps"][0]["action"] == "blocked"


def test_a_file_that_names_no_owner_proves_nothing_and_import_plan_and_card_say_so(home: Home) -> None:
    pack(home.folder / "given.zip", archive_of("Bob_Brine", named=False))
    home.write(consent="self")
    assert home.bot("validate")[0] == 0
    made = home.steps()
    assert made["steps"][0]["action"] == "train"
    note = next(note for note in made["notes"] if "name no owner" in note)
    assert "nothing but your word shows whose posts these are" in note
    assert "alice_ash" in note
    code, said = home.bot("import", "alice_ash", str(home.folder / "given.zip"))
    assert code == 0
    assert (
        "warning: the archive names no owner, so it proves neither that alice_ash agreed (consent: self) nor that "
        "it is of nobody who was removed"
    ) in said
    assert home.bot("apply")[0] == 0
    card = (home.folder / "models" / "me" / "alice_ash" / "README.md").read_text()
    assert "consent of the account's owner, according to its publisher." in card
    assert "that names no account: nothing here proves whose they are" in card


def test_lines_name_no_owner_either(home: Home) -> None:
    line = json.dumps({"id": "1", "text": "All is well here", "created_at": "2026-01-01"})
    (home.folder / "a.jsonl").write_text(line + "\n")
    home.path.write_text(
        HEAD
        + f"models: [{{handles: [ada], source: jsonl, jsonl: a.jsonl, base: {home.base}, consent: self}}]\n"
    )
    assert any("name no owner: ada" in note for note in home.steps()["notes"])
    code, said = home.bot("import", "ada", str(home.folder / "a.jsonl"))
    assert code == 0
    assert "warning: the file names no owner" in said


def test_a_plan_says_nothing_of_owners_that_their_files_name(home: Home) -> None:
    pack(home.folder / "given.zip", archive_of("Alice_Ash"))
    home.write(consent="self")
    assert not any("name no owner" in note for note in home.steps()["notes"])
    home.bot("import", "alice_ash", str(home.folder / "given.zip"))
    home.write(consent="self", file=False)
    assert not any("name no owner" in note for note in home.steps()["notes"])


@pytest.mark.parametrize("private", [True, False])
def test_remove_writes_the_ids_that_the_store_knows_so_that_a_rename_undoes_nothing(
    private: bool, home: Home
) -> None:
    home.write(file=False)
    assert home.bot("import", BOB, str(home.folder / "given.zip"))[0] == 0
    assert home.bot("remove", BOB, "--reason", "asked", *(["--private"] if private else []))[0] == 0
    assert home.bot("purge", BOB)[0] == 0
    assert (NUMBER in home.path.read_text()) == (not private)
    assert registry_room.load(home.path).gone.line_of(Owner("new_name", NUMBER)) is not None
    pack(home.folder / "given.zip", archive_of("New_Name"))
    code, said = home.bot("import", "new_name", str(home.folder / "given.zip"))
    assert (code, "is of somebody who was removed" in said) == (2, True)


def test_remove_takes_ids_from_published_manifests_where_a_hub_is_named(home: Home) -> None:
    pack(home.folder / "given.zip", archive_of("Alice_Ash"))
    home.write(consent="self")
    assert home.bot("apply")[0] == 0
    home.store.purge("alice_ash")
    hub = f"dir:{home.folder / 'models'}"
    assert home.bot("remove", "alice_ash", "--reason", "asked", "--hub", hub)[0] == 0
    assert registry_room.load(home.path).removed[0].accounts == (NUMBER,)


def test_remove_does_not_wait_for_a_store_that_cannot_be_read(home: Home) -> None:
    home.write(file=False)
    code, said = home.bot("remove", BOB, "--reason", "asked", "--store", "nonsense://x")
    assert code == 0
    assert "warning: the ids of this person's accounts are not known" in said
    assert BOB in registry_room.load(home.path).gone


def test_takedown_writes_the_ids_before_the_posts_that_say_them_go(home: Home) -> None:
    home.write(file=False)
    home.bot("import", "alice_ash", str(home.folder / "given.zip"))
    home.write(file=False)
    assert home.bot("takedown", "--handle", BOB, "--reason", "asked")[0] == 0
    assert registry_room.load(home.path).gone.line_of(Owner("new_name", NUMBER)) is not None
    assert home.store.all_facts() == {}
    before = home.path.read_bytes()
    assert home.bot("takedown", "--handle", BOB, "--reason", "asked")[0] == 0
    assert home.path.read_bytes() == before


def test_an_account_removed_while_training_ran_is_not_published(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.apply import build

    home.write()
    tune = build.tune

    def meanwhile(*args: Any) -> Any:
        made = tune(*args)
        home.write(tombstone("renamed, hashed"))
        return made

    monkeypatch.setattr(build, "tune", meanwhile)
    _, said = home.bot("apply")
    assert "a person of this entry asked to be removed while this ran" in " ".join(said.split())
    assert not (home.folder / "models" / "me" / "alice_ash").exists()


def test_an_archive_whose_account_file_alone_names_the_owner_is_known(home: Home) -> None:
    made = archive_of("Bob_Brine", named=False)
    made["data/account.js"] = javascript("account", [{"account": {"username": "Other", "accountId": NUMBER}}])
    pack(home.folder / "given.zip", made)
    home.write(tombstone("renamed"))
    assert home.bot("validate")[0] == 2


def test_an_id_of_another_network_is_not_a_removed_accounts(home: Home) -> None:
    home.write(tombstone("renamed"), file=False)
    posts = [Post("1", "All is well here", datetime(2026, 1, 1, tzinfo=UTC))]
    profile = Profile("ada@example.social", "Ada", "mastodon", id=NUMBER)
    home.store.merge(Timeline(profile, posts), "mastodon", now=datetime(2026, 1, 1, tzinfo=UTC))
    entry = "{handles: ['ada@example.social'], source: mastodon, consent: self, base: " + str(home.base) + "}"
    home.path.write_text(tombstone("renamed") + f"models: [{entry}]\n")
    assert home.steps()["steps"][0]["action"] == "train"
