"""`bot doctor`: checks everything that a run needs."""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.commands.options import (
    hub_option,
    json_option,
    load_registry,
    open_hub,
    registry_option,
    store_option,
)
from bot.errors import BotError, UsageError

if TYPE_CHECKING:
    from bot.cli.doctor import Finding
    from bot.cli.json_outputs import DoctorOutput
    from bot.registry import Registry


@click.command()
@registry_option
@hub_option
@store_option
@json_option
@click.option(
    "--github",
    is_flag=False,
    flag_value="",
    metavar="[OWNER/REPO]",
    help="Verify how the repository on GitHub is set up, too; default: the one that this folder was cloned from.",
)
@click.option("--fix", is_flag=True, help="Make the store's bucket where it is missing: private, always.")
def doctor(
    registry_path: Path,
    hub_target: str | None,
    store_url: str | None,
    as_json: bool,
    github: str | None,
    fix: bool,
) -> int:
    """Say what is missing, and how to get it.

    Tokens and what they may do, GPU, disk, fonts, store, registry, schedule; with --github environments, secrets,
    labels, ruleset and Pages. Costs nothing, leaves nothing behind.
    """
    from bot.cli import doctor as checks
    from bot.cli import report

    registry: Registry | BotError
    try:
        registry = load_registry(registry_path)
    except BotError as error:
        registry = error
    found = list(checks.examine(registry, partial(open_hub, hub_target), store_url, os.environ, fix=fix))
    if github is not None:
        found += _examine_github(github, registry)
    if as_json:
        value: DoctorOutput = {"findings": [finding.to_json() for finding in found]}
        report.print_json(value, sys.stdout)
    else:
        rows = [(finding.state, finding.what, finding.text) for finding in found]
        report.print_table(("state", "what", "finding"), rows, sys.stdout)
        missing = sum(finding.state == "missing" for finding in found)
        click.echo(f"{missing} missing." if missing else "Nothing is missing.")
    return checks.exit_code(found)


def _examine_github(name: str, registry: Registry | BotError) -> list[Finding]:
    """Returns the findings about the repository's settings; without gh or a token, one that says so."""
    from bot.cli import doctor as checks
    from bot.cli.github_setup import check_repository, wanted_for
    from bot.github import calls
    from bot.github.setup import Wanted

    name = check_repository(name or os.environ.get("GITHUB_REPOSITORY") or _cloned_from())
    wanted = Wanted(name) if isinstance(registry, BotError) else wanted_for(registry, name)
    try:
        repository = calls.repository(name, calls.Runner(lambda _: ""))
    except BotError as error:
        return [checks.Finding("github", "missing", str(error), error.exit_code)]
    return list(checks.examine_settings(wanted, repository))


def _cloned_from() -> str:
    """Returns the repository of the remote `origin`. Raises UsageError where there is none on GitHub."""
    from bot.io import git

    try:
        address = git.output(Path.cwd(), "remote", "get-url", "origin", timeout_s=30).decode().strip()
    except git.GitError:
        address = ""
    found = re.search(r"[/:]([\w-]+/[\w.-]+?)(?:\.git)?$", address)
    if found is None:
        raise UsageError("which repository is meant is not known: give --github OWNER/REPO")
    return found[1]
