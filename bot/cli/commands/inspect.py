"""`bot inspect`: what a file is, whose, and what would be read of it. Needs no registry and writes nothing."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from bot.cli.commands.file_choices import arguments, check_choices, file_choices
from bot.cli.commands.options import json_option
from bot.cli.next_command import as_typed
from bot.errors import Blocked, SourceError

if TYPE_CHECKING:
    from bot.corpus import Corpus
    from bot.sources.archives.detector import Detected
    from bot.sources.archives.kind import Choices
    from bot.sources.posts import Owner, Timeline

PLACEHOLDER = "HANDLE"
"""What stands for the handle of a file that names no owner."""


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@file_choices
@json_option
def inspect(files: tuple[str, ...], choices: Choices, as_json: bool) -> int:
    """Show what FILE is, whose, and what would be read of it.

    Its kind, its posts with their dates and languages, whether it is whole, the corpus that bot corpus would make of
    it, and the line that imports it; no text. Needs no registry, and writes nothing. Several files that are of one
    archive are shown as one.
    """
    groups = [files] if len(files) == 1 or _belong_together(files) else [(file,) for file in files]
    failed = False
    values = []
    for group in groups:
        try:
            value = _show(group, choices, as_json)
        except (SourceError, Blocked) as error:
            failed = True
            value = {"files": list(group), "error": str(error)}
            click.echo(f"error: {error}", err=True)
        values.append(value)
    if as_json:
        from bot.cli import report

        report.print_json({"files": values}, sys.stdout)
    return 2 if failed else 0


def _belong_together(files: tuple[str, ...]) -> bool:
    """Whether the files are of one kind and of one account."""
    from bot.sources.archives.detector import detect

    try:
        found = detect(files)
        found.kind.owner(found.looks)
    except SourceError:
        return False
    return True


def _show(files: tuple[str, ...], reading: Choices, as_json: bool) -> dict[str, Any]:
    """The report on files that belong together, which is printed here unless it is for a machine."""
    from bot import corpus as corpora
    from bot.corpus import choices
    from bot.sources.archives.detector import detect

    found = detect(files)
    check_choices(found, reading)
    of = found.kind.owner(found.looks)
    timeline = found.kind.read(found.looks, of.handle or "", reading)
    named = replace(timeline.profile, handle=timeline.profile.handle or PLACEHOLDER)
    timeline = replace(timeline, profile=named, posts=tuple(timeline.posts))
    built = corpora.build([timeline])
    changes = choices.of_timelines([timeline])
    value = _to_json(files, found, timeline, corpora.to_json(built, choices=changes), of, reading)
    if not as_json:
        _print(value, built, changes)
    return value


def _to_json(
    files: tuple[str, ...],
    found: Detected,
    timeline: Timeline,
    corpus: dict[str, Any],
    of: Owner,
    reading: Choices,
) -> dict[str, Any]:
    from bot.sources.posts import is_dated

    moments = sorted(post.created_at for post in timeline.posts if is_dated(post.created_at))
    return {
        "files": list(files),
        "kind": found.kind.__name__.rpartition(".")[2],
        "title": found.kind.TITLE,
        "form": found.generation,
        "source": found.kind.SOURCE,
        "network": timeline.profile.network,
        "owner": {"handle": of.handle, "account": of.account},
        "posts": len(tuple(timeline.posts)),
        "retweets": sum(post.is_repost for post in timeline.posts),
        "first": moments[0].isoformat() if moments else None,
        "last": moments[-1].isoformat() if moments else None,
        "whole": True if timeline.complete else None,
        "reads": list(found.kind.READS),
        "never": list(found.kind.NEVER),
        "media": list(found.media),
        "corpus": corpus,
        "import": as_typed(["bot", "import", of.handle or PLACEHOLDER, *files, *arguments(reading)]),
    }


def _print(value: dict[str, Any], built: Corpus, changes: Sequence[Mapping[str, Any]]) -> None:
    from bot.cli import report
    from bot.registry import owners

    handle, account = value["owner"]["handle"], value["owner"]["account"]
    named = " ".join(filter(None, [handle, f"(account {account})" if account else None]))
    reposts = "retweets" if value["network"] == "x" else "reposts"
    dates = f", {value['first'][:10]} to {value['last'][:10]}" if value["first"] else ""
    whole = "yes, it shows that nothing is missing" if value["whole"] else "it does not show that it is"
    click.echo(", ".join(value["files"]))
    for name, words in (
        ("kind", f"{value['title']}, {value['form']}"),
        ("whose", named or "it does not say"),
        ("posts", f"{value['posts']:,}{dates}; {value['retweets']:,} of them {reposts}"),
        ("whole", whole),
        ("read", "; ".join(value["reads"])),
        ("never", "; ".join(value["never"])),
        *(("media", f"{file} holds pictures and videos alone") for file in value["media"]),
    ):
        width = shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else report.WIDTH
        begin = f"  {name + ':':<7} "
        click.echo(
            textwrap.fill(
                words, width, initial_indent=begin, subsequent_indent=" " * len(begin), break_on_hyphens=False
            )
        )
    report.print_corpus(built, None, sys.stdout, changes)
    if owners.is_unnamed(value["network"], account) or not (handle or account):
        click.echo(f"Note: the file {owners.UNNAMED.format(handle=handle or PLACEHOLDER)}.")
    click.echo(f"Import it with: {value['import']}")
