"""`bot validate` and `bot schema`: the registry by itself, offline."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from bot.commands.options import count, registry_option
from bot.errors import Problem, RegistryError


@click.command()
@registry_option
def validate(registry_path: Path) -> int:
    """Check the registry, offline. Every problem is a line with its place and how to mend it."""
    from bot import registry

    try:
        loaded = registry.load(registry_path)
    except RegistryError as error:
        _print_problems(error.problems)
        return error.exit_code
    for warning in loaded.warnings:
        click.echo(f"{warning} (warning)", err=True)
    if loaded.problems:
        _print_problems(loaded.problems)
        return RegistryError.exit_code
    click.echo(f"{registry_path}: {count(len(loaded.entries), 'model')}, no problems")
    return 0


@click.command()
def schema() -> None:
    """Print the registry's JSON Schema."""
    import json

    from bot import registry

    click.echo(json.dumps(registry.schema(), indent=2, ensure_ascii=False))


def _print_problems(found: Iterable[Problem]) -> None:
    problems = list(found)
    for problem in problems:
        click.echo(str(problem))
    click.echo(f"{count(len(problems), 'problem')}", err=True)
