"""`bot init`: sets a repository on GitHub up for a fleet."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli.commands.options import load_registry
from bot.cli.github_setup import github_options
from bot.errors import UsageError


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=".")
@click.option("--gpu-runner", metavar="LABEL", help="Label of the machines that train.")
@github_options
def init(
    folder: Path,
    gpu_runner: str | None,
    repository: str | None,
    run: bool,
    reviewers: tuple[str, ...],
    public: bool,
) -> int:
    """Set a repository on GitHub up for a fleet.

    Prints the calls of gh and hf; with --run it makes those that are missing, and asks for the secrets.
    """
    from bot.cli.github_setup import set_up, wanted_for

    if repository is None:
        raise UsageError("name the repository: bot init --github OWNER/REPO")
    registry = load_registry(folder / "registry.yaml")
    wanted = wanted_for(registry, repository, reviewers=reviewers, public=public, runner=gpu_runner)
    return set_up(folder, wanted, run=run)
