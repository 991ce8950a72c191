"""The command line: `bot` and its commands."""

from __future__ import annotations

import click

from bot import __version__
from bot.commands import (
    adopt,
    apply,
    bases,
    demo,
    doctor,
    fleet,
    people,
    posts,
    preview,
    registry,
    report,
    review,
    site,
)


# Every flag can be given as BOT_COMMAND_FLAG as well, so that a workflow passes what somebody typed as data.
@click.group(
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "auto_envvar_prefix": "BOT",
    }
)
@click.version_option(__version__, prog_name="bot", message="%(prog)s %(version)s")
def cli() -> None:
    """Mynah: a registry of handles kept true as a fleet of persona language models on the Hugging Face Hub."""


for command in (
    registry.validate,
    registry.schema,
    registry.add,
    registry.remove,
    fleet.plan,
    apply.apply,
    fleet.status,
    fleet.explain,
    fleet.render,
    preview.preview,
    review.review,
    review.comment,
    report.report,
    bases.bases,
    people.propose,
    people.takedown,
    adopt.adopt,
    site.site,
    posts.import_,
    posts.corpus,
    posts.purge,
    doctor.doctor,
    demo.demo,
):
    cli.add_command(command)
