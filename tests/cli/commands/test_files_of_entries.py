"""The files that entries name: lists of them, of renamed accounts, and those that cannot be read."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tiny_bases import sentences
from x_archives import javascript, members, pack, tweet

from bot import registry
from bot.__main__ import main
from bot.registry.edit import remove
from bot.store import Store
from bot.store.facts import Facts

HEAD = "version: 1\nnamespace: me\ncontact: https://example.org/removal\nmodels:\n"


class Home:
    """A registry with one entry of source archive, and files beside it."""

    def __init__(self, folder: Path, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.base, self._capsys = folder, base, capsys
        self.path = folder / "registry.yaml"

    def write(self, archive: str, *, handle: str = "mara_quay", more: str = "") -> None:
        self.path.write_text(
            f"{HEAD}  - {{handles: ['{handle}'], source: archive, archive: {archive}, base: {self.base}, "
            f"consent: self{more}}}\n"
        )

    def bot(self, *args: str) -> tuple[int, str]:
        code = main([*args, "--registry", str(self.path)])
        captured = self._capsys.readouterr()
        return code, " ".join((captured.out + captured.err).split())

    def step(self) -> dict[str, Any]:
        main(["plan", "--json", "--hub", f"dir:{self.folder}/hub", "--registry", str(self.path)])
        (found,) = json.loads(self._capsys.readouterr().out)["steps"]
        assert isinstance(found, dict)
        return found

    def facts(self) -> list[Facts]:
        return list(Store(f"file://{self.folder}/.bot/store").all_facts().values())


@pytest.fixture
def home(tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]) -> Home:
    return Home(tmp_path, tiny_base, capsys)


def archive(handle: str = "mara_quay", count: int = 3) -> dict[str, bytes]:
    records = [tweet(number, text) for number, text in enumerate(sentences(count, 5), start=1)]
    return members(records, handle=handle)


def test_the_files_of_one_archive_are_a_list_and_read_as_one(home: Home) -> None:
    contents = members({"data/tweets.js": [tweet(1)], "data/tweets-part1.js": [tweet(2)]}, handle="mara_quay")
    part = contents.pop("data/tweets-part1.js")
    pack(home.folder / "a.zip", contents)
    pack(home.folder / "b.zip", {"data/tweets-part1.js": part})
    home.write("[a.zip, b.zip]")
    assert home.bot("validate")[0] == 0
    assert home.step()["action"] == "train"
    code, said = home.bot("corpus", "mara_quay")
    assert (code, [facts.total for facts in home.facts()]) == (0, [2])
    home.write("a.zip")
    code, said = home.bot("validate")
    assert (code, "the manifest names this part, but it is missing" in said) == (2, True)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.zip", b"<!doctype html><title>Log in</title>", "a web page where one signs in"),
        ("posts.json", b"[1]", "a JSON array; write one post a line"),
        ("a.txt", b"words", "this is a plain text, which source: jsonl reads"),
        ("a.bin", b"\xd6\0", "no zip, and no text in UTF-8"),
    ],
)
def test_validate_and_plan_say_what_a_file_is_that_is_not_read(
    home: Home, name: str, data: bytes, said: str
) -> None:
    (home.folder / name).write_bytes(data)
    home.write(name)
    code, printed = home.bot("validate")
    assert (code, said in printed, printed.count(said)) == (2, True, 1)
    step = home.step()
    assert (step["action"], said in step["reason"]) == ("blocked", True)


def test_validate_and_plan_say_that_an_archive_is_of_another_network(home: Home) -> None:
    pack(home.folder / "a.zip", archive())
    home.write("a.zip", handle="ida@m.example")
    code, said = home.bot("validate")
    assert (code, "'ida@m.example' is a handle of Mastodon" in said) == (2, True)
    assert home.step()["action"] == "blocked"


def test_an_archive_from_before_a_rename_is_believed_by_the_id_of_its_account(home: Home) -> None:
    pack(home.folder / "a.zip", archive("mara_old"))
    home.write("a.zip")
    code, said = home.bot("validate")
    assert (code, "if you renamed your account since" in said, "accounts: '4242'" in said) == (2, True, True)
    for accounts in ("'4242'", "{mara_quay: '4242'}"):
        home.write("a.zip", more=f", accounts: {accounts}")
        assert home.bot("validate")[0] == 0
        assert home.step()["action"] == "train"


def test_an_archive_of_another_id_than_the_entrys_is_refused_though_its_handle_is_right(home: Home) -> None:
    pack(home.folder / "a.zip", archive())
    home.write("a.zip", more=", accounts: '77'")
    code, said = home.bot("validate")
    assert (code, "of another account than accounts: says (77)" in said) == (2, True)
    assert home.step()["action"] == "blocked"


def test_accounts_of_strangers_are_a_fault_on_their_line(home: Home) -> None:
    pack(home.folder / "a.zip", archive())
    home.write("a.zip", more=", accounts: {bob: '77'}")
    code, said = home.bot("validate")
    assert (code, "registry.yaml:5:" in said, "'bob' is no handle of this entry" in said) == (2, True, True)


def test_add_writes_the_id_that_the_archive_names_and_remove_takes_it_into_the_tombstone(home: Home) -> None:
    pack(home.folder / "a.zip", archive())
    home.path.write_text(HEAD.replace("models:\n", "models: []\n"))
    arguments = ("--source", "archive", "--archive", "a.zip", "--consent", "self")
    assert home.bot("add", "mara_quay", *arguments)[0] == 0
    (entry,) = registry.load(home.path).entries
    assert dict(entry.accounts) == {"mara_quay": "4242"}
    after = remove(home.path.read_text(), "mara_quay", on=date(2026, 1, 1))
    assert 'accounts: ["4242"]' in after


def test_add_writes_the_id_that_the_store_knows_of_posts_imported_before(home: Home) -> None:
    pack(home.folder / "a.zip", archive())
    home.path.write_text(HEAD.replace("models:\n", "models: []\n"))
    assert home.bot("import", "mara_quay", str(home.folder / "a.zip"))[0] == 0
    assert home.bot("add", "mara_quay", "--source", "archive", "--consent", "self")[0] == 0
    (entry,) = registry.load(home.path).entries
    assert dict(entry.accounts) == {"mara_quay": "4242"}


def test_add_writes_no_id_of_an_archive_of_somebody_else(home: Home) -> None:
    pack(home.folder / "a.zip", archive("bob"))
    home.path.write_text(HEAD.replace("models:\n", "models: []\n"))
    assert home.bot("add", "mara_quay", "--archive", "a.zip", "--consent", "self")[0] == 0
    (entry,) = registry.load(home.path).entries
    assert not entry.accounts


def test_posts_in_communities_are_read_where_the_entry_asks_for_them(home: Home) -> None:
    contents = archive()
    contents["data/community-tweet.js"] = javascript("community_tweet", [tweet(9, "all is well here")])
    pack(home.folder / "a.zip", contents)
    for more, total in ((", communities: true", 4), ("", 4)):
        home.write("a.zip", more=more)
        home.bot("corpus", "mara_quay")
        assert [facts.total for facts in home.facts()] == [total]  # without asking none is deleted


def test_a_plan_counts_the_posts_that_archives_announce_before_they_are_read(home: Home) -> None:
    for handle, count in (("big_bo", 60), ("small_sue", 2)):
        posts = [tweet(number, f"post number {number} of {handle}") for number in range(1, count + 1)]
        pack(home.folder / f"{handle}.zip", members({"data/tweets.js": posts}, handle=handle))
    home.path.write_text(
        f"{HEAD}  - {{handles: [big_bo, small_sue], source: archive, consent: https://example.org/agreed,\n"
        "     archive: {big_bo: big_bo.zip, small_sue: small_sue.zip}}\n"
    )
    code, said = home.bot("plan", "--hub", f"dir:{home.folder}/hub")
    assert (code, "small_sue's 2 posts would have to be repeated 30 times" in said) == (0, True)
