"""`bot site`: the fleet as a static page."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.commands.options import (
    count,
    hub_of,
    hub_option,
    json_option,
    load_registry,
    open_hub,
    registry_option,
    store_option,
    warn,
)
from bot.errors import SourceError, UsageError
from bot.io import git

if TYPE_CHECKING:
    from bot.cli.json_outputs import SiteOutput


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where the page is written."
)
@click.option(
    "--avatars/--no-avatars",
    default=None,
    help="Copy profile pictures too. By default only from a folder hub: from the Hub it is a read for each.",
)
@registry_option
@hub_option
@store_option
@json_option
def site(
    out: Path,
    avatars: bool | None,
    registry_path: Path,
    hub_target: str | None,
    store_url: str | None,
    as_json: bool,
) -> None:
    """Write the fleet as a static page.

    Every model that may be shown, with its state and numbers; searched and sorted without a server. A second run
    reads only what moved since the first.
    """
    from bot.cli import report
    from bot.plan.desired import template_folders
    from bot.plan.make import make_plan
    from bot.render import site as fleet_site
    from bot.render.site import page, reading

    registry = load_registry(registry_path)
    if registry.namespace is None:
        raise UsageError(f"{registry.path.name} has no namespace: set it to where the models are on the Hub")
    fleet_site.check(out)
    hub = open_hub(hub_target, registry)
    try:
        plan = make_plan(registry, hub, store_url or registry.store.url)
    except SourceError as error:
        if store_url is not None:
            raise
        # A page for everybody is drawn without a token, which a private store needs.
        warn(f"the page does not show what only the store knows, such as failures: {error}")
        plan = make_plan(registry, hub, None)
    repos = hub.listing().repos
    if avatars is None:
        avatars = (hub_of(hub_target, registry) or "").startswith("dir:")
    save = partial(fleet_site.save, out) if avatars else None
    read = reading.read(plan.steps, repos, registry.gone, hub, out, save=save)
    address = _address(hub.url("x").removesuffix("x"), out)
    files = page.files(
        read.models,
        namespace=registry.namespace,
        repos=address,
        add=_form(registry.path.parent, os.environ),
        remove=registry.contact,
        folders=template_folders(registry),
    )
    kept = {path for model in read.models for path in model.pictures if path is not None}
    changed = read.pictures + fleet_site.write(out, files, kept)
    if as_json:
        value: SiteOutput = {
            "models": len(read.models),
            "read": read.read,
            "kept": read.kept,
            "unread": read.unread,
            "changed": changed,
            "page": str(out / page.PAGE),
        }
        report.print_json(value, sys.stdout)
        return
    for name, reason in list(read.unread.items())[:5]:
        click.echo(f"warning: {name} stands there without its numbers: {reason}", err=True)
    if len(read.unread) > 5:
        click.echo(f"warning: ... and {len(read.unread) - 5:,} more; run again to go on", err=True)
    click.echo(
        f"{count(len(read.models), 'model')} in {out / page.PAGE}: {read.read:,} read, {read.kept:,} unchanged "
        f"since the last page, {count(len(changed), 'file')} written"
    )


def _form(folder: Path, environment: Mapping[str, str]) -> str | None:
    """Where a visitor asks for a model: the issue form of the registry's repository; None for one not on GitHub."""
    server, name = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    if server and name:
        repository = f"{server}/{name}"
    else:
        repository = git.https_address(git.answer(folder, "remote", "get-url", "origin") or "")
        repository = repository.removesuffix(".git")
        if not repository.startswith("https://github.com/"):
            return None
    return f"{repository}/issues/new?template=add-handle.yml"


def _address(repos: str, out: Path) -> str:
    """The address before a model's name: the hub's, or the way from the page to a folder hub."""
    if repos.startswith(("https://", "http://")):
        return repos
    return Path(os.path.relpath(repos, out)).as_posix() + "/"
