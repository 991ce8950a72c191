"""`bot adopt`: takes over models of the older system; shows what it understood, and writes only with --write."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.commands.options import hub_option, json_option, load_registry, open_hub, registry_option
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.cli.json_outputs import AdoptOutput


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--write", is_flag=True, help="Publish manifest and card; without it nothing is written.")
@click.option(
    "--handles",
    "order",
    metavar="A,B",
    help="Whose columns the table's are, in its order, where the card cannot tell. For one NAME.",
)
@registry_option
@hub_option
@json_option
def adopt(
    names: tuple[str, ...],
    write: bool,
    order: str | None,
    registry_path: Path,
    hub_target: str | None,
    as_json: bool,
) -> int:
    """Take over models of the older system.

    Reads NAME's card and prints what it understood. With --write it becomes one of this fleet: a manifest, a new
    card with every fact kept, and the weights as they are.
    """
    from bot.apply import adopt as adoption
    from bot.cli import adopt_report, report

    if order is not None and len(names) > 1:
        raise UsageError("--handles is about one card: give one NAME with it")
    registry = load_registry(registry_path)
    if registry.namespace is None:
        raise UsageError(f"{registry.path.name} has no namespace: set it to where the models are on the Hub")
    hub = open_hub(hub_target, registry)
    hub.check(write=write)
    listing, now = hub.listing(), datetime.now(UTC)
    handles = tuple(handle.strip().lower().removeprefix("@") for handle in (order or "").split(",") if handle)
    adoptions: list[adoption.Adoption] = []
    try:
        for name in dict.fromkeys(names):
            fetch = adoption.fetch if write else None
            result = adoption.adopt(name, registry, hub, listing, now=now, order=handles, fetch=fetch)
            adoptions.append(result)
            if not as_json:
                adopt_report.tell(result, sys.stdout)
    finally:  # a token that is refused half-way ends the run; what was done before is printed all the same
        if as_json:
            value: AdoptOutput = {"adoptions": [adopt_report.to_json(result) for result in adoptions]}
            report.print_json(value, sys.stdout)
    return adopt_report.exit_code(adoptions)
