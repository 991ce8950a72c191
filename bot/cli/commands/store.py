"""`bot store move`: moves the store to another place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.commands.options import count, load_registry, registry_option, store_option
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.registry import Registry
    from bot.store.move import Moved
    from bot.store.places import Place


@click.group()
def store() -> None:
    """Look after the place where posts are kept."""


@store.command()
@click.argument("url")
@registry_option
@store_option
def move(url: str, registry_path: Path, store_url: str | None) -> int:
    """Carry the store over to URL, and empty the old one.

    Every file is copied and compared byte by byte before any is removed; of an old place that keeps what is
    deleted the history goes as well, or it is said what remains (exit code 1). Then `store:` is set in the registry.

    Killed at any moment, the same command goes on. Let no other run be at work: until the registry that runs use
    names URL, they find the old store empty, and read, and pay for, posts again.
    """
    from bot.registry.files import store_url as located
    from bot.store import retention
    from bot.store.backends import open_files
    from bot.store.move import finish, remove_empty_folders, unfinished
    from bot.store.move import move as carry
    from bot.store.places import place_of

    registry = load_registry(registry_path)
    folder = registry_path.parent.absolute()
    old, new = place_of(store_url or registry.store.url), place_of(located(url, folder))
    files = open_files(new)
    if _same(old, new):
        if store_url is None and unfinished(files):  # killed before its last step
            finish(files)
        click.echo(f"the store is at {files.url} already")
        return 0
    _check_destination(new)
    origin = open_files(old)
    moved = carry(origin, files, lambda text: click.echo(text, err=True))
    if old.kind == "folder":
        remove_empty_folders(Path(old.prefix))
    forgotten = retention.forget(old)
    click.echo(_summary(moved, origin.url, files.url))
    for line in (*_left(moved, origin.url), *forgotten.checked, *forgotten.remains):
        click.echo(line)
    _set_store(registry, url, old)
    finish(files)
    return 1 if forgotten.remains else 0


def _check_destination(new: Place) -> None:
    from bot.store import bucket, retention

    if new.kind == "bucket":
        bucket.check(new)
    kept = retention.ask(new)
    if kept.keeps:
        raise UsageError(retention.refusal(new))
    if text := retention.warning(new, kept):
        click.echo(f"warning: {text}", err=True)


def _same(old: Place, new: Place) -> bool:
    if old.kind == new.kind == "folder":
        return Path(old.prefix).resolve() == Path(new.prefix).resolve()
    return (old.kind, old.container, old.prefix) == (new.kind, new.container, new.prefix)


def _summary(moved: Moved, old: str, new: str) -> str:
    return (
        f"moved: {count(moved.files, 'file')} now in {new}, compared byte by byte; {old} was listed again and holds no "
        "file of the store"
    )


def _left(moved: Moved, old: str) -> list[str]:
    lines = []
    if moved.others:
        lines.append(f"{count(moved.others, 'file')} in {old} are not the store's and were left there")
    if moved.half_written:
        lines.append(
            f"{count(moved.half_written, 'half-written file')} in {old} (.writing-…) may hold posts, of a run that is "
            "at work or was killed: delete them once nothing runs"
        )
    return lines


def _set_store(registry: Registry, url: str, old: Place) -> None:
    """Edits `store:` where it named the old place; else, or where that cannot be done, prints the line."""
    from bot.registry import edit
    from bot.registry.write import write
    from bot.store.places import place_of

    path = registry.path
    if not _same(place_of(registry.store.url), old):
        click.echo(f"{path} names another store; where this one was named, write: store: {url}")
        return
    try:
        write(path, edit.set_store(path.read_bytes().decode(), url))
    except UsageError as error:
        click.echo(f"{error}", err=True)
        click.echo(f"write this line into {path}: store: {url}")
        return
    click.echo(
        f"{path}: store is {url} now; commit it before the next run, which would find the old store empty"
    )
