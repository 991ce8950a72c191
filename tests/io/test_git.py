from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.io import git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


def test_output_is_bytes_and_an_answer_is_text_without_its_line_break(repository: Path) -> None:
    top = str(repository.resolve())
    assert git.output(repository, "rev-parse", "--show-toplevel") == f"{top}\n".encode()
    assert git.answer(repository, "rev-parse", "--show-toplevel") == top


def test_a_refusal_carries_gits_own_words(tmp_path: Path) -> None:
    with pytest.raises(git.GitError, match="not a git repository"):
        git.output(tmp_path, "rev-parse", "HEAD")
    assert git.answer(tmp_path, "rev-parse", "HEAD") is None


def test_git_that_is_not_installed_is_distinguished(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(git.GitMissing):
        git.output(repository, "status")


def test_a_hooks_repository_does_not_count(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert git.answer(repository, "rev-parse", "--show-toplevel") == str(repository.resolve())


def test_a_command_that_takes_too_long_is_ended(repository: Path) -> None:
    with pytest.raises(git.GitError, match="timed out"):
        git.output(repository, "-c", "alias.wait=!sleep 60", "wait", timeout_s=0.01)
