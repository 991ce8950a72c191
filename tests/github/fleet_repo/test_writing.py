"""A fleet's files are added all or none, and replaced only where git can bring the old ones back."""

from __future__ import annotations

from pathlib import Path

import pytest
from clones import clone, commit

from bot.errors import UsageError
from bot.github.fleet_repo import writing

FILES = {"a.txt": "a\n", "deep/er/b.txt": "b\n", "c.txt": "c\n"}


def compare(folder: Path, *, update: bool = False) -> dict[str, writing.File]:
    found = writing.compare(folder, FILES, {"deep/er/b.txt"}, update=update)
    return {file.path: file for file in found}


def test_what_is_not_there_is_added_and_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine\n")
    writing.add(tmp_path, compare(tmp_path).values())
    assert (tmp_path / "a.txt").read_text() == "mine\n"
    assert (tmp_path / "deep/er/b.txt").read_text() == "b\n"
    assert {path: file.state for path, file in compare(tmp_path).items()} == {
        "a.txt": "yours",
        "deep/er/b.txt": "same",
        "c.txt": "same",
    }


def test_a_difference_is_shown_from_what_is_there_to_what_would_be(tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/b.txt").write_text("old\n")
    lines = compare(tmp_path)["deep/er/b.txt"].diff("bot 1").splitlines()
    assert lines[-2:] == ["-old", "+b"]


def test_where_one_cannot_be_written_none_is(tmp_path: Path) -> None:
    files = writing.compare(tmp_path, {"a/new.txt": "x", "b/x.txt": "y"}, (), update=False)
    (tmp_path / "b").write_text("a file where a folder is needed")
    with pytest.raises(UsageError, match="nothing was"):
        writing.add(tmp_path, files)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_folder_or_a_dangling_link_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(UsageError, match=r"a\.txt"):
        compare(tmp_path)
    (tmp_path / "a.txt").rmdir()
    (tmp_path / "a.txt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="link"):
        compare(tmp_path)
    assert not (tmp_path / "nowhere").exists()


def test_an_update_replaces_what_follows_the_bot_and_adds_nothing(tmp_path: Path) -> None:
    folder = clone(tmp_path / "fleet")
    (folder / "deep/er").mkdir(parents=True)
    (folder / "deep/er/b.txt").write_text("old\n")
    (folder / "a.txt").write_text("mine\n")
    commit(folder)
    files = compare(folder, update=True)
    assert files["c.txt"].state == "missing"
    writing.replace(folder, files.values())
    assert (folder / "deep/er/b.txt").read_text() == "b\n"
    assert (folder / "a.txt").read_text() == "mine\n"
    assert not (folder / "c.txt").exists()


@pytest.mark.parametrize("kind", ["changed", "untracked", "no repository"])
def test_an_update_loses_no_change_that_git_does_not_hold(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    path = folder / "deep/er/b.txt"
    path.parent.mkdir(parents=True)
    if kind != "no repository":
        clone(folder)
        path.write_text("committed\n")
        commit(folder) if kind == "changed" else None
    path.write_text("mine\n")
    with pytest.raises(UsageError, match="commit"):
        writing.replace(folder, compare(folder, update=True).values())
    assert path.read_text() == "mine\n"
