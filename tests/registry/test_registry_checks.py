from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest
from registry_texts import HEAD, only, problems, read

from bot.registry import checks as registry_checks


def entries(*lines: str) -> str:
    return HEAD + "models:\n" + "".join(f"  - {{{line}, consent: self}}\n" for line in lines)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("handles: [ada]", "handles: [ada]"),
        ("handles: [ada, bob]", "handles: [bob, ada]"),
        ("handles: [ada]", "handles: ['@ADA']"),
        ("handles: [ada]", "handles: ['https://x.com/Ada']"),
    ],
)
def test_the_same_model_twice_is_reported_on_both_lines(tmp_path: Path, first: str, second: str) -> None:
    one, two = problems(entries(first, second), tmp_path)
    assert (one.line, one.column, two.line, two.column) == (6, 5, 7, 5)
    assert one.message.startswith("the same model stands here and on line 7: take one out")
    assert two.message.startswith("the same model stands here and on line 6: take one out")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("handles: [ada]", "handles: [bob], name: Ada"),
        ("handles: [a-b.example], source: bluesky", "handles: [a, b.example], source: jsonl"),
        ("handles: [u.a@b.example], source: mastodon", "handles: [u@a.b.example], source: mastodon"),
        ("handles: [u@a.example], source: mastodon", "handles: [u.a.example], source: bluesky"),
        ("handles: [xn--a.example], source: bluesky", "handles: [xn-a.example], source: bluesky"),
    ],
)
def test_a_name_that_could_be_two_asks_for_another_on_both_lines(
    tmp_path: Path, first: str, second: str
) -> None:
    one, two = problems(entries(first, second), tmp_path)
    assert (one.line, two.line) == (6, 7)
    assert "give one of them a name:" in one.message
    assert "give one of them a name:" in two.message
    assert problems(entries(first + ", name: own" if "name" not in first else first, second), tmp_path) == ()


def test_a_faulty_entry_takes_part_in_a_clash(tmp_path: Path) -> None:
    found = read(entries("handles: [ada], paused: x", "handles: [ada]", "handles: [bob]"), tmp_path)
    assert [entry.name for entry in found.entries] == ["bob"]
    assert [each.line for each in found.problems] == [6, 6, 7]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)


@pytest.fixture
def work_tree(tmp_path: Path) -> Path:
    """A work tree whose registry lies in a folder of its own, with archives beside and above it."""
    git(tmp_path, "init", "-q")
    (tmp_path / "fleet").mkdir()
    for name in ("above.zip", "fleet/beside.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("data/tweets.js", "[]")
    (tmp_path / "fleet/unpacked/data").mkdir(parents=True)
    (tmp_path / "fleet/unpacked/data/tweets.js").write_text("")
    return tmp_path


@pytest.mark.parametrize("path", ["beside.zip", "../above.zip", "unpacked"])
def test_an_archive_that_git_tracks_is_refused(work_tree: Path, path: str) -> None:
    fleet = work_tree / "fleet"
    text = entries(f"handles: [ada], source: archive, archive: {path}", "handles: [bob]")
    assert problems(text, fleet) == ()
    git(work_tree, "add", str((fleet / path).resolve()))
    line, column, message = only(text, fleet)
    assert (line, column) == (6, 48)
    assert "git tracks this archive" in message
    assert [entry.name for entry in read(text, fleet).entries] == ["bob"]


def test_git_is_asked_once_and_only_when_archives_are_there(
    work_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def counted(folder: Path) -> set[Path]:
        asked.append(folder)
        return set()

    monkeypatch.setattr(registry_checks, "_tracked", counted)
    fleet = work_tree / "fleet"
    read(entries("handles: [ada]", "handles: [bob], source: archive"), fleet)
    assert asked == []
    archive = "source: archive, archive: beside.zip"
    read(entries(f"handles: [ada], {archive}", f"handles: [bob], {archive}"), fleet)
    assert asked == [fleet]


def test_outside_a_work_tree_git_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("data/tweets.js", "[]")
    monkeypatch.setenv("PATH", "")
    found = read(entries("handles: [ada], source: archive, archive: a.zip"), tmp_path)
    assert found.problems == found.warnings == ()


def test_a_git_that_does_not_answer_is_a_warning(work_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = read(entries("handles: [ada], source: archive, archive: beside.zip"), work_tree / "fleet")
    assert len(found.entries) == 1
    assert "git could not say" in found.warnings[0].message


def test_a_hooks_environment_does_not_mislead_git(work_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(work_tree, "add", "fleet/beside.zip")
    monkeypatch.setenv("GIT_DIR", str(work_tree / "nowhere"))
    text = entries("handles: [ada], source: archive, archive: beside.zip")
    assert "git tracks" in only(text, work_tree / "fleet")[2]
