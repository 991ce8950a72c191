"""Which commit of which repository a copy of the bot is: known only where it is certain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from clones import clone, commit, git

from bot.io import origin
from bot.io.origin import Origin

ADDRESS = "https://github.com/org/mynah"
SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    origin.find.cache_clear()
    yield
    origin.find.cache_clear()


def test_a_clone_is_at_its_head_once_the_remote_has_that(tmp_path: Path) -> None:
    folder = clone(tmp_path / "mynah")
    (folder / "file").write_text("1")
    head = commit(folder, pushed=False)
    unpushed = origin.of_clone(folder)
    assert unpushed is not None
    assert (unpushed.address, unpushed.commit) == (ADDRESS, None)
    assert unpushed.problem is not None
    assert head[:8] in unpushed.problem
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert origin.of_clone(folder) == Origin(ADDRESS, head)
    git(folder, "tag", "v1.2.3")
    assert origin.of_clone(folder) == Origin(ADDRESS, head, "v1.2.3")


def test_a_clone_with_changes_is_at_no_commit(tmp_path: Path) -> None:
    folder = clone(tmp_path / "mynah")
    (folder / "file").write_text("1")
    commit(folder)
    (folder / "untracked").write_text("a built file is no change of the code")
    found = origin.of_clone(folder)
    assert found is not None
    assert found.commit
    (folder / "file").write_text("2")
    found = origin.of_clone(folder)
    assert found is not None
    assert found.commit is None


def test_a_folder_within_another_repository_has_no_origin(tmp_path: Path) -> None:
    folder = clone(tmp_path / "other")
    commit(folder)
    (folder / "unpacked").mkdir()
    assert origin.of_clone(folder / "unpacked") is None
    assert origin.of_build(folder / "unpacked", {}) is None


def test_a_clone_without_a_remote_or_with_a_folder_for_one_says_so(tmp_path: Path) -> None:
    for number, remote in enumerate((None, "/somewhere/mynah", "file:///somewhere/mynah")):
        folder = clone(tmp_path / str(number), remote)
        commit(folder)
        found = origin.of_clone(folder)
        assert found is not None
        assert (found.address, found.commit) == (None, None)
        assert found.problem


def test_a_token_in_the_remote_is_not_kept(tmp_path: Path) -> None:
    folder = clone(tmp_path / "mynah", "https://x:secret@github.com/org/mynah.git")
    commit(folder)
    found = origin.of_clone(folder)
    assert found is not None
    assert "secret" not in found.as_json()
    assert found.address == ADDRESS


@pytest.mark.parametrize(
    ("environment", "folder", "expected"),
    [
        ({"BOT_ORIGIN": f"{ADDRESS}@{SHA}"}, "x", Origin(ADDRESS, SHA)),
        ({"BOT_ORIGIN": ""}, f"_actions/org/mynah/{SHA}", Origin(ADDRESS, SHA)),
        (
            {"GITHUB_SERVER_URL": "https://github.example"},
            f"_actions/org/mynah/{SHA}",
            Origin("https://github.example/org/mynah", SHA),
        ),
        ({}, "elsewhere", None),
    ],
)
def test_an_action_is_at_the_commit_that_names_it(
    environment: dict[str, str], folder: str, expected: Origin | None, tmp_path: Path
) -> None:
    assert origin.of_build(tmp_path / folder, environment) == expected


@pytest.mark.parametrize("ref", ["v1", "main", SHA[:12]])
def test_a_reference_that_can_move_is_no_commit(ref: str, tmp_path: Path) -> None:
    found = origin.of_build(tmp_path, {"BOT_ORIGIN": f"{ADDRESS}@{ref}"})
    assert found is not None
    assert found.commit is None
    assert found.problem is not None
    assert ref in found.problem


def test_what_a_build_writes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / origin.FILE
    for known in (Origin(ADDRESS, SHA, "v1.2.3"), Origin(ADDRESS, problem="it has changes")):
        path.write_text(known.as_json())
        assert origin.of_file(path) == known


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", '{"commit": 7}', '{"address": "javascript:x"}'])
def test_a_damaged_file_says_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / origin.FILE).write_text(text)
    found = origin.of_file(tmp_path / origin.FILE)
    assert found is None or found == origin.UNKNOWN


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ({"url": f"{ADDRESS}.git", "vcs_info": {"vcs": "git", "commit_id": SHA}}, Origin(ADDRESS, SHA)),
        (
            {"url": ADDRESS, "vcs_info": {"vcs": "git", "commit_id": SHA, "requested_revision": "v0.2.0"}},
            Origin(ADDRESS, SHA, "v0.2.0"),
        ),
        ({"url": "file:///home/me/mynah", "dir_info": {}}, origin.UNKNOWN),
        ([], origin.UNKNOWN),
    ],
)
def test_what_pip_recorded_counts(
    recorded: object, expected: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / f"{origin.DISTRIBUTION.replace('-', '_')}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {origin.DISTRIBUTION}\nVersion: 1\n")
    (info / "direct_url.json").write_text(json.dumps(recorded))
    monkeypatch.setattr(
        metadata, "distribution", lambda name: metadata.Distribution.at(info) if name else None
    )
    monkeypatch.setattr(origin, "PACKAGE", tmp_path / "bot")
    assert origin.find() == expected
