"""`bot review`: what a pull request would do, for its author and the maintainers."""

from __future__ import annotations

import os
from pathlib import Path

import click

from bot.cli.commands.options import hub_option, open_hub, registry_option
from bot.errors import Problem, RegistryError
from bot.github import workflow_commands


@click.command()
@registry_option
@hub_option
@click.option("--base", default="HEAD^1", show_default=True, metavar="REF", help="What it is compared with.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to write."
)
def review(registry_path: Path, hub_target: str | None, base: str, out: Path) -> int:
    """Say what a change of the registry would do.

    Compares the work tree with the commit REF, needs no token, and looks at no file outside of the repository.
    Writes review.json, review.md and preview.html.
    """
    from bot.github import event, review_run, review_text

    payload = event.read(os.environ) if workflow_commands.active(os.environ) else {}
    done = review_run.run(
        registry_path,
        base,
        lambda registry: open_hub(hub_target, registry, review_run.WAIT_S, from_stranger=True),
        payload,
        os.environ,
    )
    text = review_text.whole(done.review)
    out.mkdir(parents=True, exist_ok=True)
    (out / "review.json").write_text(done.review.model_dump_json(), encoding="utf-8")
    (out / "review.md").write_text(text, encoding="utf-8")
    if done.page is not None:
        (out / "preview.html").write_text(done.page, encoding="utf-8")
    workflow_commands.summary(text, os.environ)
    problems = [Problem(f.path, f.line, f.column, f.message) for f in done.review.faults]
    workflow_commands.on_validate(problems, (), os.environ)
    # Together, since GitHub shows ten of a level.
    workflow_commands.annotate("warning", [*done.review.loud, *done.warnings], os.environ)
    for problem in problems:
        click.echo(str(problem))
    click.echo(review_text.sentence(done.review))
    return RegistryError.exit_code if problems else 0
