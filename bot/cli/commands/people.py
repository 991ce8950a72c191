"""`bot takedown`: what people ask for who are imitated, done and proved: to be gone."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from bot.cli.commands.registry import write_registry
from bot.errors import UsageError
from bot.github import workflow_commands

if TYPE_CHECKING:
    from bot.apply.removal.takedown import Removal
    from bot.github.api import GitHub
    from bot.store import Facts

BUSY = 3
"""Times a commit to a branch that moves is tried."""


@click.command()
@click.option("--handle", help="Whom; in a workflow: what was typed into the form `handle`.")
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
    """Remove a person now, and say what was checked afterwards.

    The tombstone first, so that no other run makes them again; then every model that holds them, then their
    posts in the store, runs of trackers, and what the bot keeps on this machine. Each is looked at again. Exit 1
    when something could not be removed or read, and what remains elsewhere is listed. Whatever was done before is
    not done twice: run it again after any failure.
    """
    from bot.apply.removal import takedown as room
    from bot.apply.removal.account_ids import accounts_of
    from bot.apply.removal.report import Report
    from bot.github import api, event
    from bot.registry import edit, read_text
    from bot.registry.owners import of_facts
    from bot.sources.handles import person as person_of

    in_workflow = workflow_commands.active(os.environ)
    payload = event.read(os.environ) if in_workflow else {}
    written = (handle or event.text(payload, "inputs", "handle")).strip()
    why = (reason or event.text(payload, "inputs", "reason")).strip()
    workflow_commands.mask(written, os.environ)
    if not written or not why:
        raise UsageError("name the handle and the reason: bot takedown --handle HANDLE --reason WHY")
    try:
        person = person_of(written)
    except ValueError as error:
        raise UsageError(str(error)) from None
    workflow_commands.mask(person, os.environ)
    registry = load_registry(registry_path)
    hub, store = open_hub(hub_target, registry), open_store(store_url, registry, say=warn)
    hub.check(write=True)
    report = Report(public=in_workflow)
    found = report.attempt("Models", lambda: room.survey(person, hub), room.Survey())
    facts: dict[tuple[str, str], Facts] = report.attempt("Posts", store.all_facts, {})
    # The ids by which the same accounts are known under any handle, for the tombstone and the store.
    accounts = accounts_of(person, facts.values(), found.manifests)
    for name in (*found.named, *found.possible):
        workflow_commands.mask(name, os.environ)
    report.hush([*found.named, *found.possible, *found.strangers, written, person])
    today = datetime.now(UTC).date()

    def tombstoned(text: str) -> str:
        try:
            return edit.remove(text, person, reason=why, on=today, private=private, accounts=accounts)
        except UsageError:
            if person in read_text(text.encode(), registry_path).gone:
                return text  # a run before this one wrote it
            raise

    write_registry(registry_path, tombstoned(registry_path.read_bytes().decode()))
    report.tombstone(load_registry(registry_path), person)
    landed = True
    if in_workflow:
        landed, where = _tell_github(
            api.from_environment(os.environ), in_repository(registry_path), tombstoned, pull_request
        )
        report.checked("Tombstone", where)
    # Until the tombstone is on main, another run could make again what was deleted; what is private stays so.
    removal: Removal = registry.policy.removal if landed else "private"
    done = report.attempt("Models", lambda: room.unpublish(person, found, hub, removal), room.Unpublished())
    report.models(found, done)
    same = {one.handle for one in facts.values() if of_facts(one).account in accounts}
    notes: dict[str, dict[str, Any]] = report.attempt("Posts", store.all_notes, {})
    runs = [*found.runs, *room.noted_runs(person, notes)]
    for each in sorted({person, *same}):
        report.posts(report.attempt("Posts", partial(store.purge, each), None))
    report.elsewhere(runs, [person, *found.named], (registry_path.parent, Path.cwd()), os.environ)
    report.remains(hidden=bool(done.hidden), in_workflow=in_workflow)
    if not landed:
        report.warn(
            "NOT FINAL: merge the pull request. Until then nothing is deleted, only hidden; run this again after "
            "the merge if the policy is to delete"
        )
        workflow_commands.annotate("warning", [report.lines[-1]], os.environ)
    for line in report.lines:
        click.echo(line)
    workflow_commands.summary(
        "## Taken down\n\n" + "".join(f"- {line}\n" for line in report.lines), os.environ
    )
    return report.exit_code


def _tell_github(
    hub: GitHub, place: str, tombstoned: Callable[[str], str], pull_request: bool
) -> tuple[bool, str]:
    """The tombstone as a commit on the default branch, else as a pull request. Returns whether it landed, and where."""
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
