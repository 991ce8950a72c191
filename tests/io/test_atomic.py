from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.errors import UsageError
from bot.io import atomic


def test_a_file_is_written_with_its_folders_and_over_an_older_one(tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        atomic.write(tmp_path / "a" / "b.md", content)
        assert (tmp_path / "a" / "b.md").read_bytes() == content
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.md"]
    assert (tmp_path / "a" / "b.md").stat().st_mode & 0o777 == 0o644


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "registry.yaml"
    path.write_text("one")
    path.chmod(0o640)
    atomic.replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("place", ["file/page.html", "file/deeper/page.html", "folder", "x" * 300])
def test_a_place_that_cannot_be_written_is_reported_in_a_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=r"cannot be written: .*; name another place with --out"):
        atomic.write(tmp_path / place, b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "kept"


def test_a_failed_write_leaves_the_older_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page.html").write_text("older")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="No space left on device"):
        atomic.write(tmp_path / "page.html", b"newer")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text() == "older"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        atomic.write(pipe, b"page")
        assert os.read(reader, 10) == b"page"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
