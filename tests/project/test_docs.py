"""What the documentation names exists: tests, files, links, commands with their options, targets of make."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import click
import pytest

from bot.cli.app import COMMANDS, cli

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "templates").glob("*.md"),
        *(ROOT / ".github").rglob("*.md"),
    ]
)
CODE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^```(?:sh|yaml|python|console)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
TEST_ID = re.compile(r"\btests/[\w/]+\.py(?:::\w+)+")
PATH = re.compile(
    r"(?<![\w./-])(?:bot|tests|docs|templates|tools|benchmarks|locks|\.github|\.ci)/[\w./-]*\w/?"
)
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)(?:#[^)\s]*)?\)")
BOT = re.compile(r"(?:^|[;&|(] ?)bot ([a-z]+)((?:[ ]+[^\s`;&|]+)*)", re.MULTILINE)


def code_of(page: Path) -> str:
    """The code of a page, inline and in blocks, one piece a line."""
    text = page.read_text()
    return "\n".join([*CODE.findall(BLOCK.sub("", text)), *BLOCK.findall(text)])


@cache
def names_in(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def missing_tests(text: str) -> set[str]:
    """The test ids in a text that no test has."""
    missing = set()
    for test_id in TEST_ID.findall(text):
        path, *names = test_id.split("::")
        if not (ROOT / path).is_file() or not set(names) <= names_in(ROOT / path):
            missing.add(test_id)
    return missing


def option_names(command: click.Command) -> set[str]:
    """Every spelling of a command's options, those of its subcommands too."""
    commands = [command, *(command.commands.values() if isinstance(command, click.Group) else ())]
    names = {
        name for each in commands for param in each.params for name in (*param.opts, *param.secondary_opts)
    }
    return names | {"--help", "-h"}


def unknown_usage(code: str) -> set[str]:
    """The `bot` calls in a piece of code that the command line would refuse by their names."""
    wrong = set()
    for name, arguments in BOT.findall(code):
        command = cli.get_command(click.Context(cli), name)
        options = set(re.findall(r"(?<=\s)--[a-z][\w-]*", arguments))
        if command is None or not options <= option_names(command):
            wrong.add(f"bot {name}{arguments}")
    return wrong


def test_the_checks_see_what_is_wrong() -> None:
    assert missing_tests("`tests/project/test_docs.py::test_nobody_wrote`")
    assert missing_tests("`tests/project/test_gone.py::test_x`")
    assert unknown_usage("bot frobnicate") == {"bot frobnicate"}
    assert unknown_usage("bot plan --nonsense 1") == {"bot plan --nonsense 1"}
    assert not unknown_usage("bot plan --json && bot store move s3://b/p")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    assert missing_tests(page.read_text()) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_or_links_to_exists(page: Path) -> None:
    named = {
        path
        for path in PATH.findall(code_of(page))
        if not (ROOT / path).exists() and "NAME" not in path  # a placeholder
    }
    linked = {
        path for path in LINK.findall(BLOCK.sub("", page.read_text())) if not (page.parent / path).exists()
    }
    assert (named, linked) == (set(), set())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_option_that_a_page_shows_exists(page: Path) -> None:
    assert unknown_usage(code_of(page)) == set()


def test_the_page_of_commands_names_every_command() -> None:
    code = code_of(ROOT / "docs" / "commands.md")
    assert {name for name in COMMANDS if not re.search(rf"\b{name}\b", code)} == set()


def test_every_target_of_make_that_a_page_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for page in PAGES for name in re.findall(r"^make ([a-z-]+)", code_of(page), re.MULTILINE)}
    assert named - targets == set()


def test_every_place_that_is_marked_slow_exists() -> None:
    conftest = ast.parse((ROOT / "tests/conftest.py").read_text())
    (slow,) = (
        ast.literal_eval(node.value)
        for node in conftest.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "SLOW"
    )
    assert [place for place in slow if not (ROOT / "tests" / place).exists()] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120
