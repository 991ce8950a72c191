"""The commands: parse, call, print. What they do lives in the rooms they call, imported when needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from bot import __version__
from bot.errors import RegistryError, UsageError

if TYPE_CHECKING:
    from bot.hub import Hub
    from bot.plan import Force, Plan
    from bot.registry import Entry, Registry
    from bot.store import Store

F = TypeVar("F", bound=Callable[..., Any])

registry_option = click.option(
    "--registry",
    "registry_path",
    type=click.Path(path_type=Path),
    default="registry.yaml",
    show_default=True,
    help="The registry file.",
)
hub_option = click.option(
    "--hub",
    "hub_target",
    metavar="TARGET",
    help="Where repos live: dir:PATH for a folder; default: the Hugging Face Hub, or HF_ENDPOINT.",
)
store_option = click.option(
    "--store", "store_url", metavar="URL", help="Where posts are kept; default: the registry's store."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine.")
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    help="What trains; auto takes a GPU.",
)


def planning_options(command: F) -> F:
    """The flags that `plan` and `apply` share."""
    for option in (
        click.option("--force", type=click.Choice(["train", "card"]), help="Do this whatever the state."),
        click.option("--only", multiple=True, metavar="NAME", help="Only this model (may be repeated)."),
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="bot", message="%(prog)s %(version)s")
def cli() -> None:
    """Mynah: a registry of handles kept true as a fleet of persona language models on the Hugging Face Hub."""


@cli.command()
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
    click.echo(f"{registry_path}: {_count(len(loaded.entries), 'model')}, no problems")
    return 0


@cli.command()
def schema() -> None:
    """Print the registry's JSON Schema."""
    import json

    from bot import registry

    click.echo(json.dumps(registry.schema(), indent=2, ensure_ascii=False))


@cli.command()
@registry_option
@hub_option
@store_option
@planning_options
@json_option
def plan(
    registry_path: Path,
    hub_target: str | None,
    store_url: str | None,
    only: tuple[str, ...],
    force: Force | None,
    as_json: bool,
) -> None:
    """Show what `apply` would do, why, and what it would cost. Writes nothing."""
    from bot import report

    registry = _load(registry_path)
    made = _plan(registry, _hub(hub_target, registry), _store(store_url, registry), only, force)
    if as_json:
        report.print_json(made.to_json(), sys.stdout)
    else:
        report.print_plan(made, sys.stdout)


@cli.command()
@registry_option
@hub_option
@store_option
@planning_options
@click.option("--dry-run", is_flag=True, help="Show the plan and do nothing.")
@click.option(
    "--max-models", type=click.IntRange(0), default=50, show_default=True, help="Train at most so many."
)
@click.option("--allow-removals", type=click.IntRange(0), metavar="N", help="Remove at most so many models.")
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="Longest wait for a busy Hub.",
)
@device_option
@json_option
def apply(
    registry_path: Path,
    hub_target: str | None,
    store_url: str | None,
    only: tuple[str, ...],
    force: Force | None,
    dry_run: bool,
    max_models: int,
    allow_removals: int | None,
    wait: float,
    device: str,
    as_json: bool,
) -> int:
    """Do what the plan says: fetch, train, evaluate, render and publish. One bad entry never stops the rest."""
    from bot import progress, report
    from bot.apply import Limits, exit_code
    from bot.apply import apply as run

    registry = _load(registry_path)
    hub, store = _hub(hub_target, registry, wait), _store(store_url, registry)
    made = _plan(registry, hub, store, only, force)
    if dry_run:
        report.print_json({"outcomes": []}, sys.stdout) if as_json else report.print_plan(made, sys.stdout)
        return 0
    if not as_json:
        report.print_plan(made, sys.stdout)
    from bot.build import Workshop

    if any(step.action in {"train", "card", "remove"} for step in made.steps):
        hub.check(write=True)
    with progress.watching() as watcher:
        shop = Workshop(registry, store, lambda: datetime.now(UTC), watcher, device)
        outcomes = run(made, shop, hub, Limits(max_models, allow_removals))
    if as_json:
        report.print_json({"outcomes": [outcome.to_json() for outcome in outcomes]}, sys.stdout)
    else:
        report.print_outcomes(outcomes, made, sys.stdout)
    return exit_code(outcomes)


