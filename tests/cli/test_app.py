from __future__ import annotations

import pytest

from bot import __main__
from bot.cli.app import COMMANDS, GROUPS


def test_the_help_lists_every_command_once_and_those_of_workflows_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert __main__.main(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    titles = [line.removesuffix(":") for line in lines if line.removesuffix(":") in GROUPS]
    assert titles == list(GROUPS)
    assert titles[-1] == "Called by workflows"
    named = [line.split()[0] for line in lines if line.startswith("  ") and line.split()[0] in COMMANDS]
    assert named == list(COMMANDS)
