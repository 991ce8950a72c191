"""Shell completion as docs/shell.md sets it up."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "shell.md"
SHELLS = re.findall(r"_BOT_COMPLETE=(\w+)_source bot", PAGE.read_text())


def run(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bot"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("shell", sorted(set(SHELLS)))
def test_each_shell_of_the_page_gets_a_script_for_this_command(shell: str) -> None:
    script = run(_BOT_COMPLETE=f"{shell}_source")
    assert f"_BOT_COMPLETE={shell}_complete" in script


@pytest.mark.parametrize(
    ("words", "number", "expected"),
    [("bot exp", 1, "explain"), ("bot plan --max-ch", 2, "--max-change"), ("bot apply --on ", 3, "hf-jobs")],
)
def test_commands_flags_and_values_are_completed(words: str, number: int, expected: str) -> None:
    out = run(_BOT_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(number))
    assert f"plain,{expected}" in out.splitlines()
