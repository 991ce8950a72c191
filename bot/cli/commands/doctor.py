"""`bot doctor`: checks everything that a run needs."""

from __future__ import annotations

import os
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
from bot.errors import BotError

if TYPE_CHECKING:
    from bot.cli.json_outputs import DoctorOutput
    from bot.registry import Registry


@click.command()
@registry_option
@hub_option
@store_option
@json_option
@click.option("--fix", is_flag=True, help="Make the store's bucket where it is missing: private, always.")
def doctor(
    registry_path: Path, hub_target: str | None, store_url: str | None, as_json: bool, fix: bool
) -> int:
    """Say what is missing, and how to get it.

    Tokens and what they may do, GPU, disk, fonts, store, registry, schedule. Costs nothing, leaves nothing behind.
    """
    from bot.cli import doctor as checks
    from bot.cli import report

    registry: Registry | BotError
    try:
        registry = load_registry(registry_path)
    except BotError as error:
        registry = error
    found = list(checks.examine(registry, partial(open_hub, hub_target), store_url, os.environ, fix=fix))
    if as_json:
        value: DoctorOutput = {"findings": [finding.to_json() for finding in found]}
        report.print_json(value, sys.stdout)
    else:
        rows = [(finding.state, finding.what, finding.text) for finding in found]
        report.print_table(("state", "what", "finding"), rows, sys.stdout)
        missing = sum(finding.state == "missing" for finding in found)
        click.echo(f"{missing} missing." if missing else "Nothing is missing.")
    return checks.exit_code(found)
