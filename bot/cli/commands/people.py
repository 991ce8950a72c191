"""`bot takedown`: removes a person who asked for it, and verifies that they are gone."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.commands.options import (
    hub_option,
    load_registry,
    open_hub,
    open_store,
    registry_option,
    store_option,
    warn,
)
from bot.errors import UsageError
from bot.github import workflow_commands

if TYPE_CHECKING:
    from bot.github.api import GitHub

BUSY = 3
"""Attempts to commit to a branch that others push to."""


@click.command()
@click.option("--handle", help="Handle to remove; in a workflow: the form's `handle`.")
@click.option("--reason", help="Why, in public words; in a workflow: the form's `reason`.")
@click.option(
    "--private/--named", default=True, show_default=True, help="The tombstone is a hash, or a name."
)
@click.option("--pull-request", is_flag=True, help="Propose the tombstone, where main takes no commit.")
@registry_option
@hub_option
@store_option
def takedown(
    handle: str | None,
    reason: str | None,
    private: bool,
    pull_request: bool,
    registry_path: Path,
    hub_target: str | None,
    store_url: str | None,
) -> int:
    """Remove a person: tombstone, unpublish, purge, verify.

    The tombstone first, so that no other run makes them again; then every model that holds them, then their
    posts in the store, runs of trackers, and what the bot keeps on this machine. Each is looked at again. Exit 1
    when something could not be removed or read, and what remains elsewhere is listed. Whatever was done before is
    not done twice: run it again after any failure.
    """
    from bot.apply.removal.report import NOT_FINAL
    from bot.apply.removal.run import Request, Workflow, remove_person
    from bot.github import api, event
    from bot.sources.handles import person as person_of

    in_workflow = workflow_commands.active(os.environ)
    payload = event.read(os.environ) if in_workflow else {}
    mask = partial(workflow_commands.mask, environment=os.environ)
    written = (handle or event.text(payload, "inputs", "handle")).strip()
    why = (reason or event.text(payload, "inputs", "reason")).strip()
    mask(written)
    if not written or not why:
        raise UsageError("name the handle and the reason: bot takedown --handle HANDLE --reason WHY")
    try:
        person = person_of(written)
    except ValueError as error:
        raise UsageError(str(error)) from None
    mask(person)
    registry = load_registry(registry_path)
    hub, store = open_hub(hub_target, registry), open_store(store_url, registry, say=warn)

    def publish(edit: Callable[[str], str]) -> tuple[bool, str]:
        github = api.from_environment(os.environ)
        return _publish_tombstone(github, in_repository(registry_path), edit, pull_request)

    request = Request(person, written, why, private, datetime.now(UTC).date())
    workflow = Workflow(mask, publish) if in_workflow else None
    report = remove_person(request, registry, hub, store, os.environ, workflow)
    if not report.final:
        workflow_commands.annotate("warning", [NOT_FINAL], os.environ)
    for line in report.lines:
        click.echo(line)
    workflow_commands.summary(
        "## Taken down\n\n" + "".join(f"- {line}\n" for line in report.lines), os.environ
    )
    return report.exit_code


def _publish_tombstone(
    hub: GitHub, place: str, tombstoned: Callable[[str], str], pull_request: bool
) -> tuple[bool, str]:
    """Commits the tombstone to the default branch, else opens a pull request. Returns whether it landed, and where."""
    from bot.github.api import GitHubError

    base = hub.default_branch()
    message = "Remove a person who asked for it"
    for attempt in range(1, BUSY + 1) if not pull_request else ():
        text, blob = hub.file(place, base)
        new = tombstoned(text)
        if new == text:
            return True, f"stands on {base} already"
        try:
            commit = hub.commit_file(place, new, branch=base, blob=blob, message=message)
        except GitHubError as error:
            if error.status == 409 and attempt < BUSY:
                continue
            if error.status not in (403, 409, 422):
                raise
            break
        return True, f"commit {commit[:12]} on {base}"
    text, blob = hub.file(place, base)
    new = tombstoned(text)
    if new == text:
        return True, f"stands on {base} already"
    branch = f"takedown/{os.environ.get('GITHUB_RUN_ID', 'local')}"
    hub.start_branch(branch, base)
    hub.commit_file(place, new, branch=branch, blob=blob, message=message)
    body = "A person asked to be removed. Merge this, so that they are never made again.\n"
    return False, hub.propose(branch=branch, base=base, title=message, body=body)


def in_repository(path: Path) -> str:
    """A file's path in the repository that the workflow checked out."""
    top = Path(os.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    try:
        return path.resolve().relative_to(top).as_posix()
    except ValueError:
        raise UsageError(f"{path} is outside of the repository {top}") from None
