from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator

import click
import pytest

from bot import __main__
from bot.cli import logs
from bot.cli.app import COMMANDS, cli


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    level, shown = logs.LOGGER.level, logs.HANDLER.level
    yield
    logs.LOGGER.setLevel(level)
    logs.HANDLER.setLevel(shown)
    logs.LOGGER.removeHandler(logs.HANDLER)


def leaves() -> list[list[str]]:
    """Every command as it is typed, those below a group too."""
    found = []
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        found += [[name, each] for each in command.commands] if isinstance(command, click.Group) else [[name]]
    return found


@pytest.mark.parametrize("command", leaves(), ids=" ".join)
def test_every_command_can_be_verbose_or_quiet(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "-v, --verbose" in text
    assert "-q, --quiet" in text


@pytest.mark.parametrize(
    ("flags", "level"), [([], logging.INFO), (["-v"], logging.DEBUG), (["--quiet"], logging.WARNING)]
)
def test_a_flag_sets_the_level(flags: list[str], level: int) -> None:
    assert __main__.main(["schema", *flags]) == 0
    assert logs.HANDLER.level == level
    assert logs.LOGGER.handlers.count(logs.HANDLER) == 1


def test_verbose_and_quiet_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert __main__.main(["schema", "-v", "-q"]) == 2
    assert "exclude each other" in capsys.readouterr().err


def test_verbose_starts_with_the_versions(capsys: pytest.CaptureFixture[str]) -> None:
    __main__.main(["schema", "-v"])
    assert re.search(r"bot \S+, Python \S+, .*huggingface_hub \d", capsys.readouterr().err)


def test_a_wait_is_shown_with_its_time_of_day(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    logging.getLogger("bot.hub.client").info("waiting %.0f s", 12)
    assert re.fullmatch(r"\d\d:\d\d:\d\d waiting 12 s\n", capsys.readouterr().err)


def test_a_terminal_needs_no_times() -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Screen()
    logs.write(screen, "ada: done")
    assert screen.getvalue() == "ada: done\n"


def test_a_live_display_shows_records_itself(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    shown: list[str] = []
    with logs.shown_by(shown.append):
        logging.getLogger("bot.hub").warning("waiting 3 s")
    logging.getLogger("bot.hub").warning("waiting 4 s")
    assert shown == ["waiting 3 s"]
    assert "waiting 4 s" in capsys.readouterr().err
