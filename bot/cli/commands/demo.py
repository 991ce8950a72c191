"""`bot demo`: the whole job, offline."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli.commands.options import device_option


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="demo-out",
    show_default=True,
    help="Where the demo's registry, hub and page go.",
)
@device_option
def demo(out: Path, device: str) -> int:
    """Run the whole job offline.

    Its archives and its tiny base come with the bot; it ends by saying what it made and where to look.
    """
    from bot.cli.demo import run

    return run(out, device)
