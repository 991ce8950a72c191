"""`bot propose`: an issue form becomes a pull request, one an issue; what somebody else worked on is left alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.commands.options import registry_option
from bot.cli.commands.people import in_repository
from bot.errors import RegistryError, UsageError

if TYPE_CHECKING:
    from bot.github.api import GitHub
    from bot.github.proposal import Asked, Proposal

MAX_COMPARED = 30
"""Open pull requests of forms that are compared with a new request, the newest first."""


@dataclass(frozen=True, slots=True)
class _Fleet:
    """The repository that is proposed to: its default branch, the registry's place there, and its file here."""

    hub: GitHub
    base: str
    place: str
    path: Path

    def branch(self, name: str) -> tuple[Asked | None, bool]:
        """What a branch proposes, and whether it holds nothing but what we wrote: so it is where there is none."""
        from bot.github import proposal
        from bot.github.api import GitHubError

        if self.hub.head(name) is None:
            return None, True
        ahead = self.hub.ahead(self.base, name)
        try:
            text = self.hub.file(self.place, name)[0]
            before = self.hub.file(self.place, ahead.start)[0]
        except GitHubError as error:
            if error.status != 404:
                raise
            return None, False  # somebody took the registry out
        asked = next(iter(proposal.added(text, before, self.path)), None)
        return asked, proposal.ours_alone(ahead.messages, ahead.files, self.place, text)

    def proposed(self, but: str) -> list[tuple[dict[str, Any], Asked]]:
        """What open pull requests of forms propose, on other branches of this repository than the one named."""
        from bot.github import event, proposal

        names = [
            (pull, event.text(pull, "head", "ref"))
            for pull in self.hub.open_pulls()
            if event.text(pull, "head", "repo", "full_name") == self.hub.repository
        ]
        ours = [(pull, name) for pull, name in names if name.startswith(proposal.BRANCHES) and name != but]
        found = [(pull, self.branch(name)[0]) for pull, name in ours[:MAX_COMPARED]]
        return [(pull, asked) for pull, asked in found if asked is not None]


@click.command()
@registry_option
@click.option(
    "--app", is_flag=True, help="An App's token is used: the pull request's check starts by itself."
)
def propose(registry_path: Path, app: bool) -> None:
    """Turn an issue form into a pull request.

    Runs in a workflow, for the issue of the event. What is wrong or unclear is answered in the issue. A pull request
    for the same accounts, or one that somebody else has worked on, stays as it is.
    """
    from bot.github import api, event, proposal

    payload = event.read(os.environ)
    number = event.at(payload, "issue", "number")
    if not isinstance(number, int):
        raise UsageError("this runs for an event of an issue")
    if event.text(payload, "issue", "state") != "open":
        click.echo("the issue is closed; nothing is done")
        return
    hub = api.from_environment(os.environ)
    fleet = _Fleet(hub, hub.default_branch(), in_repository(registry_path), registry_path)
    main, blob = hub.file(fleet.place, fleet.base)
    try:
        asked = proposal.read(event.text(payload, "issue", "body"), main, registry_path)
    except (UsageError, RegistryError) as error:
        address = hub.comment_once(number, proposal.MARK, proposal.refused(error))
        click.echo(f"not taken as it is: {error}")
        click.echo(f"answered in {address}")
        return
    for pull, theirs in fleet.proposed(but=proposal.branch(number)):
        if set(theirs.handles) == set(asked.handles):
            differences = proposal.changes(theirs, asked.asked)
            _warn(hub, pull, number, differences)
            hub.comment_once(number, proposal.MARK, proposal.asked_already(pull["html_url"], differences))
            click.echo(f"asked for already in {pull['html_url']}, which stays as it is")
            return
    click.echo(_on_its_branch(fleet, number, asked, blob, checked=app))


def _on_its_branch(fleet: _Fleet, number: int, asked: Proposal, blob: str, *, checked: bool) -> str:
    """Brings the issue's own branch and pull request up to what it asks for now, or leaves them. Returns a sentence.

    `blob` is the registry's on the default branch, from which `asked` was made. `checked`: checks start by themselves.
    """
    from bot.github import proposal

    hub, branch = fleet.hub, proposal.branch(number)
    before, ours = fleet.branch(branch)
    pulls = hub.open_pulls(f"{hub.repository.partition('/')[0]}:{branch}")
    edited = proposal.changes(before, asked.asked) if before is not None else []
    if pulls:
        _warn(hub, pulls[0], number, edited)
    if not ours:
        address = pulls[0]["html_url"] if pulls else f"the branch {branch}"
        hub.comment_once(number, proposal.MARK, proposal.left_alone(address, edited))
        return f"somebody else worked on {branch}, which stays as it is"
    if pulls and before == asked.asked:
        address = pulls[0]["html_url"]
    else:
        hub.start_branch(branch, fleet.base)
        hub.commit_file(fleet.place, asked.registry, branch=branch, blob=blob, message=asked.message)
        body = proposal.description(asked, number, edited, checked=checked)
        address = hub.propose(branch=branch, base=fleet.base, title=asked.title, body=body)
    hub.comment_once(number, proposal.MARK, proposal.accepted(asked, address, edited, checked=checked))
    return f"proposed in {address}"


def _warn(hub: GitHub, pull: dict[str, Any], issue: int, differences: list[str]) -> None:
    """Comments on a pull request what the issue asks for differently; its reviewers are notified."""
    from bot.github import proposal

    if differences:
        hub.comment_once(pull["number"], *proposal.warning(issue, differences))
