"""What somebody sees of their own file before there is a registry, and what `bot import` makes of it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from mastodon_archives import mastodon, note
from old_archives import classic, classic_tweet, community_archive, table
from tiny_bases import sentences
from x_archives import javascript, members, pack, tweet

from bot.__main__ import main
from bot.store import Store

SECRET = "zanzibar"


class Desk:
    """A folder with somebody's files, without a registry until `registry` writes one."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def file(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    def zip(self, name: str, contents: dict[str, bytes]) -> str:
        return str(pack(self.folder / name, contents))

    def bot(self, *args: str) -> tuple[int, str, str]:
        code = main(list(args))
        captured = self._capsys.readouterr()
        assert SECRET not in captured.out + captured.err
        return code, captured.out, captured.err

    def inspect(self, *files: str) -> dict[str, Any]:
        code, out, _ = self.bot("inspect", "--json", *files)
        assert code == 0
        (found,) = json.loads(out)["files"]
        assert isinstance(found, dict)
        return found

    def registry(self, more: str = "") -> list[str]:
        path = self.folder / "registry.yaml"
        path.write_text(f"version: 1\nnamespace: me\ncontact: https://example.org/removal\n{more}")
        return ["--registry", str(path)]

    def stored(self, handle: str, source: str = "archive") -> int:
        facts = Store(f"file://{self.folder}/.bot/store").facts(handle, source)
        return facts.total if facts else 0


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, capsys)


def records(count: int = 300) -> list[dict[str, Any]]:
    return [tweet(n, f"{SECRET} {text}") for n, text in enumerate(sentences(count, 5), start=1)]


def test_an_archive_is_described_without_a_registry_and_without_a_text(desk: Desk) -> None:
    found = desk.inspect(
        desk.zip("my archive.zip", members([*records(), tweet(999, "RT @bob: look at this")]))
    )
    assert (found["kind"], found["source"], found["whole"]) == ("x_archive", "archive", True)
    assert found["owner"] == {"handle": "ada_example", "account": "4242"}
    assert (found["posts"], found["retweets"]) == (301, 1)
    assert found["first"] == found["last"] == "2018-10-10T20:19:24+00:00"
    assert found["corpus"]["accounts"][0]["kept"] == 300
    assert found["corpus"]["enough"] is True
    assert any("direct messages" in never for never in found["never"])
    assert list(desk.folder.iterdir()) == [desk.folder / "my archive.zip"]


def test_the_line_that_is_shown_imports_the_file(desk: Desk) -> None:
    line = desk.inspect(desk.zip("my archive.zip", members(records(3))))["import"]
    command, *args = shlex.split(line)
    assert command == "bot"
    code, out, _ = desk.bot(*args, *desk.registry())
    assert (code, out) == (0, "ada_example: 3 new posts, 3 in the store\n")


def test_for_people_it_is_a_page_with_the_funnel_and_the_next_command(desk: Desk) -> None:
    code, out, err = desk.bot("inspect", desk.zip("a.zip", members(records(3))))
    assert (code, err) == (0, "")
    assert "an archive of X, of 2020 or later" in out
    assert "ada_example (account 4242)" in out
    assert "Not enough: at least 6,000 characters are needed." in out
    assert out.endswith(f"Import it with: bot import ada_example {desk.folder}/a.zip\n")


def test_several_files_of_one_archive_are_one_and_others_each_for_itself(desk: Desk) -> None:
    part, rest = desk.file("tweets-part1.js", javascript("tweets", [tweet(9)])), members([tweet(1)])
    archive = desk.zip("a.zip", rest)
    assert desk.inspect(archive, part)["posts"] == 2
    old = desk.zip("old.zip", classic({"2014_05": [classic_tweet(1, "all is well here")]}))
    code, out, _ = desk.bot("inspect", "--json", archive, old)
    assert (code, [each["kind"] for each in json.loads(out)["files"]]) == (0, ["x_archive", "x_classic"])


def test_one_file_that_cannot_be_read_does_not_hide_the_others(desk: Desk) -> None:
    bad = desk.file("b.pdf", b"%PDF-1.7")
    code, out, err = desk.bot("inspect", "--json", desk.zip("a.zip", members([tweet(1)])), bad, "nowhere.zip")
    found = json.loads(out)["files"]
    assert (code, [("error" in each) for each in found]) == (2, [False, True, True])
    assert f"{bad}: this is a PDF" in err
    assert "nowhere.zip: there is no such file" in err


UNNAMED = {
    "tweets.js": javascript("tweets", [tweet(1)]),
    "tweets.csv": table([classic_tweet(1, "all is well here")]),
    "posts.JSONL": b'{"id": "1", "text": "all is well here", "created_at": "2024-05-01"}',
}


@pytest.mark.parametrize("name", UNNAMED)
def test_a_file_without_an_owner_proves_nothing_and_says_so_when_it_is_looked_at_and_imported(
    desk: Desk, name: str
) -> None:
    file = desk.file(name, UNNAMED[name])
    code, out, _ = desk.bot("inspect", file)
    assert code == 0
    assert "names no owner, so it proves neither that HANDLE agreed" in out
    assert f"bot import HANDLE {file}" in out
    code, out, err = desk.bot("import", "ada", file, *desk.registry())
    assert (code, out) == (0, "ada: 1 new post, 1 in the store\n")
    assert "names no owner, so it proves neither that ada agreed" in err


