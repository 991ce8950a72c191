"""`bot plan`, `bot apply` and `bot render`: the fleet as it should be, and made so."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.commands.options import (
    count,
    device_option,
    find_entry,
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
)
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.plan import Force
    from bot.steps import Step


@click.command()
@registry_option
@hub_option
@store_option
@planning_options
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Keep the plan for apply."
)
@click.option(
    "--shards",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Say how N machines at most would share the work.",
)
@json_option
def plan(
    registry_path: Path,
    hub_target: str | None,
    store_url: str | None,
    only: tuple[str, ...],
    force: Force | None,
    max_change: float,
    out: Path | None,
    shards: int | None,
    as_json: bool,
) -> None:
    """Show what apply would do, and why.

    Writes nothing but FILE. Public repos need no token.
    """
    from bot import actions, plan_file, report
    from bot.shards import assign, names, needed

    registry = load_registry(registry_path)
    hub = open_hub(hub_target, registry)
    made = make_plan(registry, hub, store_url, only=only, force=force, max_change=max_change)
    if out is not None:
        plan_file.write(made, out)
    actions.on_plan(made, os.environ, shards_asked=shards)
    parts = assign(made.steps, shards) if shards is not None else ()
    if as_json:
        cut = {} if shards is None else {"shards": names(parts)}
        report.print_json(made.to_json() | cut, sys.stdout)
        return
    report.print_plan(made, sys.stdout)
    for name, part in zip(names(parts), parts, strict=True):
        click.echo(f"Shard {name}: {count(sum(map(needed, part)), 'step')}.")


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
    help="Write over what was edited by hand in NAME's card.",
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
    from bot import actions, housekeeping, outcome_file, plan_file, progress, report, shards
    from bot.apply import Limits, exit_code
    from bot.apply import apply as run
    from bot.build import Workshop
    from bot.report import Outcome

    if plan_path and (only or force):
        raise UsageError("--plan does exactly what was reviewed: give --only and --force to bot plan instead")
    shard = shards.parse(shard_name) if shard_name is not None else None
    reviewed: Sequence[Step] | None = plan_file.read(plan_path) if plan_path else None
    if reviewed is not None and shard is not None:
        reviewed = shards.part(reviewed, shard)
    registry = load_registry(registry_path)
    hub, store = open_hub(hub_target, registry, wait), open_store(store_url, registry)
    hub.check(write=not dry_run)
    share = 1.0 if reviewed is not None else max_change  # what a plan held back stays so, and nothing else
    made = make_plan(registry, hub, store_url, only=only, force=force, max_change=share)
    moved: list[Step] = []
    if reviewed is not None:
        made, moved = plan_file.agreed(reviewed, made)
    elif shard is not None:
        made = replace(made, steps=tuple(step for step in made.steps if shard.holds(step.name)))
    if shard is not None:
        max_models, max_reads = shard.share(max_models), max_reads and shard.share(max_reads)
    if dry_run:
        if as_json:
            report.print_json({"outcomes": [], "plan": made.to_json()}, sys.stdout)
        else:
            report.print_plan(made, sys.stdout)
        return 0
    if not as_json:
        report.print_plan(made, sys.stdout)
    with progress.watching() as watcher:
        shop = Workshop(registry, store, lambda: datetime.now(UTC), watcher, device, max_reads)
        limits = Limits(max_models, allow_removals, frozenset(overwrite_edits))
        heard = partial(outcome_file.write, path=report_path) if report_path else lambda _: None
        outcomes = run(made, shop, hub, limits, heard)
        if not only and (shard is None or shard.index == 1):
            gone = housekeeping.purge_who_left(
                shop.registry, store, shop.now(), removals=allow_removals is not None
            )
            for sentence in gone:
                watcher.say(sentence)
    reason = "changed since the plan; look at it again with bot plan"
    outcomes += [Outcome(step.name, step.action, "skipped", reason) for step in moved]
    if report_path:
        outcome_file.write(outcomes, report_path)
    actions.on_apply(made, outcomes, os.environ)
    if as_json:
        report.print_json(report.outcomes_json(outcomes, shop.fetcher.cost), sys.stdout)
    else:
        report.print_outcomes(outcomes, made, sys.stdout, shop.fetcher.cost)
    return exit_code(made, outcomes)


@click.command()
@click.argument("name")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to write."
)
@registry_option
@hub_option
def render(name: str, out: Path, registry_path: Path, hub_target: str | None) -> None:
    """Write NAME's card and pictures to a folder.

    From what was published; nothing is trained.
    """
    from bot import publication
    from bot.published_repo import published

    registry = load_registry(registry_path)
    hub = open_hub(hub_target, registry)
    files = publication.rerender(registry, find_entry(registry, name), published(hub, name), hub, {})
    for path, content in files.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    click.echo(f"{count(len(files), 'file')} in {out}, the card is {out / 'README.md'}")


@click.command()
@registry_option
@hub_option
@store_option
@json_option
def status(registry_path: Path, hub_target: str | None, store_url: str | None, as_json: bool) -> None:
    """Show every model, its state and its age."""
    from bot import report

    registry = load_registry(registry_path)
    hub = open_hub(hub_target, registry)
    made = make_plan(registry, hub, store_url)
    if as_json:
        report.print_json(
            {"counts": made.counts, "models": [step.to_json() for step in made.steps]}, sys.stdout
        )
        return
    rows = [
        (step.action, step.name, f"{step.age.days} d" if step.age is not None else "-", step.reason)
        for step in made.steps
    ]
    report.print_table(("state", "model", "age", "why"), rows, sys.stdout)
    click.echo(
        f"{count(len(rows), 'model')}: " + ", ".join(f"{n} {action}" for action, n in made.counts.items())
    )


@click.command()
@click.argument("name")
@registry_option
@hub_option
@store_option
def explain(name: str, registry_path: Path, hub_target: str | None, store_url: str | None) -> None:
    """Say why NAME is in its state, and what is next."""
    from bot import explain as room

    registry = load_registry(registry_path)
    hub, store = open_hub(hub_target, registry), open_store(store_url, registry)
    made = make_plan(registry, hub, store_url)
    for line in room.explain(name, made, registry, hub, store):
        click.echo(line)
