"""`bot import`, `bot corpus` and `bot purge`: the posts that models are trained on."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.commands.file_choices import check_choices, file_choices
from bot.cli.commands.options import (
    count,
    json_option,
    load_registry,
    max_reads_option,
    open_store,
    registry_option,
    store_option,
    warn,
)
from bot.errors import Blocked, Skipped, SourceError, UsageError

if TYPE_CHECKING:
    from bot.sources.archives.detector import Detected
    from bot.sources.archives.kind import Choices, FileSource
    from bot.sources.posts import Timeline


@click.command("import")
@click.argument("handle")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@registry_option
@store_option
@click.option("--source", type=click.Choice(["archive", "jsonl"]), help="Default: by the file's content.")
@file_choices
def import_(
    handle: str,
    files: tuple[str, ...],
    registry_path: Path,
    store_url: str | None,
    source: FileSource | None,
    choices: Choices,
) -> None:
    """Put the posts of FILE into the store, as HANDLE's.

    The public posts and the profile, and nothing else of it.

    FILE is what bot inspect knows: an archive of X of any year or of Mastodon, as zip, folder or single files; the
    repository of a Bluesky account; the data of a Reddit account; an export of Instagram, Threads or Facebook;
    JSONL with one post a line; a table, or a plain text. Several files are those of one archive. HANDLE is the
    account's on the network that the archive is of, else a word of your choice.
    """
    from bot.registry import owners
    from bot.sources.handles import normalise

    registry = load_registry(registry_path)
    kind, found = _detected(files, source)
    check_choices(found, choices)
    try:
        name = normalise(handle, kind)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if line := registry.gone.line(name):
        raise UsageError(
            f"this person was removed (line {line} of the registry) and is never imitated; nothing is stored"
        )
    store = open_store(store_url, registry, adds=True, say=warn)
    timeline = _read(found, name, choices)
    of = owners.of_profile(timeline.profile)
    if line := registry.gone.line_of(of):
        raise UsageError(
            f"the file is of somebody who was removed (line {line} of the registry) and is never imitated; "
            "nothing is stored"
        )
    if not timeline.posts:
        raise UsageError(f"{found.where}: there is no post in it; nothing is stored")
    try:
        merged = store.merge(timeline, kind, now=datetime.now(UTC), handle=name, complete=timeline.complete)
    except Skipped as refused:
        raise SourceError(str(refused)) from None
    noun = "archive" if kind == "archive" else "file"
    unproven = (
        ()
        if not owners.is_unnamed(timeline.profile.network, of.account)
        else (f"the {noun} {owners.UNNAMED.format(handle=name)}",)
    )
    media = [f"{file}: it holds pictures and videos alone" for file in found.media]
    for warning in (*media, *timeline.profile.notes, *timeline.warnings, *unproven, *merged.warnings):
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{name}: {count(merged.added, 'new post')}, {merged.total:,} in the store")


def _detected(files: tuple[str, ...], source: FileSource | None) -> tuple[FileSource, Detected]:
    """The source that reads the files, and what they are. UsageError for files that none reads."""
    from bot.sources.archives.detector import detect, detect_for

    try:
        found = detect_for(source, files) if source else detect(files)
    except SourceError as error:
        raise UsageError(str(error)) from None
    return found.kind.SOURCE, found


def _read(found: Detected, name: str, choices: Choices) -> Timeline:
    """The posts of the files, all in memory. UsageError for files that are damaged, hostile or of another network."""
    from bot.sources.archives import source

    try:
        timeline = source.read(found, name, choices)
        return replace(timeline, posts=tuple(timeline.posts))
    except (SourceError, Blocked) as error:
        raise UsageError(str(error)) from None


@click.command()
@click.argument("name")
@registry_option
@store_option
@max_reads_option
@json_option
def corpus(
    name: str, registry_path: Path, store_url: str | None, max_reads: int | None, as_json: bool
) -> None:
    """Show what there is to train NAME on.

    The funnel of each account, whether it is enough, and what each selection (replies, mentions, threads, lines,
    apps, since and until in the registry) would change; no text.
    """
    from bot import corpus as corpora
    from bot.apply.fetch import Fetcher
    from bot.cli import report
    from bot.corpus import choices, vocabulary
    from bot.hub import base_model
    from bot.registry.lookup import find_entry

    registry = load_registry(registry_path)
    entry = find_entry(registry, name)
    store = open_store(store_url, registry, adds=True, say=warn)
    fetcher = Fetcher(registry, store, lambda: datetime.now(UTC), max_reads)
    try:
        timelines = fetcher.fetch(entry)
    except Blocked as blocked:
        raise SourceError(str(blocked)) from None
    except Skipped as nothing:
        raise UsageError(str(nothing)) from None
    finally:
        if (spent := fetcher.cost).reads:
            click.echo(f"Spent: {spent.reads:,} posts and profiles read, {spent.usd:.2f} USD.", err=True)
    built = corpora.build(timelines, entry.selection)
    changes = choices.of_timelines(timelines)
    texts = [text.text for account in built.accounts for text in account.texts]
    base = base_model.parse(entry.base)
    tokens = base_model.count_tokens(base, texts)
    share = vocabulary.share_of_english(texts, lambda some: base_model.count_tokens(base, some))
    if warning := vocabulary.unknown_language(share, list(built.languages), base.name):
        built = replace(built, warnings=(*built.warnings, warning))
    if as_json:
        value = corpora.to_json(built, tokens=tokens, share_of_english=share, choices=changes)
        for handle, account in zip(entry.handles, value["accounts"], strict=True):
            account["handle"] = handle
        report.print_json(value, sys.stdout)
    else:
        report.print_corpus(built, tokens, sys.stdout, changes, entry.selection)


@click.command()
@click.argument("handle")
@registry_option
@store_option
def purge(handle: str, registry_path: Path, store_url: str | None) -> int:
    """Delete every trace of HANDLE in the store, and look again.

    Where the store lies in a repo or a bucket that keeps what is deleted, its history goes as well, or it is said
    why not, and what to do (exit code 1).

    HANDLE as people write it: with or without @, in any case, or the address of a profile.

    An unfinished training kept on this machine goes, too.

    It wins over runs that are at work: one that began before stores nothing of HANDLE any more, and publishes no
    model of theirs. A run that begins afterwards may fetch HANDLE again; what forbids that is a tombstone, by bot
    remove or bot takedown. Models on the hub stay. docs/removal.md says what else may remain.
    """
    from bot.apply import kept_training
    from bot.apply.removal.account_ids import accounts_of
    from bot.apply.removal.stored_posts import purge_person
    from bot.sources.handles import bare

    name, registry = bare(handle), load_registry(registry_path)
    folders = (registry_path.parent, Path.cwd())
    store = open_store(store_url, registry, say=warn)
    accounts = accounts_of(name, store.all_facts().values())
    trainings = kept_training.forget(folders, [name], accounts)
    for folder in folders:
        kept_training.sweep(folder, registry.gone, datetime.now(UTC))
    purged = purge_person(name, store)
    click.echo(f"{name}: {count(purged.files, 'file')} deleted from the store")
    for line in (
        *purged.checked,
        *([kept_training.removed(trainings)] if trainings else ()),
        *purged.remains,
    ):
        click.echo(line)
    return 1 if purged.remains else 0
