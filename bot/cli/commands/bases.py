"""`bot bases`: names the public bases that a plan trains from, and fetches them into a cache."""

from __future__ import annotations

import os
from pathlib import Path

import click

from bot.cli.commands.options import count, hub_of, hub_option, load_registry, registry_option
from bot.github import workflow_commands

FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
"""What loading a model takes: weights that cannot run code, its configuration, its tokenizer."""


@click.command()
@click.option(
    "--plan", "plan_path", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE"
)
@click.option("--download", is_flag=True, help="Fetch them into the Hub's cache on this machine.")
@registry_option
@hub_option
def bases(plan_path: Path, download: bool, registry_path: Path, hub_target: str | None) -> None:
    """Name the bases that a plan trains from.

    Each with the commit that it has now. Uses no token: what only a token can read is left out, and is fetched
    by bot apply, so that a cache which others can read holds public weights alone.
    """
    from bot import hub
    from bot.hub import base_model
    from bot.io import digest
    from bot.plan import file

    steps = file.read(plan_path)
    registry = load_registry(registry_path)
    trained = {step.name for step in steps if step.action == "train" and not step.held}
    specs = {base_model.parse(entry.base) for entry in registry.entries if entry.name in trained}
    target = hub_of(hub_target, registry)
    backend = hub.open_hub(target, registry.namespace or "", token=None)
    found = {
        (spec.id, commit)
        for spec in specs
        if spec.id is not None and (commit := backend.resolve_base(spec.id, spec.revision)) is not None
    }
    listed = [f"{name}@{commit}" for name, commit in sorted(found)]
    workflow_commands.output("key", digest.short(listed) if listed else "none", os.environ)
    for line in listed:
        click.echo(line)
    if download:
        address = target if target and not target.startswith("dir:") else None
        endpoint = address or os.environ.get("HF_ENDPOINT") or None
        fetched = sum(_fetch(name, commit, endpoint) for name, commit in sorted(found))
        click.echo(f"{fetched} of {count(len(found), 'base')} fetched")


def _fetch(name: str, commit: str, endpoint: str | None) -> bool:
    """Fetches a base and returns whether it is in the cache. Training tries again what could not be fetched."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        snapshot_download(
            name,
            revision=commit,
            allow_patterns=FILES,
            ignore_patterns=["*/*"],
            token=False,
            endpoint=endpoint,
        )
    except (HfHubHTTPError, OSError) as error:
        click.echo(f"{name}: not fetched ({type(error).__name__}); bot apply tries again", err=True)
        return False
    return True
