"""`bot apply`: apply the plan, with its training here or on Hugging Face Jobs."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.commands.options import (
    Span,
    all_option,
    device_option,
    hub_option,
    json_option,
    load_registry,
    max_reads_option,
    open_hub,
    open_store,
    planning_options,
    registry_option,
    store_option,
    warn,
)
from bot.errors import BotError, GuardError

if TYPE_CHECKING:
    from bot.cli.json_outputs import ApplyOutput


@click.command()
@registry_option
@hub_option
@store_option
@planning_options
@click.option(
    "--plan",
    "plan_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Do exactly what this plan says, where nothing has changed since.",
)
@click.option(
    "--on",
    type=click.Choice(["local", "hf-jobs"]),
    default="local",
    show_default=True,
    help="Train here, or on Hugging Face Jobs.",
)
@click.option("--flavor", default="t4-small", show_default=True, help="A job's hardware.")
@click.option("--image", default="python:3.12", show_default=True, help="A job's container.")
@click.option("--timeout", type=Span(), default="2h", show_default=True, help="When a job is ended: 90m, 2h.")
@click.option(
    "--shards", type=click.IntRange(1), default=4, show_default=True, help="Maximum number of jobs."
)
@click.option("--shard", "shard_name", metavar="I/N", help="Do the I-th of N parts of the work.")
@click.option("--dry-run", is_flag=True, help="Show the plan and do nothing.")
@click.option(
    "--max-models",
    type=click.IntRange(0),
    default=50,
    show_default=True,
    help="Maximum number of models to train.",
)
@max_reads_option
@click.option("--allow-removals", type=click.IntRange(0), metavar="N", help="Remove at most N models.")
@click.option(
    "--overwrite-edits",
    multiple=True,
    metavar="NAME",
    help="Overwrite what people edited in NAME's card and files.",
)
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="Longest wait for a busy Hub.",
)
@click.option(
    "--report",
    "report_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the outcomes as JSON, after each step.",
)
@device_option
@all_option
@click.option(
    "--exit-zero",
    is_flag=True,
    help="Exit 0 where steps failed, were deferred or are held: with --report, bot report decides.",
)
@json_option
def apply(**flags: Any) -> int:
    """Apply the plan: fetch, train, evaluate, publish.

    Cards are rendered again and people removed in the same run. One bad entry never stops the rest.
    """
    from bot.apply.context import RunContext
    from bot.apply.execute import exit_code
    from bot.apply.run import ApplyOptions, run_apply, select
    from bot.cli import next_command, progress, report
    from bot.github import workflow_commands

    options = ApplyOptions(**flags)
    reviewed = options.reviewed()
    registry = load_registry(options.registry_path)
    hub = open_hub(options.hub_target, registry, options.wait)
    writes = not options.dry_run
    store = open_store(options.store_url, registry, adds=writes, say=warn if options.as_json else None)
    hub.check(write=writes)
    selection = select(options, reviewed, registry, hub)
    selection = replace(selection, plan=workflow_commands.redact_plan(selection.plan, os.environ))
    plan = selection.plan
    if not options.as_json:
        shown = workflow_commands.redact_for_display(plan, (), os.environ)[0]
        report.print_plan(shown, sys.stdout, everything=options.everything)
    elif options.dry_run:
        dry: ApplyOutput = {"outcomes": [], "plan": plan.to_json()}
        report.print_json(dry, sys.stdout)
    if options.dry_run:
        return 0
    with progress.watching() as watcher:
        context = RunContext(
            registry, hub, store, lambda: datetime.now(UTC), watcher, options.limits, options.device
        )
        outcomes = run_apply(options, selection, context, os.environ)
    workflow_commands.on_apply(plan, outcomes, os.environ)
    spent = context.fetcher.cost
    if options.as_json:
        report.print_json(report.outcomes_json(outcomes, spent), sys.stdout)
    else:
        shown, results = workflow_commands.redact_for_display(plan, outcomes, os.environ)
        report.print_outcomes(results, shown, sys.stdout, spent)
        hear = next_command.say_command(results, options.registry_path, options.hub_target)
        if hear is not None and not workflow_commands.active(os.environ):
            click.echo(f"Hear one: {hear}")
    code = exit_code(plan, outcomes)
    return 0 if options.exit_zero and code in (BotError.exit_code, GuardError.exit_code) else code
