"""Only what shows that it is whole is evidence of deletion: one rule for `bot import` and for the registry's paths."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tiny_bases import sentences
from x_archives import members, pack, tweet

from bot.__main__ import main
from bot.sources.posts import Post, Profile, Timeline
from bot.store import Store

HANDLE = "mara_quay"
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
TEXTS = sentences(100, 5)
KEPT = "97 posts missing from this archive were kept: it does not show that it is whole; to drop them all the same: "


def moment(number: int) -> datetime:
    return FIRST + timedelta(hours=number)


def record(number: int) -> dict[str, Any]:
    written = moment(number).strftime("%a %b %d %H:%M:%S +0000 %Y")
    return tweet(number + 1_000, TEXTS[number], created_at=written)


def archive(path: Path, numbers: Iterable[int], *, announces: int | None = None, **how: Any) -> Path:
    records = [record(number) for number in numbers]
    made = members(records, handle=HANDLE, **how)
    if announces is not None:
        count = f'"count": "{len(records)}"'.encode()
        made["data/manifest.js"] = made["data/manifest.js"].replace(
            count, f'"count": "{announces}"'.encode(), 1
        )
    return pack(path, made)


def lines(path: Path, numbers: Iterable[int]) -> Path:
    posts = [{"id": str(n), "text": TEXTS[n], "created_at": moment(n).isoformat()} for n in numbers]
    path.write_text("\n".join(map(json.dumps, posts)) + "\n")
    return path


class Home:
    """A store that is filled by `bot import` or by an entry's path, as `way` says."""

    def __init__(self, folder: Path, base: Path, way: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.base, self.way, self._capsys = folder, base, way, capsys
        self.write("archive")

    def write(self, source: str, file: Path | None = None) -> None:
        path = f"{source}: {file}, " if file else ""
        (self.folder / "registry.yaml").write_text(
            "namespace: me\ncontact: https://example.org/r\nmodels:\n"
            f"  - {{handles: [{HANDLE}], source: {source}, {path}base: {self.base}, consent: self, "
            "recipe: {epochs: 1, learning_rate: 0.01, block_size: 64, batch_size: 8}}\n"
        )

    def bot(self, *args: str) -> str:
        """All that was printed, on one line."""
        code = main([*args, "--registry", str(self.folder / "registry.yaml")])
        captured = self._capsys.readouterr()
        assert code == 0, captured.err
        return " ".join((captured.out + captured.err).split())

    def read(self, file: Path) -> str:
        source = "jsonl" if file.suffix == ".jsonl" else "archive"
        if self.way == "import":
            return self.bot("import", HANDLE, str(file))
        self.write(source, file)
        return self.bot("corpus", HANDLE)

    def total(self, source: str = "archive") -> int:
        facts = self.store.facts(HANDLE, source)
        return facts.total if facts else 0

    @property
    def store(self) -> Store:
        return Store(f"file://{self.folder}/.bot/store")


@pytest.fixture(params=["import", "registry"])
def home(
    request: pytest.FixtureRequest, tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> Home:
    return Home(tmp_path, tiny_base, request.param, capsys)


def incomplete(folder: Path) -> dict[str, Path]:
    three = [0, 50, 99]
    odd = [record(n) if n in three else {"tweet": {"id_str": str(n)}} for n in (*three, 7, 8)]
    return {
        "announces more": archive(folder / "announces.zip", three, announces=100),
        "no manifest": archive(folder / "part.zip", three, manifest=False),
        "odd records": pack(folder / "odd.zip", members(odd, handle=HANDLE)),
    }


@pytest.mark.parametrize("what", ["announces more", "no manifest", "odd records"])
def test_an_incomplete_archive_removes_nothing_and_says_what_it_lacks(what: str, home: Home) -> None:
    home.read(archive(home.folder / "full.zip", range(100)))
    said = home.read(incomplete(home.folder)[what])
    assert home.total() == 100
    assert KEPT + f"bot purge {HANDLE}, then read it again" in said


def test_what_a_whole_archive_lacks_goes_and_is_counted_aloud(home: Home) -> None:
    home.read(archive(home.folder / "full.zip", range(100)))
    said = home.read(archive(home.folder / "later.zip", [*range(50), *range(59, 100)]))
    assert "9 posts missing from this archive were removed" in said
    assert home.total() == 91
    said = home.read(archive(home.folder / "last.zip", [*range(50), *range(60, 100)]))
    assert "1 post missing from this archive was removed" in said


def test_a_whole_archive_that_lacks_more_than_half_is_held_back_until_a_purge(home: Home) -> None:
    home.read(archive(home.folder / "full.zip", range(100)))
    few = archive(home.folder / "few.zip", range(0, 100, 3))
    said = home.read(few)
    assert (
        "66 posts missing from this archive were kept: more than half of the 100 that it should hold" in said
    )
    assert home.total() == 100
    home.bot("purge", HANDLE)
    home.read(few)
    assert home.total() == 34


def test_files_of_lines_add_up(home: Home) -> None:
    home.read(lines(home.folder / "one.jsonl", range(80)))
    said = home.read(lines(home.folder / "two.jsonl", range(0, 100, 5)))
    assert home.total("jsonl") == 84
    assert "64 posts missing from this file were kept: it does not show that it is whole" in said


@pytest.mark.parametrize("numbers", [range(0, 100, 2), [0, *range(2, 100)]])
def test_what_was_paid_for_is_never_lost_to_an_archive(numbers: Iterable[int], home: Home) -> None:
    """Which posts the paid source brought is not known, so an archive removes none of them."""
    posts = [Post(str(n + 1_000), TEXTS[n], moment(n)) for n in range(100)]
    profile = Profile(HANDLE, "Mara", "x", id="4242")
    home.store.merge(Timeline(profile, posts), "x", now=FIRST, complete=True, paid=True)
    said = home.read(archive(home.folder / "whole.zip", numbers))
    assert home.total() == 100
    assert "kept: posts of this account were paid for and may be among them" in said


def test_apply_counts_what_goes_too(
    tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path, tiny_base, "registry", capsys)
    home.read(archive(tmp_path / "full.zip", range(100)))
    home.write("archive", archive(tmp_path / "later.zip", [*range(50), *range(59, 100)]))
    assert "9 posts missing from this archive were removed" in home.bot(
        "apply", "--hub", f"dir:{tmp_path}/hub"
    )
