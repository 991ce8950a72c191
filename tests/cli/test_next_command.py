"""Commands that output proposes are what a shell makes of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bot.cli.next_command import as_typed, near, say_command
from bot.plan.outcome import Outcome


@pytest.mark.parametrize(
    "name",
    [
        b"my.zip",
        b"my archive (1).zip",
        b"it's $HOME.zip",
        "caf\u00e9".encode(),
        b"caf\xe9",
        b"it's\\n caf\xe9\t$x",
    ],
)
def test_a_proposed_line_means_the_same_words_to_a_shell(name: bytes) -> None:
    line = as_typed(["printf", "%s", os.fsdecode(name)])
    assert line.isprintable()
    assert subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout == name


def test_a_path_is_typed_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert near(tmp_path / "a/b") == Path("a/b")
    assert near(Path("/elsewhere")) == Path("/elsewhere")


def test_the_first_model_that_was_trained_is_the_one_to_hear() -> None:
    outcomes = [
        Outcome("card_only", "card", "done", ""),
        Outcome("failed", "train", "failed", ""),
        Outcome("ada", "train", "done", ""),
        Outcome("bob", "train", "done", ""),
    ]
    line = say_command(outcomes, Path("other.yaml"), "dir:my hub")
    assert line is not None
    assert line.endswith(" say ada --registry other.yaml --hub 'dir:my hub'")
    assert say_command(outcomes[:2], Path("registry.yaml"), None) is None
