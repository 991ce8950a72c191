"""`bot review`: what a pull request would do, said where its author and the maintainers look."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.commands.options import hub_option, open_hub, registry_option
from bot.cli.commands.registry import broken_files
from bot.errors import BotError, CredentialsError, HubError, Problem, RegistryError, TemplateError, UsageError
from bot.github import workflow_commands

if TYPE_CHECKING:
    from bot.github.review import Review
    from bot.hub import Hub, Listing
    from bot.plan.steps import Plan
    from bot.registry import Registry
    from bot.render.isolation import Renderer

WAIT_S = 20.0
"""A contributor waits for the answer: the hub gets this long, and is left out when it takes longer."""


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
    from bot.github import event, review_text
    from bot.github import review as room
    from bot.manifest import provenance
    from bot.render import isolation

    payload = event.read(os.environ) if workflow_commands.active(os.environ) else {}
    number = event.at(payload, "pull_request", "number")
    pull = number if isinstance(number, int) else 0
    commit = (
        event.text(payload, "pull_request", "head", "sha")
        or provenance.from_environment(os.environ).commit
        or "0" * 40
    )
    top = _top(registry_path)
    _refuse_links(top / "templates", top)
    out.mkdir(parents=True, exist_ok=True)
    warnings: tuple[Problem, ...] = ()
    try:
        head = _load(registry_path, top)
    except RegistryError as error:
        made = room.of_unreadable(pull, commit, error.problems)
    else:
        files = _changed_files(top, base)
        with _checkout(top, base) as before:
            old = _old(before / registry_path.resolve().relative_to(top))
            made = room.of_registries(
                pull, commit, old, head, files=files, broken=partial(broken_files, head)
            )
            templates = any("templates" in Path(name).parts[:-1] for name in files)
            with isolation.Renderer() as renderer:
                made = _with_templates(made, head, renderer, every=templates)
                if made.touches or templates:
                    made = _with_plans(made, old, head, hub_target, out, renderer)
        warnings = head.warnings if made.touches else ()
    (out / "review.json").write_text(made.model_dump_json(), encoding="utf-8")
    text = review_text.whole(made)
    (out / "review.md").write_text(text, encoding="utf-8")
    workflow_commands.summary(text, os.environ)
    problems = [Problem(f.path, f.line, f.column, f.message) for f in made.faults]
    workflow_commands.on_validate(problems, (), os.environ)
    workflow_commands.annotate("warning", [*made.loud, *warnings], os.environ)  # together: GitHub shows ten
    for problem in problems:
        click.echo(str(problem))
    click.echo(review_text.sentence(made))
    return RegistryError.exit_code if problems else 0


def _with_templates(made: Review, head: Registry, renderer: Renderer, *, every: bool) -> Review:
    """The review with what is wrong with the templates of the entries it touches, or of all of them."""
    from bot.github import review as room
    from bot.render import proposed_cards

    touched = {*made.added, *made.changed}
    entries = [entry for entry in head.entries if every or entry.name in touched]
    return room.with_faults(made, proposed_cards.template_problems(head, entries, renderer.render))


def _with_plans(
    made: Review, old: Registry | None, head: Registry, target: str | None, out: Path, renderer: Renderer
) -> Review:
    """What the hub says of it, and how the cards would look. A hub that does not answer stops no review."""
    from bot.github import review as room
    from bot.render import preview, proposed_cards

    if head.namespace is None:
        return made
    hub: Hub | None = None
    try:
        hub = open_hub(target, head, WAIT_S)
        hub.check(write=False)
        listing = hub.listing()
        now = datetime.now(UTC)
        before = (
            _plan(old, hub, listing, now) if old is not None and old.namespace == head.namespace else None
        )
        made = room.with_plans(made, before, _plan(head, hub, listing, now))
    except (HubError, CredentialsError) as error:
        made = room.without_plan(
            made, f"the Hub could not be asked, so what would happen is not known: {error}"
        )
        hub = None
    shown = {*made.added, *made.changed, *(row.name for row in made.rows or () if row.action == "card")}
    if names := [entry.name for entry in head.entries if entry.name in shown]:
        try:
            proposal = proposed_cards.changed(head, hub, only=names)
            cards = list(proposed_cards.cards(head, hub, proposal, renderer.render))
            page = preview.page(cards, left_out=proposal.left_out, show=renderer.show)
            (out / "preview.html").write_text(page, encoding="utf-8")
            made = room.with_faults(made, proposed_cards.card_problems(head, cards))
            unread = [one for one in cards if one.error and not isinstance(one.error, TemplateError)]
            notes = [f"the card of {one.repo} cannot be shown: {one.error}"[:2000] for one in unread]
            made = made.model_copy(update={"notes": (*made.notes, *notes)[:200]})
        except BotError as error:
            made = made.model_copy(update={"notes": (*made.notes, f"no card can be shown: {error}"[:2000])})
    return made


def _plan(registry: Registry, hub: Hub, listing: Listing, now: datetime) -> Plan:
    """A plan without what only the owner sees: private repos and the store."""
    from bot.plan import decide, desired

    wanted = desired.desired(registry, hub.resolve_base)
    known = desired.known(registry, {one.name: one for one in wanted}, listing, None, now, hub.url)
    return decide.plan(
        wanted, listing, namespace=registry.namespace or "", now=now, removed=registry.gone, known=known
    )


def _load(path: Path, top: Path) -> Registry:
    from bot import registry

    return registry.load(path, within=top)


def _old(path: Path) -> Registry | None:
    """The base's registry; None where there was none that can be read."""
    try:
        return _load(path, path.parent)
    except (RegistryError, UsageError):
        return None


def _top(registry_path: Path) -> Path:
    """The work tree that the registry lies in."""
    folder = registry_path.resolve().parent
    return Path(_git(folder, "rev-parse", "--show-toplevel").decode().rstrip("\n")).resolve()


@contextmanager
def _checkout(top: Path, ref: str) -> Iterator[Path]:
    """The files of a commit in a folder of their own."""
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
    """UsageError for a template that is a link out of the repository: it would be read and shown."""
    from bot.registry.files import leads_out

    for path in (folder, *folder.rglob("*")) if folder.exists() or folder.is_symlink() else ():
        if path.is_symlink() and leads_out(path, top):
            raise UsageError(
                f"{path.relative_to(top)} leads out of the repository; put the file itself there"
            )


def _git(folder: Path, *args: str) -> bytes:
    """What git answers. UsageError, with its own words, when it refuses."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *args], capture_output=True, check=True, timeout=120)
    except FileNotFoundError:
        raise UsageError("git is needed to compare with another commit, and it is not installed") from None
    except subprocess.SubprocessError as error:
        said = getattr(error, "stderr", b"") or b""
        raise UsageError(
            f"git {args[0]} failed in {folder}: {said.decode(errors='replace').strip() or type(error).__name__}; "
            "give --base a commit that is here (in a workflow: checkout with fetch-depth: 2)"
        ) from None
    return done.stdout
