from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import pytest
from x_archives import members, pack, tweet
from x_server import XServer

from bot.__main__ import main
from bot.cli.demo import HERE
from bot.sources.posts import Profile, Timeline
from bot.store import Store

TEXT = """\
version: 1
namespace: org
contact: https://example.org/removal
models:
  - {handles: [ada], source: jsonl, consent: self, base: ./base}
"""
SECRET = "zanzibar"


@pytest.fixture
def home(tmp_path: Path, tiny_base: Path) -> Path:
    (tmp_path / "registry.yaml").write_text(TEXT)
    (tmp_path / "base").symlink_to(tiny_base)
    posts = [
        {"id": str(n), "text": f"{SECRET} number {n} sings", "created_at": f"2026-01-01T00:{n:02}:00Z"}
        for n in range(50)
    ]
    (tmp_path / "ada.jsonl").write_text("\n".join(map(json.dumps, posts)) + "\n")
    return tmp_path


def bot(home: Path, *args: str) -> int:
    return main([*args, "--registry", str(home / "registry.yaml")])


def test_import_puts_posts_into_the_store_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bot(home, "import", "@Ada", str(home / "ada.jsonl")) == 0
    assert capsys.readouterr().out == "ada: 50 new posts, 50 in the store\n"
    assert bot(home, "import", "ada", str(home / "ada.jsonl")) == 0
    assert capsys.readouterr().out == "ada: 0 new posts, 50 in the store\n"


