"""`bot validate`, `bot schema`, `bot add` and `bot remove`: the registry by itself, offline."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.commands.options import count, open_hub, open_store, registry_option, store_option
from bot.errors import BotError, Problem, RegistryError, UsageError
from bot.github import workflow_commands

if TYPE_CHECKING:
    from bot.hub import Hub
    from bot.sources.handles import Source
    from bot.store import Store


@click.command()
@registry_option
def validate(registry_path: Path) -> int:
    """Check the registry, offline.

    Every problem is a line with its place and how to fix it. docs/registry.md lists every key.
    """
    from bot import registry
    from bot.registry.file_problems import file_problems

    try:
        loaded = registry.load(registry_path)
    except RegistryError as error:
        _print_problems(error.problems)
        workflow_commands.on_validate(error.problems, [], os.environ)
        return error.exit_code
    for warning in loaded.warnings:
        click.echo(f"{warning} (warning)", err=True)
    problems = sorted([*loaded.problems, *file_problems(loaded)])
    workflow_commands.on_validate(problems, loaded.warnings, os.environ)
    if problems:
        _print_problems(problems)
        return RegistryError.exit_code
    click.echo(f"{registry_path}: {count(len(loaded.entries), 'model')}, no problems")
    return 0


@click.command()
def schema() -> None:
    """Print the registry's JSON Schema.

    An editor checks and completes by it; docs/registry.md is the same for people.
    """
    import json

    from bot import registry

    click.echo(json.dumps(registry.schema(), indent=2, ensure_ascii=False))


@click.command()
@click.argument("handles", nargs=-1, required=True)
@registry_option
@click.option("--source", type=click.Choice(["x", "archive", "bluesky", "mastodon", "jsonl"]))
@click.option("--consent", metavar="self|URL", help="Where these people agreed, or self.")
@click.option(
    "--archive",
    "archives",
    metavar="FILE",
    multiple=True,
    help="The file that the network gives its users, such as X's zip (may be repeated for one in several files).",
)
@click.option("--jsonl", metavar="FILE", help="Posts, one JSON object a line.")
@click.option("--base", metavar="MODEL", help="A Hub id or a folder, when it is not the registry's default.")
@click.option("--name", help="The model's name, when the one made of the handles will not do.")
def add(
    handles: tuple[str, ...],
    registry_path: Path,
    source: Source | None,
    consent: str | None,
    archives: tuple[str, ...],
    jsonl: str | None,
    base: str | None,
    name: str | None,
) -> None:
    """Add one model to the registry.

    Of one HANDLE, or of several together (a cyborg).
    """
    from bot.registry import edit as registry_edit
    from bot.registry.write import write

    before = _read(registry_path)

    def added(account: str | None) -> str:
        return registry_edit.add(
            before,
            handles,
            source=source,
            consent=consent,
            archive=archives[0] if len(archives) == 1 else list(archives) or None,
            jsonl=jsonl,
            base=base,
            name=name,
            account=account,
        )

    text = added(account := _account_in(archives, registry_path, handles))
    if account is None and (stored := _stored_account(text, registry_path, handles)):
        text = added(stored)
    write(registry_path, text)
    click.echo(f"{registry_path}: added {' and '.join(handles)}; see what it would do with: bot plan")


def _account_in(archives: tuple[str, ...], registry_path: Path, handles: tuple[str, ...]) -> str | None:
    """The id of the account that the archives name, where they are local, sound and of the only handle."""
    from bot.errors import BotError
    from bot.registry.files import located
    from bot.sources import owner_of
    from bot.sources.handles import bare

    files = [located(file, registry_path.parent.absolute()) for file in archives]
    if not files or len(handles) != 1 or any("://" in file for file in files):
        return None
    try:
        of = owner_of("archive", files, bare(handles[0]))
    except BotError:
        return None  # bot validate says what is wrong with it
    return of.account if of.handle == bare(handles[0]) else None


def _stored_account(text: str, registry_path: Path, handles: tuple[str, ...]) -> str | None:
    """The id of the only handle's account as a store in a folder knows it, of posts that were imported before.

    `text` is the registry with the new entry. No store elsewhere is asked: an edit of a file waits for no network.
    """
    from bot import registry
    from bot.errors import BotError
    from bot.registry.owners import of_facts
    from bot.sources.handles import bare
    from bot.store.places import place_of

    try:
        loaded = registry.read_text(text.encode(), registry_path)
        alone = (bare(handles[0]),) if len(handles) == 1 else ()
        entry = next((entry for entry in loaded.entries if entry.handles == alone), None)
        if entry is None or place_of(loaded.store.url).kind != "folder":
            return None
        facts = open_store(None, loaded).facts(entry.handles[0], entry.source)
    except BotError:
        return None  # bot validate and bot plan say what is wrong
    if facts is None or facts.known_as not in ("", entry.handles[0]):
        return None
    return of_facts(facts).account


@click.command()
@click.argument("handle")
@click.option("--reason", required=True, help="Why, in public words: it stands in the registry.")
@click.option(
    "--private", is_flag=True, help="Write a hash of HANDLE, so that the registry does not name it."
)
@registry_option
@click.option("--hub", "hub_target", metavar="TARGET", help="Take account ids from its models, too.")
@store_option
def remove(
    handle: str,
    reason: str,
    private: bool,
    registry_path: Path,
    hub_target: str | None,
    store_url: str | None,
) -> None:
    """Take a person out of the registry, for good.

    HANDLE gets a tombstone, and every entry that holds it goes, cyborgs too. The tombstone holds the ids of the
    person's accounts as far as the store knows them, so that another name undoes nothing. Nothing else is touched:
    bot takedown does all at once.
    """
    from bot import registry
    from bot.apply import kept_training
    from bot.apply.removal.registry_check import is_removed
    from bot.registry import edit as registry_edit
    from bot.registry.write import write
    from bot.sources.handles import bare

    text, today = _read(registry_path), datetime.now(UTC).date()
    loaded = registry.load(registry_path)
    hub = open_hub(hub_target, loaded) if hub_target is not None else None
    accounts = _account_ids(bare(handle), lambda: open_store(store_url, loaded), hub)
    text = registry_edit.remove(text, handle, reason=reason, on=today, private=private, accounts=accounts)
    write(registry_path, text)
    if not is_removed(registry.load(registry_path), bare(handle)):
        raise UsageError(
            f"{registry_path} was read again and still names {handle}, or has no tombstone: look at it"
        )
    trainings = kept_training.forget((registry_path.parent, Path.cwd()), [bare(handle)], accounts)
    click.echo(
        f"{registry_path}: {handle} is removed; the file was read again: it holds a tombstone, and no entry of theirs"
    )
    if trainings:
        click.echo(kept_training.removed(trainings))
    click.echo(
        "still there: models on the hub (bot apply --allow-removals N), posts in the store "
        f"(bot purge {handle}), runs of trackers; bot takedown does all at once, and docs/removal.md says what remains"
    )


def _account_ids(person: str, open_store: Callable[[], Store], hub: Hub | None) -> tuple[str, ...]:
    """Returns the ids of a person's accounts for the tombstone; none, with a warning, if they cannot be read."""
    from bot.apply.removal.account_ids import accounts_of
    from bot.apply.removal.takedown import survey

    try:
        manifests = survey(person, hub).manifests if hub is not None else []
        return accounts_of(person, open_store().all_facts().values(), manifests)
    except BotError as error:
        click.echo(
            f"warning: the ids of this person's accounts are not known, so the tombstone holds none of them: {error}; "
            "run this again, or a new handle undoes it",
            err=True,
        )
        return ()


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise UsageError(f"there is no registry at {path}; name another with --registry PATH") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the registry {path} cannot be read: {error}") from None


def _print_problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        click.echo(str(problem))
    click.echo(f"{count(len(problems), 'problem')}", err=True)
