"""`bot plan`, `bot status`, `bot explain` and `bot render`: the fleet as it is and as it should be."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.commands.options import (
    Span,
    all_option,
    count,
    hub_option,
    json_option,
    load_registry,
    open_hub,
    open_store,
    planning_options,
    registry_option,
    store_option,
    warn,
)

if TYPE_CHECKING:
    from bot.cli.json_outputs import PlanOutput, StatusOutput
    from bot.plan.inputs import Force
    from bot.plan.json_types import PlanJson


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
    type=click.IntRange(1),
    metavar="N",
    help="Say how N machines at most would share the work.",
)
@click.option(
    "--time-limit",
    type=Span(),
    metavar="TIME",
    help="How long a machine may run (90m, 6h): longer work is cut into more shards, or said.",
)
@click.option(
    "--retry-ticked",
    is_flag=True,
    help="Try again what is ticked in the issue on failures (in a workflow, with GITHUB_TOKEN).",
)
@all_option
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
    time_limit: int | None,
    retry_ticked: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Show what apply would do, and why.

    Writes nothing but FILE. Public repos need no token. JSON always has every step.
    """
    from bot.cli import report
    from bot.github import workflow_commands
    from bot.plan import file
    from bot.plan.make import PlanOptions, make_plan
    from bot.plan.shards import assign, names, needed

    registry = load_registry(registry_path)
    hub = open_hub(hub_target, registry)
    retry = _ticked() if retry_ticked else ()
    options = PlanOptions(only, force, retry=retry, max_change=max_change)
    made = make_plan(registry, hub, store_url or registry.store.url, options)
    made = workflow_commands.redact_plan(made, os.environ)
    if time_limit is not None:
        made, shards = workflow_commands.within_time(made, shards, time_limit / 60, os.environ)
    if out is not None:
        file.write(made, out)
    workflow_commands.on_plan(made, os.environ, shards_asked=shards)
    parts = assign(made.steps, shards) if shards is not None else ()
    if as_json:
        value: PlanJson | PlanOutput = made.to_json()
        if shards is not None:
            value = {**made.to_json(), "shards": names(parts)}
        report.print_json(value, sys.stdout)
        return
    shown = workflow_commands.redact_for_display(made, (), os.environ)[0]
    report.print_plan(shown, sys.stdout, everything=everything)
    for name, part in zip(names(parts), parts, strict=True):
        click.echo(f"Shard {name}: {count(sum(map(needed, part)), 'step')}.")


def _ticked() -> tuple[str, ...]:
    """Returns the entries that are ticked in the issue on failures; no plan fails for want of them."""
    from bot.github import api, ticks

    hub = api.from_environment(os.environ)
    try:
        issue = ticks.find_issue(hub)
    except api.GitHubError as error:
        warn(f"which boxes are ticked is not known: {error}")
        return ()
    found = ticks.read(hub, issue["number"]) if issue is not None else ticks.Ticks()
    if found.refusal:
        warn(found.refusal)
    return found.names


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
    from bot.io import atomic
    from bot.manifest.reading import read_manifest
    from bot.registry.lookup import find_entry
    from bot.render import publication

    registry = load_registry(registry_path)
    hub = open_hub(hub_target, registry)
    entry = find_entry(registry, name)
    old = read_manifest(hub, entry.name)
    files = publication.rerender(registry, entry, old, hub, publication.additions(hub, old))
    for path, content in files.items():
        atomic.write(out / path, content if isinstance(content, bytes) else content.read_bytes())
    click.echo(f"{count(len(files), 'file')} in {out}, the card is {out / 'README.md'}")


@click.command()
@registry_option
@hub_option
@store_option
@json_option
def status(registry_path: Path, hub_target: str | None, store_url: str | None, as_json: bool) -> None:
    """Show every model, its state and its age."""
    from bot.cli import report
    from bot.plan import states
    from bot.plan.make import make_plan

    registry = load_registry(registry_path)
    hub = open_hub(hub_target, registry)
    made = make_plan(registry, hub, store_url or registry.store.url)
    if as_json:
        value: StatusOutput = {"counts": made.counts, "models": [step.to_json() for step in made.steps]}
        report.print_json(value, sys.stdout)
        return
    rows = [
        (
            states.word(step),
            step.name,
            f"{step.age.days} d" if step.age is not None else "-",
            f"held: {step.reason}" if step.held else step.reason,
        )
        for step in made.steps
    ]
    if rows:
        report.print_table(("state", "model", "age", "why"), rows, sys.stdout)
    click.echo(f"{count(len(rows), 'model')}{': ' if rows else ''}{states.counted(made.steps)}")


@click.command()
@click.argument("name")
@registry_option
@hub_option
@store_option
def explain(name: str, registry_path: Path, hub_target: str | None, store_url: str | None) -> None:
    """Say why NAME is in its state, and what is next."""
    from bot.plan.explain import explain as explanation
    from bot.plan.make import make_plan

    registry = load_registry(registry_path)
    hub, store = open_hub(hub_target, registry), open_store(store_url, registry)
    made = make_plan(registry, hub, store_url or registry.store.url)
    for line in explanation(name, made, registry, hub, store):
        click.echo(line)