def test_an_entry_without_a_path_reads_what_was_imported(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bot(home, "corpus", "ada") == 2
    assert "bot import ada FILE" in capsys.readouterr().err
    bot(home, "import", "ada", str(home / "ada.jsonl"))
    capsys.readouterr()
    assert bot(home, "corpus", "ada", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["accounts"][0]["downloaded"] == 50
    assert told["enough"] is False


def test_corpus_shows_numbers_and_no_text(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bot(home, "import", "ada", str(home / "ada.jsonl"))
    assert bot(home, "corpus", "ada") == 0
    said = "".join(capsys.readouterr())
    assert SECRET not in said
    assert "Not enough: at least 6,000 characters are needed." in said


def test_unequal_voices_are_said_before_any_training(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    posts = (home / "ada.jsonl").read_text().splitlines(keepends=True)
    (home / "sue.jsonl").write_text("".join(posts[:2]))
    text = TEXT.replace("[ada]", "[ada, sue]")
    (home / "registry.yaml").write_text(text)
    for handle in ("ada", "sue"):
        bot(home, "import", handle, str(home / f"{handle}.jsonl"))
    capsys.readouterr()
    assert bot(home, "corpus", "ada-sue") == 0
    assert "sue's 2 posts would have to be repeated 25 times" in capsys.readouterr().out
    many = [
        json.dumps({"id": str(n), "text": f"{SECRET} says so much today {n} " * 9, "created_at": n})
        for n in range(60)
    ]
    (home / "ada.jsonl").write_text("\n".join(many))
    bot(home, "import", "ada", str(home / "ada.jsonl"))
    capsys.readouterr()
    assert bot(home, "plan", "--hub", f"dir:{home / 'hub'}") == 0
    said = capsys.readouterr().out
    assert "Note: ada-sue: unequal voices: sue's 2 posts" in said


def test_a_base_that_hardly_knows_the_language_is_named_by_corpus_and_plan(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "registry.yaml").write_text(TEXT.replace("./base", str(HERE / "base")))  # it knows English alone
    said = "آدمی به دنیا می‌آید تا از کتاب و رفیق لذت ببرد"
    posts = [{"id": n, "text": f"{said} {n} " * 4, "created_at": n, "lang": "fa"} for n in range(60)]
    (home / "ada.jsonl").write_text("\n".join(map(json.dumps, posts)))
    bot(home, "import", "ada", str(home / "ada.jsonl"))
    capsys.readouterr()
    assert bot(home, "corpus", "ada", "--json") == 0
    value = json.loads(capsys.readouterr().out)
    assert value["languages"] == {"fa": 60}
    assert value["share_of_english"] < 0.5
    assert any("hardly knows Persian" in warning for warning in value["warnings"])
    assert bot(home, "plan", "--hub", f"dir:{home / 'hub'}") == 0
    assert "hardly knows Persian" in capsys.readouterr().out


def test_purge_leaves_no_trace(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bot(home, "import", "ada", str(home / "ada.jsonl"))
    assert bot(home, "purge", "@ADA") == 0
    assert "deleted from the store" in capsys.readouterr().out
    files = [path for path in (home / ".bot").rglob("*") if path.is_file()]
    assert not [path for path in files if re.search(rb"\bada\b", path.read_bytes())]  # not in a random hash


@pytest.mark.parametrize(
    "spelling", ["ada", " Ada ", "@aDa", "https://x.com/Ada", "twitter.com/ADA?s=20", "x.com/@ada/"]
)
def test_purge_knows_a_handle_however_it_is_written(
    spelling: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bot(home, "import", "ada", str(home / "ada.jsonl"))
    capsys.readouterr()
    assert bot(home, "purge", spelling) == 0
    assert capsys.readouterr().out == (
        "ada: 2 files deleted from the store\nthe store was listed again and shows no file of this person\n"
    )


def test_import_reads_a_url(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    memory: Any = fsspec.filesystem("memory")
    address = f"/{home.name}/ada.jsonl"
    memory.pipe_file(address, (home / "ada.jsonl").read_bytes())
    for url in (f"memory:/{address}", f"file://{home}/ada.jsonl"):
        assert bot(home, "import", "ada", url) == 0
    assert capsys.readouterr().out == (
        "ada: 50 new posts, 50 in the store\nada: 0 new posts, 50 in the store\n"
    )


def test_a_newer_archive_continues_where_the_older_ended_and_drops_what_was_deleted(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def archive(name: str, *numbers: int) -> str:
        records = [
            tweet(n, f"post number {n} sings", created_at=f"Wed Oct 10 20:{n:02}:24 +0000 2018")
            for n in numbers
        ]
        return str(pack(home / name, members(records, handle="ada")))

    assert bot(home, "import", "ada", archive("old.zip", 1, 2, 3)) == 0
    assert bot(home, "import", "ada", archive("new.zip", 1, 3, 4, 5)) == 0
    assert capsys.readouterr().out == "ada: 3 new posts, 3 in the store\nada: 2 new posts, 4 in the store\n"
    held = Store(str(home / ".bot/store")).load("ada", "x")
    assert held is not None
    assert {post.id for post in held.posts} == {"1", "3", "4", "5"}


def test_an_archive_of_another_account_is_not_mixed_with_what_the_network_gave(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = Profile("ada", "Ada", "x", id="1")
    Store(str(home / ".bot/store")).merge(Timeline(network, []), "x", now=datetime(2026, 1, 1, tzinfo=UTC))
    file = pack(home / "a.zip", members([tweet(1)], handle="ada"))
    assert bot(home, "import", "ada", str(file)) == 1
    assert "@ada has another owner: the store holds account 1, and this is 4242" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("handle", "file", "code", "said"),
    [
        ("ada", "nowhere.jsonl", 2, "nowhere.jsonl"),
        ("a b", "ada.jsonl", 2, "is not a handle"),
        ("ada", "registry.yaml", 2, "registry.yaml"),
    ],
)
def test_what_cannot_be_imported_is_said_in_one_line(
    handle: str, file: str, code: int, said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bot(home, "import", handle, str(home / file)) == code
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


def test_corpus_says_what_it_paid_for_also_when_the_reads_are_used_up(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "registry.yaml").write_text(
        "version: 1\nnamespace: org\ncontact: https://example.org/removal\nx: {terms_acknowledged: true}\n"
        "models: [{handles: [ada], source: x, consent: self}]\n"
    )
    with XServer() as x:
        x.add("ada", posts=150)
        for name, value in x.environment.items():
            monkeypatch.setenv(name, value)
        assert bot(home, "corpus", "ada", "--max-reads", "101") == 1
        assert "Spent: 101 posts and profiles read, 0.51 USD." in capsys.readouterr().err
        assert bot(home, "corpus", "ada", "--json") == 0
        told = capsys.readouterr()
        assert "Spent: 51 posts" in told.err
        assert json.loads(told.out)["accounts"][0]["downloaded"] == 150
        assert x.billed == {"users": 2, "posts": 150}
