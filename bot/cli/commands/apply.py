"""`bot apply`: the fleet made as the plan says, here or with its training on Hugging Face Jobs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.commands.options import (
    device_option,
    hub_option,
    json_option,
    load_registry,
    make_plan,
    max_reads_option,
    open_hub,
    open_store,
    planning_options,
    registry_option,
    store_option,
    warn,
)
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.plan.decide import Force
    from bot.plan.steps import Step


class Span(click.ParamType[int]):
    """A span of time given as `90m` or `2h`, as seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The seconds."""
        found = re.fullmatch(r"([1-9][0-9]{0,4})([mh])", str(value))
        if found is None:
            self.fail(f"{value!r} is no span of time: write 90m or 2h", param, ctx)
        return int(found[1]) * {"m": 60, "h": 3600}[found[2]]


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
    help="Do exactly what this plan says, where nothing has moved since.",
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
@click.option("--shards", type=click.IntRange(1), default=4, show_default=True, help="Jobs, at most.")
@click.option("--shard", "shard_name", metavar="I/N", help="Do the I-th of N parts: the others do theirs.")
@click.option("--dry-run", is_flag=True, help="Show the plan and do nothing.")
@click.option(
    "--max-models", type=click.IntRange(0), default=50, show_default=True, help="Train at most so many."
)
@max_reads_option
@click.option("--allow-removals", type=click.IntRange(0), metavar="N", help="Remove at most so many models.")
@click.option(
    "--overwrite-edits",
    multiple=True,
    metavar="NAME",
    help="Write over what was edited by hand in NAME's card and files.",
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
    help="Keep the outcomes as JSON, written as the run goes on.",
)
@device_option
@json_option
def apply(
    registry_path: Path,
    hub_target: str | None,
    store_url: str | None,
    only: tuple[str, ...],
    force: Force | None,
    max_change: float,
    plan_path: Path | None,
    on: str,
    flavor: str,
    image: str,
    timeout: int,
    shards: int,
    shard_name: str | None,
    dry_run: bool,
    max_models: int,
    max_reads: int | None,
    allow_removals: int | None,
    overwrite_edits: tuple[str, ...],
    wait: float,
    report_path: Path | None,
    device: str,
    as_json: bool,
) -> int:
    """Do what the plan says.

    Fetch, train, evaluate, render and publish. One bad entry never stops the rest.
    """
    from bot.apply import outcome_file
    from bot.apply.build import RunContext
    from bot.apply.jobs.api import Machine
    from bot.apply.removal import housekeeping
    from bot.apply.run import Limits, exit_code
    from bot.apply.run import apply as run
    from bot.cli import progress, report
    from bot.cli.commands.jobs import Request, prepare
    from bot.github import workflow_commands
    from bot.plan import file
    from bot.plan import shards as parts
    from bot.plan.outcome import Outcome

    if plan_path and (only or force):
        raise UsageError("--plan does exactly what was reviewed: give --only and --force to bot plan instead")
    shard = parts.parse(shard_name) if shard_name is not None else None
    reviewed: Sequence[Step] | None = file.read(plan_path) if plan_path else None
    if reviewed is not None and shard is not None:
        reviewed = parts.part(reviewed, shard)
    registry = load_registry(registry_path)
    hub = open_hub(hub_target, registry, wait)
    store = open_store(store_url, registry, adds=not dry_run, say=warn if as_json else None)
    hub.check(write=not dry_run)
    share = 1.0 if reviewed is not None else max_change  # what a plan held back stays so, and nothing else
    made = make_plan(
        registry, hub, store_url, only=only, force=force, overwrite=overwrite_edits, max_change=share
    )
    moved: list[Step] = []
    if reviewed is not None:
        made, moved = file.agreed(reviewed, made)
    elif shard is not None:
        made = replace(made, steps=tuple(step for step in made.steps if shard.holds(step.name)))
    made = workflow_commands.redact_plan(made, os.environ)
    told, _ = workflow_commands.redact_for_display(made, (), os.environ)
    if shard is not None:
        max_models, max_reads = shard.share(max_models), max_reads and shard.share(max_reads)
    if dry_run:
        if as_json:
            report.print_json({"outcomes": [], "plan": made.to_json()}, sys.stdout)
        else:
            report.print_plan(told, sys.stdout)
        return 0
    if not as_json:
        report.print_plan(told, sys.stdout)
    with progress.watching() as watcher:
        context = RunContext(registry, store, lambda: datetime.now(UTC), watcher, device, max_reads)
        limits = Limits(max_models, allow_removals, frozenset(overwrite_edits))

        def on_outcome(told: Sequence[Outcome]) -> None:
            if report_path:
                outcome_file.write(told, report_path, context.fetcher.cost)

        elsewhere = [
            step for step in made.steps if on != "local" and step.action == "train" and not step.held
        ]
        here = [step for step in made.steps if step not in elsewhere]
        request = Request(
            shards,
            Machine(flavor, image, timeout),
            max_models,
            max_reads,
            wait,
            force,
            overwrite_edits,
            store_url,
        )
        train_in_jobs = prepare(elsewhere, registry, hub, request, watcher.say) if elsewhere else list
        outcomes = run(replace(made, steps=tuple(here)), context, hub, limits, on_outcome)
        outcomes += train_in_jobs()
        if not only and (shard is None or shard.index == 1):
            gone = housekeeping.purge_removed_and_unlisted(
                context.registry, store, context.now(), removals=allow_removals is not None
            )
            for sentence in gone:
                watcher.say(sentence)
    reason = "changed since the plan; look at it again with bot plan"
    outcomes += [Outcome(step.name, step.action, "skipped", reason, public_reason=reason) for step in moved]
    if report_path:
        outcome_file.write(outcomes, report_path, context.fetcher.cost)
    workflow_commands.on_apply(made, outcomes, os.environ)
    if as_json:
        report.print_json(report.outcomes_json(outcomes, context.fetcher.cost), sys.stdout)
    else:
        told, results = workflow_commands.redact_for_display(made, outcomes, os.environ)
        report.print_outcomes(results, told, sys.stdout, context.fetcher.cost)
    return exit_code(made, outcomes)
