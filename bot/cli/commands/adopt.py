"""`bot adopt`: takes over models of the older system; shows what it understood, and writes only with --write."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.commands.options import count, hub_option, json_option, load_registry, open_hub, registry_option
from bot.errors import RegistryError, UsageError

if TYPE_CHECKING:
    from bot.apply.adopt import Adoption
    from bot.registry import Registry

if TYPE_CHECKING:
    from bot.cli.json_outputs import AdoptOutput


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every older model of the namespace.")
@click.option(
    "--write",
    is_flag=True,
    help="Publish manifest and card, and write the entry into the registry; without it nothing is written.",
)
@click.option("--consent", metavar="self|URL", help="Where these people agreed, or self; for new entries.")
@click.option(
    "--handles",
    "order",
    metavar="A,B",
    help="Whose columns the table's are, in its order, where the card does not say. For one NAME.",
)
@registry_option
@hub_option
@json_option
def adopt(
    names: tuple[str, ...],
    everything: bool,
    write: bool,
    consent: str | None,
    order: str | None,
    registry_path: Path,
    hub_target: str | None,
    as_json: bool,
) -> int:
    """Take over models of the older system.

    Reads NAME's card and prints what it understood. With --write it becomes one of this fleet: a manifest, a new
    card with every fact kept, the weights as they are, and an entry in the registry that is paused: true.
    """
    from bot.apply import adopt as adoption
    from bot.cli import adopt_report, report

    if bool(names) == everything:
        raise UsageError("name the models to take over, or give --all for every older one")
    if order is not None and len(names) != 1:
        raise UsageError("--handles is about one card: give one NAME with it")
    registry = load_registry(registry_path)
    if registry.namespace is None:
        raise UsageError(f"{registry.path.name} has no namespace: set it to where the models are on the Hub")
    hub = open_hub(hub_target, registry)
    hub.check(write=write)
    listing, now = hub.listing(), datetime.now(UTC)
    handles = tuple(handle.strip().lower().removeprefix("@") for handle in (order or "").split(",") if handle)
    adoptions: list[Adoption] = []
    foreign = 0
    try:
        for name in dict.fromkeys(names or adoption.candidates(listing)):
            result = adoption.adopt(name, registry, hub, listing, now=now, order=handles)
            if everything and result.foreign:
                foreign += 1
                continue
            if write and result.result == "understood":
                registry, note = _listed(result, registry, consent)
                fetch = adoption.fetch
                result = adoption.adopt(name, registry, hub, listing, now=now, order=handles, fetch=fetch)
                result = replace(result, notes=(*result.notes, *note))
            adoptions.append(result)
            if not as_json:
                adopt_report.print_adoption(result, sys.stdout)
    finally:  # a token that is refused half-way ends the run; what was done before is printed all the same
        if as_json:
            value: AdoptOutput = {"adoptions": [adopt_report.to_json(result) for result in adoptions]}
            report.print_json(value, sys.stdout)
    if everything and not as_json:
        others = f"; {count(foreign, 'other repo')} left alone" if foreign else ""
        click.echo(f"{count(len(adoptions), 'older model')}{others}")
    return adopt_report.exit_code(adoptions)


def _listed(found: Adoption, registry: Registry, consent: str | None) -> tuple[Registry, list[str]]:
    """Returns the registry with an entry for the model, written to its file, and what is to be said about that.

    The entry comes first: a model that is taken over without one would be listed nowhere, and could not be again.
    """
    from bot.apply.adopt import new_entry
    from bot.registry.write import write

    if found.listed or found.card is None:
        return registry, []
    try:
        text = registry.path.read_bytes().decode()
        write(registry.path, new_entry.added(text, registry.path, found.name, found.card, consent))
    except (OSError, UnicodeDecodeError) as error:
        return registry, [f"{registry.path.name} does not get its entry: {error}"]
    except (UsageError, RegistryError) as error:
        return registry, [str(error)]
    return load_registry(registry.path), [f"its entry stands in {registry.path.name}, paused: true"]
