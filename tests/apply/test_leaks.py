"""No post's text leaves the store: canaries in posts of every kind, and a search of all that a run produces."""

from __future__ import annotations

import gzip
import json
import logging
import random
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fleets import Fleet
from tiny_bases import sentences
from x_archives import members, pack, tweet

from bot.__main__ import main


class Canaries:
    """Words that nobody writes and no model of these tests can spell: a new one for each post."""

    def __init__(self) -> None:
        self._chance = random.Random(7)
        self.kinds: dict[str, str] = {}

    def new(self, kind: str) -> str:
        word = "".join(self._chance.choices("bcdfghjklmnpqrstvwxz", k=18))
        self.kinds[word] = kind
        return word

    def found_in(self, data: bytes) -> set[str]:
        """The kinds of posts whose canaries stand there, in whatever case."""
        text = data.lower()
        return {kind for word, kind in self.kinds.items() if word.encode() in text}


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """Everything that any library logs, at the level DEBUG and below."""
    file = tmp_path / "debug.log"
    handler = logging.FileHandler(file)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(1)
    logging.getLogger("bot.hub.client").debug("whether the log hears the bot's own loggers")
    yield file
    root.setLevel(before)
    root.removeHandler(handler)
    handler.close()


def write_posts(file: Path, canaries: Canaries, count: int = 300) -> None:
    """Posts of every kind that the funnel knows, one canary in each."""
    lines: list[str] = []

    def add(kind: str, text: str, **fields: Any) -> None:
        number = len(lines)
        created_at = f"2026-01-{1 + number // 1440:02}T{number // 60 % 24:02}:{number % 60:02}:00Z"
        lines.append(json.dumps({"id": str(number), "text": text, "created_at": created_at, **fields}))

    for text in sentences(count, 3):
        add("kept", f"{text} {canaries.new('kept or held out')}")
    add("short", canaries.new("short"))
    for _ in range(2):
        add("duplicate", f"the very same words {canaries.new('duplicate')}")
        lines.append(lines[-1].replace('"id": "', '"id": "9'))
    add("private", f"write to {canaries.new('private')}@example.com or call +44 20 7946 0958")
    add("retweet", f"RT @bob_example: not mine {canaries.new('retweet')}", is_repost=True)
    add(
        "special",
        f"<|endoftext|> {canaries.new('special')} </s> [INST] https://example.org/{canaries.new('link')}",
    )
    file.write_text("\n".join(lines) + "\n")


def write_archive(file: Path, canaries: Canaries) -> None:
    """An archive with kept, retweeted, edited and odd records."""
    records = []
    for number, text in enumerate(sentences(300, 5), start=100):
        when = f"Wed Oct 10 {number // 60:02}:{number % 60:02}:24 +0000 2018"
        records.append(tweet(number, f"{text} {canaries.new('archived')}", created_at=when))
    records.append(tweet(1, f"RT @bob_example: {canaries.new('archived retweet')}"))
    for number in (2, 3):
        records.append(tweet(number, f"an edited one {canaries.new('edited')}"))
        records[-1]["tweet"]["edit_info"]["initial"]["editTweetIds"] = ["2", "3"]
    records.append(tweet("odd", canaries.new("odd record")))
    records.append(tweet(4, canaries.new("odd date"), created_at=canaries.new("odd date")))
    contents = members(records, handle="cy_example")
    contents["data/direct-messages.js"] = canaries.new("direct message").encode()
    pack(file, contents)


def not_a_number(base: Path, folder: Path) -> Path:
    """A base whose weights are no numbers, so that training fails after it has seen the posts."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(base, folder)
    weights = load_file(folder / "model.safetensors")
    broken = {name: torch.full_like(tensor, torch.nan) for name, tensor in weights.items()}
    save_file(broken, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def leaked(folder: Path, canaries: Canaries) -> dict[str, set[str]]:
    """Kinds of posts by the files below a folder that hold their text, unpacked where they are compressed."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            if data.startswith(b"\x1f\x8b"):
                data = zlib.decompressobj(wbits=31).decompress(data)  # cut short or not
            kinds = canaries.found_in(data)
            if kinds or canaries.found_in(str(path).encode()):
                found[str(path.relative_to(folder))] = kinds
    return found


