"""`bot comment`: the review of a pull request on its page, with the cautions that its own code cannot leave out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.github.api import GitHub
    from bot.github.review import Review

PREVIEW = "preview.html"
"""The artifact that the page of cards is: uploaded as it is, so that a browser opens it."""


class NewerReviewError(Exception):
    """The review was written by a newer version of the bot, as on a pull request that upgrades it."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def comment(folder: Path) -> None:
    """Post FOLDER's review on its pull request.

    Runs in a workflow that another one triggered: what lies in FOLDER is a stranger's. It is read as data, and
    belongs to the pull request only if that one's head is the commit that the other workflow ran for. Which files
    the pull request changes is asked of GitHub: where they run with the fleet's tokens, that is said whatever FOLDER
    says, and the rest is marked as the pull request's own word.
    """
    from bot.github import api, event, review_text

    payload = event.read(os.environ)
    hub = api.from_environment(os.environ)
    try:
        made = _review(folder / "review.json", event.text(payload, "workflow_run", "head_sha"))
    except NewerReviewError:
        click.echo(review_text.NEWER)
        _without_review(hub, payload, review_text.NEWER)
        return
    except UsageError:
        _without_review(hub, payload)
        raise
    if made is None:
        click.echo("the pull request's workflow left no review")
        _without_review(hub, payload)
        return
    cautions, pull = _cautions(hub, made.pull)
    if why := _refusal(pull, payload):
        click.echo(f"#{made.pull} {why}; nothing is posted")
        return
    text = review_text.comment(made, cautions, _preview(hub, payload))
    click.echo(f"said in {hub.comment_once(made.pull, review_text.MARK, text)}")


def _preview(hub: GitHub, payload: Mapping[str, Any]) -> str | None:
    """The address of the page of cards that the other workflow's run left; None where there is none that is known."""
    from bot.github import event
    from bot.github.api import GitHubError

    run, server = (
        event.at(payload, "workflow_run", "id"),
        os.environ.get("GITHUB_SERVER_URL", "https://github.com"),
    )
    if not isinstance(run, int):
        return None
    try:
        found = hub.artifact(run, PREVIEW)
    except GitHubError as error:
        click.echo(f"the preview is not linked: {error}")
        return None
    return f"{server}/{hub.repository}/actions/runs/{run}/artifacts/{found}" if found is not None else None


def _review(path: Path, ran_for: str) -> Review | None:
    """The review in a file, None where there is none. UsageError for anything that `bot review` did not write.

    Raises NewerReviewError for one that a newer version wrote.
    """
    from bot.github import review as reviews
    from bot.io import bounded

    if not path.is_file():
        return None
    if path.is_symlink() or path.stat().st_size > reviews.BOUNDS.size:
        raise UsageError("the review is no file, or larger than any that bot review writes")
    try:
        value = bounded.read_json(path.read_bytes(), reviews.BOUNDS, "the review")
        version = value.get("version") if isinstance(value, dict) else None
        if isinstance(version, int) and version > reviews.VERSION:
            raise NewerReviewError
        made = bounded.fit(reviews.Review, value, "the review")
    except bounded.Unreadable:
        raise UsageError("the review is not one that bot review writes; nothing of it is posted") from None
    if made.pull < 1 or made.head != ran_for:
        raise UsageError("the review is of another commit than the workflow ran for; nothing of it is posted")
    return made


def _cautions(hub: GitHub, number: int) -> tuple[list[str], dict[str, Any]]:
    """Returns the cautions about the files that a pull request changes, and the pull request, read after them."""
    from bot.github import review_text, token_code

    paths, listed = hub.pull_files(number)
    pull = hub.pull(number)
    changed = pull.get("changed_files")
    cautions = [sentence] if (sentence := token_code.caution(paths)) else []
    if not isinstance(changed, int) or changed > listed:
        cautions.append(review_text.too_many(listed))
    return cautions, pull


def _refusal(pull: Mapping[str, Any], payload: Mapping[str, Any]) -> str | None:
    """Why nothing is posted on this pull request; None where the workflow ran for its head."""
    from bot.github import event

    same = event.text(pull, "head", "sha") == event.text(payload, "workflow_run", "head_sha")
    repository = event.text(payload, "workflow_run", "head_repository", "full_name")
    if not same or event.text(pull, "head", "repo", "full_name") != repository:
        return "has another head by now, or never had this one"
    return None if event.text(pull, "state") == "open" else "is closed"


def _without_review(hub: GitHub, payload: Mapping[str, Any], why: str | None = None) -> None:
    """Posts the cautions where no review can be read: a pull request cannot silence them by leaving none."""
    from bot.github import event, review_text

    branch = event.text(payload, "workflow_run", "head_branch")
    owner = event.text(payload, "workflow_run", "head_repository", "owner", "login")
    found = hub.open_pulls(f"{owner}:{branch}") if owner and branch else []
    for number in [one["number"] for one in found if _refusal(one, payload) is None]:
        cautions, pull = _cautions(hub, number)
        if cautions and _refusal(pull, payload) is None:
            text = review_text.without_review(
                event.text(pull, "head", "sha"), cautions, why or review_text.UNREAD
            )
            click.echo(f"said in {hub.comment_once(number, review_text.MARK, text)}")
