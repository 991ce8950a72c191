"""`bot init --github`: prints the calls that set a repository up, and with --run makes those that are missing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.errors import BotError, UsageError

if TYPE_CHECKING:
    from bot.github.api import GitHub
    from bot.github.calls import Runner
    from bot.github.setup import Setting, Wanted
    from bot.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])


def github_options(command: F) -> F:
    """The flags of setting a repository up."""
    for option in (
        click.option("--public", is_flag=True, help="With --github: make the repository public."),
        click.option(
            "--reviewer",
            "reviewers",
            multiple=True,
            metavar="LOGIN",
            help="With --github: who approves removals; default: you (may be repeated).",
        ),
        click.option("--run", is_flag=True, help="With --github: make the calls that are missing."),
        click.option(
            "--github",
            "repository",
            metavar="OWNER/REPO",
            help="Print the calls that set this repository up for the fleet.",
        ),
    ):
        command = option(command)
    return command


def check_repository(name: str) -> str:
    """The name of a repository. UsageError for anything else."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", name):
        raise UsageError(f"{name[:80]!r} is no repository: write OWNER/REPO, as in its address on GitHub")
    return name


def wanted_for(
    registry: Registry,
    repository: str,
    *,
    reviewers: tuple[str, ...] = (),
    public: bool = False,
    runner: str | None = None,
) -> Wanted:
    """How the repository of a registry is to be set up. UsageError for names that GitHub does not have."""
    from bot.github.setup import Wanted
    from bot.store.places import place_of

    for login in reviewers:
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})", login):
            raise UsageError(f"--reviewer {login[:60]!r} is no login of GitHub")
    place = place_of(registry.store.url)
    return Wanted(
        check_repository(repository),
        public=public,
        reviewers=reviewers,
        bucket=place.container if place.kind == "bucket" else None,
        paid=any(entry.source == "x" for entry in registry.entries),
        runner=runner,
    )


def set_up(folder: Path, wanted: Wanted, *, run: bool) -> int:
    """Prints every call, or with `run` makes the missing ones in `folder`. Returns the exit code."""
    from bot.cli import report
    from bot.github import calls, setup

    every = list(setup.settings(wanted))
    if not run:
        for setting in every:
            click.echo(f"# {setting.what}")
            for call in setting.calls:
                click.echo(str(call))
        click.echo("# --run makes those that are missing; bot doctor --github verifies all of them")
        return 0
    runner = calls.Runner(_ask)
    runner.token()  # gh makes the calls, so it must be there and logged in
    github = calls.repository(wanted.repository, runner)
    rows: list[tuple[str, str, str]] = []
    for setting in every:
        click.echo(f"{setting.what} …", err=True)
        state, text = _made(setting, github, runner, folder)
        rows.append((state, setting.what, text))
        if setting is every[0] and state == "failed":
            break  # without a repository nothing else can be
    report.print_table(("state", "what", "result"), rows, sys.stdout)
    failed = sum(state == "failed" for state, _, _ in rows)
    click.echo(f"{failed} failed: run it again once that is fixed." if failed else "All is set up.")
    return BotError.exit_code if failed else 0


def _made(setting: Setting, github: GitHub, runner: Runner, folder: Path) -> tuple[str, str]:
    """Makes one setting where it is missing: its state, and a sentence."""
    from bot.github.api import GitHubError
    from bot.github.calls import CallError
    from bot.github.setup import faults

    try:
        if setting.check is not None and faults(setting, github) is None:
            return "ok", "was set up before"
        if setting.what.startswith("repository "):
            _check_commit(folder)
        for call in setting.calls:
            runner.run(call)
        left = faults(setting, github) if setting.check is not None else None
    except (CallError, GitHubError, UsageError) as error:
        return "failed", str(error)
    return ("failed", f"it was set up, and still: {left}") if left else ("done", "set up")


def _check_commit(folder: Path) -> None:
    """UsageError where there is nothing to push."""
    done = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "--verify", "--quiet", "HEAD"],
        capture_output=True,
        check=False,
    )
    if done.returncode or folder.resolve() != Path.cwd():
        raise UsageError(
            "run it in the top folder of a git repository with a commit: git init -b main, git add -A, git commit"
        )


def _ask(name: str) -> str:
    """The value of a secret, typed without being shown; empty where nobody can be asked."""
    if not sys.stdin.isatty():
        return ""
    value: Any = click.prompt(
        f"{name} (not shown; empty: later)", hide_input=True, default="", show_default=False
    )
    return str(value)
