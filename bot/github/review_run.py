"""Reviews a pull request: compares the work tree's registry with a commit's, and plans and renders both."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bot import registry
from bot.errors import BotError, CredentialsError, HubError, Problem, RegistryError, TemplateError, UsageError
from bot.github import event, new_handles, upgrade
from bot.github import review as reviews
from bot.github.review import Review
from bot.hub import Hub
from bot.io import git
from bot.plan.make import make_plan
from bot.registry import Registry
from bot.registry.file_problems import REVIEW_CPU_S, file_problems
from bot.registry.files import leads_out
from bot.render import child_process, preview, proposed_cards

WAIT_S = 20.0
"""The longest wait for a busy Hub: a contributor waits for the answer, so a slower Hub is left out."""
GIT_S = 120.0
OpenHub = Callable[[Registry], Hub]


@dataclass(frozen=True, slots=True)
class ReviewRun:
    """A review, the warnings of the registry it is about, and the page of its cards where there are any."""

    review: Review
    warnings: tuple[Problem, ...] = ()
    page: str | None = None


def run(
    registry_path: Path,
    base: str,
    open_hub: OpenHub,
    payload: Mapping[str, Any],
    environment: Mapping[str, str],
) -> ReviewRun:
    """Reviews the work tree around `registry_path` against the commit `base`.

    `payload` is the event of a workflow, empty outside of one. Raises UsageError where git cannot answer, and for
    templates that lead out of the repository.
    """
    number = event.at(payload, "pull_request", "number")
    pull = number if isinstance(number, int) else 0
    top = _top(registry_path)
    commit = (
        event.text(payload, "pull_request", "head", "sha")
        or environment.get("GITHUB_SHA")
        or git.answer(top, "rev-parse", "HEAD")
        or "0" * 40
    )
    _refuse_links(top / "templates", top)
    try:
        head = registry.load(registry_path, within=top)
    except RegistryError as error:
        return ReviewRun(reviews.of_unreadable(pull, commit, error.problems))
    files = _changed_files(top, base)
    with _checkout(top, base) as before, child_process.Renderer() as renderer:
        old = _base_registry(before / registry_path.resolve().relative_to(top))
        review = reviews.of_registries(
            pull, commit, old, head, files=files, broken=partial(file_problems, head, cpu_s=REVIEW_CPU_S)
        )
        touched = {*review.added, *review.changed}
        review = reviews.with_faults(
            review, new_handles.problems(old, head, touched, environment=environment)
        )
        templates = any("templates" in Path(name).parts[:-1] for name in files)
        review = _with_templates(review, head, renderer, every=templates)
        result = ReviewRun(review, head.warnings if review.touches else ())
        if head.namespace is None or not (review.touches or templates):
            return result
        review, hub = _with_plans(review, old, head, open_hub, newer=upgrade.concerns_the_bot(files))
        return _with_cards(replace(result, review=review), head, hub, renderer)


def _with_templates(
    review: Review, head: Registry, renderer: child_process.Renderer, *, every: bool
) -> Review:
    """Adds problems of the templates of the entries that the pull request touches, or of all entries."""
    touched = {*review.added, *review.changed}
    entries = [entry for entry in head.entries if every or entry.name in touched]
    return reviews.with_faults(review, proposed_cards.template_problems(head, entries, renderer.render))


def _with_plans(
    review: Review, old: Registry | None, head: Registry, open_hub: OpenHub, *, newer: bool
) -> tuple[Review, Hub | None]:
    """Adds what would happen, and with `newer` what another bot does to the fleet as it is.

    A hub that does not answer stops no review: then there is no hub.
    """
    try:
        hub = open_hub(head)
        hub.check(write=False)
        listing = hub.listing()
        # Without a store: what only the owner sees has no place in a public review.
        same = old is not None and (old.namespace, old.hub) == (head.namespace, head.hub)
        now = datetime.now(UTC)
        before = make_plan(old, hub, None, listing=listing, now=now) if old is not None and same else None
        if newer and before is not None:
            review = review.model_copy(update={"upgrade": upgrade.of(before)})
        return reviews.with_plans(review, before, make_plan(head, hub, None, listing=listing, now=now)), hub
    except (HubError, CredentialsError) as error:
        why = f"the Hub could not be asked, so what would happen is not known: {error}"
        return reviews.without_plan(review, why), None


def _with_cards(
    result: ReviewRun, head: Registry, hub: Hub | None, renderer: child_process.Renderer
) -> ReviewRun:
    """Adds the page of the cards that would change, and their problems."""
    review = result.review
    shown = {*review.added, *review.changed, *(row.name for row in review.rows or () if row.action == "card")}
    names = [entry.name for entry in head.entries if entry.name in shown]
    if not names:
        return result
    try:
        proposal = proposed_cards.changed(head, hub, only=names)
        cards = list(proposed_cards.cards(head, hub, proposal, renderer.render))
        page = preview.page(cards, left_out=proposal.left_out, show=renderer.show)
        review = reviews.with_faults(review, proposed_cards.card_problems(head, cards))
    except BotError as error:
        return replace(result, review=_noted(review, [f"no card can be shown: {error}"]))
    unread = [card for card in cards if card.error and not isinstance(card.error, TemplateError)]
    notes = [f"the card of {card.repo} cannot be shown: {card.error}" for card in unread]
    return replace(result, review=_noted(review, notes), page=page)


def _noted(review: Review, notes: list[str]) -> Review:
    cut = (note[:2000] for note in notes)
    return review.model_copy(update={"notes": (*review.notes, *cut)[:200]})


def _base_registry(path: Path) -> Registry | None:
    """The registry of the base commit; None where there was none that can be read."""
    try:
        return registry.load(path, within=path.parent)
    except (RegistryError, UsageError):
        return None


def _top(registry_path: Path) -> Path:
    """The work tree that the registry lies in."""
    folder = registry_path.resolve().parent
    return Path(_git(folder, "rev-parse", "--show-toplevel").decode().rstrip("\n")).resolve()


@contextmanager
def _checkout(top: Path, ref: str) -> Iterator[Path]:
    """The files of a commit in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="bot-base-") as temporary:
        archive = _git(top, "archive", "--format=tar", "--end-of-options", ref)
        subprocess.run(["tar", "-x", "-C", temporary], input=archive, check=True)
        yield Path(temporary).resolve()


def _changed_files(top: Path, ref: str) -> list[str]:
    names = (
        _git(top, "diff", "--name-only", "--no-renames", "-z", "--end-of-options", ref, "--")
        .decode(errors="replace")
        .split("\0")
    )
    return [name for name in names if name]


def _refuse_links(folder: Path, top: Path) -> None:
    """Raises UsageError for a template that is a link out of the repository: it would be read and shown."""
    for path in (folder, *folder.rglob("*")) if folder.exists() or folder.is_symlink() else ():
        if path.is_symlink() and leads_out(path, top):
            raise UsageError(
                f"{path.relative_to(top)} leads out of the repository; put the file itself there"
            )


def _git(folder: Path, *arguments: str) -> bytes:
    """Returns git's output. Raises UsageError with git's own words."""
    try:
        return git.output(folder, *arguments, timeout_s=GIT_S)
    except git.GitMissing:
        raise UsageError("git is needed to compare with another commit, and it is not installed") from None
    except git.GitError as error:
        raise UsageError(
            f"git {arguments[0]} failed in {folder}: {error}; "
            "give --base a commit that is here (in a workflow: checkout with fetch-depth: 2)"
        ) from None
