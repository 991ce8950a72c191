from __future__ import annotations

import subprocess
import sys

import pytest

from bot import __main__
from bot.cli import app
from bot.cli.commands import registry
from bot.errors import CredentialsError


def test_help_names_every_command_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["--help"]) == 0
    text = capsys.readouterr().out
    for command in app.COMMANDS:
        assert f"  {command} " in text
    assert max(map(len, text.splitlines())) <= 80
    assert "..." not in text.partition("Commands:")[2]


@pytest.mark.parametrize("command", sorted(app.COMMANDS))
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main([command, "--help"]) == 0
    assert f"Usage: bot {command}" in capsys.readouterr().out


def test_wrong_usage_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["plan", "--nonsense"]) == 2
    assert "No such option" in capsys.readouterr().err
    assert __main__.main(["frobnicate"]) == 2


def test_a_missing_registry_is_one_line_and_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["plan", "--registry", "nowhere.yaml"]) == 2
    assert "no registry at nowhere.yaml" in capsys.readouterr().err


def raising(error: BaseException) -> object:
    def command(*_: object, **__: object) -> None:
        raise error

    return command


def test_an_expected_error_is_its_sentence_and_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        registry.schema, "callback", raising(CredentialsError("the token is read-only; make one"))
    )
    assert __main__.main(["schema"]) == 5
    assert capsys.readouterr().err == "the token is read-only; make one\n"


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(registry.schema, "callback", raising(KeyboardInterrupt()))
    assert __main__.main(["schema"]) == 130
    assert "run the command again" in capsys.readouterr().err


def test_a_bug_ends_with_70_and_a_report_that_can_be_pasted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(registry.schema, "callback", raising(ZeroDivisionError("the bug")))
    assert __main__.main(["schema"]) == 70
    report = capsys.readouterr().err
    assert "ZeroDivisionError: the bug" in report
    assert "Please report it" in report
    assert "huggingface_hub " in report
    assert "torch " in report


HEAVY = ("torch", "transformers", "tweepy", "huggingface_hub", "rich", "PIL", "resvg_py", "fsspec")


@pytest.mark.parametrize("args", [["--help"], ["schema"], ["validate", "--registry", "registry.yaml"]])
def test_light_commands_import_nothing_heavy(args: list[str]) -> None:
    code = (
        "import sys; from bot.__main__ import main; code = main(sys.argv[1:]); "
        f"found = [name for name in {HEAVY} if name in sys.modules]; "
        "sys.exit(f'{code}: {found}' if found or code else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
