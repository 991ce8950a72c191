from __future__ import annotations

import pytest

from bot import __main__
from bot.cli.app import ALIASES, COMMANDS, GROUPS


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


@pytest.mark.parametrize(
    ("word", "meant"), [("validat", "validate"), ("Plan", "plan"), ("aply", "apply"), *ALIASES.items()]
)
def test_an_unknown_command_is_refused_with_the_one_that_is_meant(
    word: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main([word]) == 2
    assert f"did you mean {meant}?" in capsys.readouterr().err
    assert meant in COMMANDS
    assert word not in COMMANDS


def test_nothing_is_suggested_for_a_word_that_is_far_from_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["xyzzy"]) == 2
    assert "did you mean" not in capsys.readouterr().err
