"""`bot preview`: the cards that a registry would publish, as one page to look at."""

from __future__ import annotations

import os
from pathlib import Path

import click

from bot.cli.commands.options import count, hub_option, load_registry, open_hub, registry_option
from bot.github import workflow_commands


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="The page: one HTML file.",
)
@click.option("--only", multiple=True, metavar="NAME", help="Only this model (may be repeated).")
@click.option(
    "--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Show at most so many cards."
)
@registry_option
@hub_option
def preview(out: Path, only: tuple[str, ...], limit: int, registry_path: Path, hub_target: str | None) -> int:
    """Show the cards of new and changed models as one page.

    Nothing is trained or fetched. Where a model does not exist yet, the card is made of sample facts, and
    says so. Needs no token, and opens no archive that the registry names. A card that cannot be rendered ends this
    with exit code 1.
    """
    from bot.io import atomic
    from bot.registry.lookup import find_entry
    from bot.render import child_process, proposed_cards
    from bot.render import preview as preview_page

    registry = load_registry(registry_path)
    faulty = {one.name for one in registry.faulty}
    only = tuple(name if name in faulty else find_entry(registry, name).name for name in only)
    hub = open_hub(hub_target, registry) if registry.namespace else None
    if hub is not None:
        hub.check(write=False)
    proposal = proposed_cards.changed(registry, hub, only=only, limit=limit)
    with child_process.Renderer(max(child_process.TOTAL_S, limit // 3)) as renderer:
        cards = list(proposed_cards.cards(registry, hub, proposal, renderer.render))
        page = preview_page.page(cards, left_out=proposal.left_out, show=renderer.show)
    atomic.write(out, page.encode())
    made_up = proposed_cards.samples(cards)
    click.echo(f"{count(len(cards), 'card')} in {out}, {made_up} of sample facts")
    for line in proposal.left_out:
        click.echo(f"not shown: {line}")
    broken = [(one.repo, one.error) for one in cards if one.error is not None]
    for repo, error in broken:
        click.echo(f"{repo}: this card cannot be rendered: {error}", err=True)
        workflow_commands.annotate("error", error.problems or [f"{repo}: {error}"], os.environ)
    return 1 if broken else 0