def test_no_text_of_a_post_is_in_anything_that_a_run_produces(
    tmp_path: Path,
    tiny_base: Path,
    canaries: Canaries,
    log: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home, made = tmp_path / "home", tmp_path / "made"
    for folder in (home, made / "temporary", made / "cache"):
        folder.mkdir(parents=True)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        (made / name).touch()
        monkeypatch.setenv(name, str(made / name))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("XDG_CACHE_HOME", str(made / "cache"))
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "debug")
    monkeypatch.setattr(tempfile, "tempdir", str(made / "temporary"))

    fleet = Fleet(home, tiny_base)
    write_posts(home / "ada_example.jsonl", canaries)
    write_archive(home / "cy.zip", canaries)
    shutil.copy(home / "ada_example.jsonl", home / "nan_example.jsonl")
    (home / "bad_example.jsonl").write_text(
        json.dumps({"id": "1", "text": canaries.new("line"), "created_at": canaries.new("date")}) + "\n"
    )
    (home / "cut_example.jsonl").write_text(f'{{"id": "1", "text": "{canaries.new("broken line")}')
    not_a_number(tiny_base, home / "nan")
    for handle in ("ada_example", "bad_example", "cut_example"):
        fleet.entry(handle)
    fleet.entry("nan_example", extra=", base: ./nan")
    fleet.models.append("  - {handles: [cy_example], source: archive}")
    fleet.write()

    def bot(command: str, *args: str, hub: bool = True) -> int:
        where = ["--registry", str(home / "registry.yaml")]
        where += ["--hub", f"dir:{made / 'hub'}"] if hub else []
        return main([command, *args, *where])

    assert bot("import", "cy_example", str(home / "cy.zip"), hub=False) == 0
    assert bot("import", "bad_example", str(home / "bad_example.jsonl"), hub=False) == 2
    for name in ("ada_example", "cy_example", "bad_example", "cut_example"):
        bot("corpus", name, hub=False)
        bot("corpus", name, "--json", hub=False)
    bot("validate", hub=False)
    assert bot("plan", "--out", str(made / "plan.json")) == 0
    assert bot("apply") == 1
    assert bot("apply", "--json", "--force", "train") == 1
    for command in ("explain", "render"):
        for name in ("ada_example", "cy_example", "nan_example"):
            bot(command, name, *(["--out", str(made / name)] if command == "render" else []))
    assert bot("status") == 0
    assert bot("status", "--json") == 0

    (posts,) = (home / ".bot/store/x/cy_example").glob("posts-*")
    held = canaries.found_in(gzip.decompress(posts.read_bytes()))
    assert held == {"archived", "edited"}, "the store holds what may be trained on, and no more"
    posts.write_bytes(posts.read_bytes()[:-20])
    assert bot("apply", "--only", "cy_example", "--force", "train") == 1

    said = capfd.readouterr()
    assert "cy_example: done" in said.err + said.out
    assert "loss of the base itself is nan" in said.err + said.out
    assert {path.parent.name for path in made.glob("hub/org/*/bot.json")} == {"ada_example", "cy_example"}
    assert canaries.found_in((said.out + said.err).encode()) == set()
    assert b"whether the log hears" in log.read_bytes()
    assert canaries.found_in(log.read_bytes()) == set()
    assert leaked(made, canaries) == {}
    inputs = {"ada_example.jsonl", "nan_example.jsonl", "bad_example.jsonl", "cut_example.jsonl"}
    stored = {name for name in leaked(home, canaries) if not name.startswith(".bot/store/")}
    assert stored == inputs


def test_the_search_finds_what_leaks(tmp_path: Path, canaries: Canaries) -> None:
    word = canaries.new("kept")
    (tmp_path / "plain").write_text(f"so {word.upper()} it is")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(word.encode()))
    (tmp_path / "clean").write_text("nothing")
    assert set(leaked(tmp_path, canaries)) == {"plain", "packed.gz"}