def test_several_files_are_imported_as_one_archive(desk: Desk) -> None:
    contents = members({"data/tweets.js": [tweet(1)], "data/tweets-part1.js": [tweet(2)]})
    part = contents.pop("data/tweets-part1.js")
    files = desk.zip("a.zip", contents), desk.zip("b.zip", {"data/tweets-part1.js": part})
    code, out, err = desk.bot("import", "ada_example", *files, *desk.registry())
    assert (code, out, err) == (0, "ada_example: 2 new posts, 2 in the store\n", "")


def test_the_form_of_the_handle_is_that_of_the_archives_network(desk: Desk) -> None:
    file = desk.zip("a.zip", members([tweet(1)]))
    for handle in ("ida@m.example", "carol.example.social"):
        code, _, err = desk.bot("import", handle, file, *desk.registry())
        assert code == 2
        assert "this is an archive of X" in err
        assert desk.stored(handle) == 0


def bad_files(desk: Desk) -> dict[str, str]:
    future = [tweet(n, created_at="Wed Oct 10 20:19:24 +0000 2091") for n in range(3)]
    other = {name: data.replace(b"4242", b"9999") for name, data in members([tweet(1)], handle="bob").items()}
    both = {
        f"{n}/{name}": data
        for n, each in enumerate((members([tweet(1)]), other))
        for name, data in each.items()
    }
    return {
        "empty": desk.file("empty.zip", b""),
        "missing": "nowhere.zip",
        "cut short": desk.file(
            "cut.zip", pack(desk.folder / "w.zip", members([tweet(1)])).read_bytes()[:900]
        ),
        "hostile": desk.zip("hostile.zip", {**members([tweet(1)]), "../x": b""}),
        "two accounts": desk.zip("both.zip", both),
        "no post": desk.zip("none.zip", members([])),
        "no post in a table": desk.file("none.csv", table([])),
        "no post in lines": desk.file("none.jsonl", b"\n"),
        "future": desk.zip("future.zip", members(future)),
        "cut JSON": desk.file("cut.json", community_archive([tweet(n) for n in range(9)])[:-900]),
    }


BAD = ("empty", "missing", "cut short", "hostile", "two accounts", "future", "cut JSON")


@pytest.mark.parametrize("what", [*BAD, "no post", "no post in a table", "no post in lines"])
def test_what_cannot_be_imported_is_one_sentence_and_nothing_is_stored(desk: Desk, what: str) -> None:
    file = bad_files(desk)[what]
    code, out, err = desk.bot("import", "ada_example", file, *desk.registry())
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert Path(file).name in err
    assert not (desk.folder / ".bot").exists()


def test_the_archive_of_a_removed_person_is_not_imported_whatever_its_kind(desk: Desk) -> None:
    tombstone = desk.registry("removed: [{handles: [someone], accounts: ['4242']}]\n")
    for file in (
        desk.zip("old.zip", classic({"2014_05": [classic_tweet(1, "all is well here")]})),
        desk.file("a.json", community_archive([tweet(1)])),
        desk.zip("new.zip", members([tweet(1)])),
    ):
        code, out, err = desk.bot("import", "new_name", file, *tombstone)
        assert (code, out) == (2, "")
        assert "is of somebody who was removed (line 4 of the registry)" in err
        assert "ada" not in err.lower()
        assert desk.stored("new_name") == 0


def test_an_archive_of_mastodon_is_imported_by_the_line_that_is_shown(desk: Desk) -> None:
    file = desk.zip("a.zip", mastodon([note(1, "<p>zanzibar is well</p>")]))
    found = desk.inspect(file)
    assert (found["kind"], found["network"]) == ("mastodon_archive", "mastodon")
    assert found["owner"] == {"handle": "ida@m.example", "account": None}
    code, out, err = desk.bot(*shlex.split(found["import"])[1:], *desk.registry())
    assert (code, out, err) == (0, "ida@m.example: 1 new post, 1 in the store\n", "")
    assert "names no owner" not in desk.bot("inspect", file)[1]


def test_a_table_is_imported_by_the_line_that_is_shown_with_its_mapping(desk: Desk) -> None:
    file = desk.file("my posts.csv", b"Was,Wo\nzanzibar is well,here\n")
    assert desk.bot("inspect", file)[0] == 2
    line = desk.inspect(file, "--text-column", "Was")["import"]
    assert line.endswith("--text-column Was")
    code, out, err = desk.bot(*shlex.split(line.replace("HANDLE", "diary"))[1:], *desk.registry())
    assert (code, out) == (0, "diary: 1 new post, 1 in the store\n")
    assert "the file gives no dates" in err
    held = Store(f"file://{desk.folder}/.bot/store").load("diary", "jsonl")
    assert held is not None
    assert len(held.profile.notes) == 1


def test_a_flag_that_makes_no_difference_is_refused(desk: Desk) -> None:
    code, _, err = desk.bot("inspect", desk.zip("a.zip", members([tweet(1)])), "--text-column", "Was")
    assert code == 2
    assert "this is an archive of X, for which --text-column says nothing" in err
