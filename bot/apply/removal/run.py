"""`bot takedown` as a function: tombstone, models, posts, tracked runs and local traces of one person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot import registry as registries
from bot.apply.removal import takedown
from bot.apply.removal.account_ids import accounts_of
from bot.apply.removal.registry_check import Tombstone
from bot.apply.removal.report import Report
from bot.apply.removal.stored_posts import purge_person
from bot.hub import Hub
from bot.registry import Registry
from bot.registry.write import write
from bot.store import Facts, Store


@dataclass(frozen=True, slots=True)
class Request:
    """Who is removed and why. `private`: the tombstone is a hash. `written` is the handle as it was typed."""

    person: str
    written: str
    reason: str
    private: bool
    on: date


@dataclass(frozen=True, slots=True)
class Workflow:
    """What a workflow adds: it masks words in its public log, and brings the tombstone to the default branch.

    `publish` gets the edit of the registry's text, and returns whether it is on the default branch, and where it is.
    """

    mask: Callable[[str], None]
    publish: Callable[[Callable[[str], str]], tuple[bool, str]]


def remove_person(
    request: Request,
    registry: Registry,
    hub: Hub,
    store: Store,
    environment: Mapping[str, str],
    workflow: Workflow | None = None,
) -> Report:
    """Removes a person everywhere the bot reaches and returns what was done, checked, and what remains.

    The tombstone comes first, so that no other run publishes them again. One place's failure stops no other.
    Raises HubError, CredentialsError, UsageError and RegistryError before anything was removed.
    """
    hub.check(write=True)
    person, report = request.person, Report(public=workflow is not None)
    found = report.attempt("Models", lambda: takedown.survey(person, hub), takedown.Survey())
    facts: dict[tuple[str, str], Facts] = report.attempt("Posts", store.all_facts, {})
    # The ids by which the same accounts are known under any handle, for the tombstone and the store.
    accounts = accounts_of(person, facts.values(), found.manifests)
    models = (*found.named, *found.possible)
    if workflow is not None:
        for name in models:
            workflow.mask(name)
    report.redact([*models, *found.strangers, request.written, person])
    tombstone = Tombstone(person, request.reason, request.on, request.private, accounts)
    landed = _write_tombstone(tombstone, registry.path, report, workflow)
    # Until the tombstone is on main, another run could publish again what was deleted; what is private stays so.
    removal: takedown.Removal = registry.policy.removal if landed else "private"
    done = report.attempt(
        "Models", lambda: takedown.unpublish(person, found, hub, removal), takedown.Unpublished()
    )
    report.models(found, done)
    runs = [*found.runs, *takedown.noted_runs(person, report.attempt("Posts", store.all_notes, {}))]
    report.posts(report.attempt("Posts", lambda: purge_person(person, store, accounts), None))
    folders = (registry.path.parent, Path.cwd())
    report.elsewhere(runs, [person, *found.named], folders, environment, accounts)
    report.remains(hidden=bool(done.hidden), in_workflow=workflow is not None)
    if not landed:
        report.not_final()
    return report


def _write_tombstone(tombstone: Tombstone, path: Path, report: Report, workflow: Workflow | None) -> bool:
    """Writes the tombstone here, and in a workflow to the repository; returns whether it is on the default branch."""

    def tombstoned(text: str) -> str:
        return tombstone.added_to(text, path)

    write(path, tombstoned(path.read_bytes().decode()))
    report.tombstone(registries.load(path), tombstone.person)
    if workflow is None:
        return True
    landed, where = workflow.publish(tombstoned)
    report.checked("Tombstone", where)
    return landed