@cli.command("import")
@click.argument("handle")
@click.argument("file")
@registry_option
@store_option
@click.option("--source", type=click.Choice(["archive", "jsonl"]), help="Default: by the file's name.")
def import_(handle: str, file: str, registry_path: Path, store_url: str | None, source: str | None) -> None:
    """Put the public posts and the profile out of FILE into the store, as HANDLE's. Nothing else is kept.

    FILE is the zip that X gives its users (or its unpacked folder), or JSONL with one post a line.
    """
    from bot.handles import normalise
    from bot.sources import open_source

    registry = _load(registry_path)
    kind = source or _file_source(file)
    try:
        name = normalise(handle, kind)
    except ValueError as error:
        raise UsageError(str(error)) from None
    timeline = open_source(kind, file=file).read(name)
    merged = _store(store_url, registry).merge(timeline, kind, now=datetime.now(UTC), handle=name)
    for warning in (*timeline.warnings, *merged.warnings):
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{name}: {merged.added:,} new posts, {merged.total:,} in the store")


@cli.command()
@click.argument("name")
@registry_option
@store_option
@json_option
def corpus(name: str, registry_path: Path, store_url: str | None, as_json: bool) -> None:
    """Show what there is to train NAME on: the funnel of each account, and whether it is enough."""
    from bot import base, report
    from bot import corpus as room
    from bot.build import fetch

    registry = _load(registry_path)
    entry = _entry(registry, name)
    made = room.build(fetch(entry, _store(store_url, registry), datetime.now(UTC)))
    texts = [text.text for account in made.accounts for text in account.texts]
    tokens = base.count_tokens(base.parse(entry.base), texts)
    if as_json:
        report.print_json(room.to_json(made) | {"tokens": tokens}, sys.stdout)
    else:
        report.print_corpus(made, tokens, sys.stdout)


@cli.command()
@click.argument("name")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to write."
)
@registry_option
@hub_option
def render(name: str, out: Path, registry_path: Path, hub_target: str | None) -> None:
    """Write NAME's card and pictures to a folder, from the published manifest; nothing is trained."""
    from bot import apply, publication

    registry = _load(registry_path)
    hub = _hub(hub_target, registry)
    files = publication.rerender(registry, _entry(registry, name), apply.published(hub, name), hub)
    for path, content in files.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    click.echo(f"{_count(len(files), 'file')} in {out}, the card is {out / 'README.md'}")


@cli.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="demo-out",
    show_default=True,
    help="Where the demo's registry, hub and page go.",
)
@device_option
def demo(out: Path, device: str) -> int:
    """Run the whole job offline on the archives that come with the bot, and show what it made."""
    from bot.demo import run

    return run(out, device)


@cli.command()
@click.argument("handle")
@registry_option
@store_option
def purge(handle: str, registry_path: Path, store_url: str | None) -> None:
    """Delete every trace of HANDLE in the store."""
    files = _store(store_url, _load(registry_path)).purge(handle.removeprefix("@").lower())
    click.echo(f"{handle}: {_count(files, 'file')} deleted from the store")


def _file_source(file: str) -> Literal["archive", "jsonl"]:
    return "jsonl" if file.removesuffix(".gz").endswith((".jsonl", ".ndjson")) else "archive"


def _load(path: Path) -> Registry:
    from bot import registry

    return registry.load(path)


def _hub(target: str | None, registry: Registry, wait_s: float = 120) -> Hub:
    from bot.hub import open_hub

    return open_hub(target, registry.namespace or "", token=os.environ.get("HF_TOKEN"), wait_s=wait_s)


def _store(url: str | None, registry: Registry) -> Store:
    from bot.store import Store

    return Store(url or registry.store.url)


def _entry(registry: Registry, name: str) -> Entry:
    for entry in registry.entries:
        if entry.name == name:
            return entry
    for faulty in registry.faulty:
        if faulty.name == name:
            raise RegistryError(list(faulty.problems))
    names = ", ".join(entry.name for entry in registry.entries[:10]) or "none"
    raise UsageError(f"{registry.path.name} lists no model {name!r}; it lists: {names}")


def _plan(registry: Registry, hub: Hub, store: Store, only: tuple[str, ...], force: Force | None) -> Plan:
    from bot import desired
    from bot import plan as room

    for name in only:
        _entry(registry, name)
    hub.check(write=False)
    listing = hub.listing()
    now = datetime.now(UTC)
    return room.plan(
        desired.desired(registry),
        listing,
        namespace=registry.namespace or "",
        now=now,
        removed=[handle for tombstone in registry.removed for handle in tombstone.handles],
        known=desired.known(registry, listing, store, now),
        only=only,
        force=force,
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _print_problems(problems: Any) -> None:
    for problem in problems:
        click.echo(str(problem))
    click.echo(f"{_count(len(problems), 'problem')}", err=True)
