"""What the registry asks for and whether it can be had: hub, store, tokens of networks, extras."""

from __future__ import annotations

import importlib.util
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.cli.doctor import store_place
from bot.cli.doctor.finding import Finding, unset
from bot.errors import BotError, CredentialsError, HubError, RegistryError
from bot.io.installing import install_command

if TYPE_CHECKING:
    from bot.hub import Hub
    from bot.registry import Registry

MOST_LINES = 5
"""Problems of the registry that are shown; `bot validate` has them all."""


def examine(
    registry: Registry,
    hub: Callable[[Registry], Hub],
    store_url: str | None,
    environment: Mapping[str, str],
    *,
    fix: bool = False,
) -> Iterator[Finding]:
    """Looks at all that the registry names, in the order in which a run needs it.

    With `fix` a Storage Bucket that is missing is made, private.
    """
    yield from _registry(registry)
    yield from _hub(registry, hub, environment)
    url = store_url or registry.store.url
    found = list(store_place.examine(url, fix=fix))
    yield from found
    if all(finding.state != "missing" for finding in found):
        yield _store(url, environment)
    yield from _x(registry, environment)
    yield from _extras(registry, environment)


def _registry(registry: Registry) -> Iterator[Finding]:
    from bot.registry.checks import TRACKED_ARCHIVE

    # What leaks private files comes first.
    problems = sorted(registry.problems, key=lambda problem: problem.topic != TRACKED_ARCHIVE)
    for state, found in (("missing", problems), ("warning", list(registry.warnings))):
        shown = [str(problem) for problem in found[:MOST_LINES]]
        if len(found) > MOST_LINES:
            shown[-1] = f"and {len(found) - MOST_LINES + 1:,} more: see bot validate"
        for text in shown:
            if state == "missing":
                yield Finding("registry", "missing", text, RegistryError.exit_code)
            else:
                yield Finding("registry", "warning", text)
    if not problems:
        models = "1 model" if len(registry.entries) == 1 else f"{len(registry.entries):,} models"
        yield Finding("registry", "ok", f"{models} in {registry.path}")
    others = sum((entry.consent or "").startswith("https://") for entry in registry.entries)
    if others and registry.policy.removal == "private":
        text = (
            f"{others:,} entries imitate people who agreed elsewhere, and a model that is only made private keeps its "
            "files and history: set policy: {removal: delete}"
        )
        yield Finding("removal", "warning", text)
    if registry.namespace is None:
        text = f"nothing is published until {registry.path} sets namespace: to your user or organisation on the Hub"
        yield Finding("namespace", "missing", text, RegistryError.exit_code)


def _hub(
    registry: Registry, open_hub: Callable[[Registry], Hub], environment: Mapping[str, str]
) -> Iterator[Finding]:
    if registry.namespace is None:
        return
    try:
        hub = open_hub(registry)
        hub.check(write=True)
        published = sum(repo.published is not None for repo in hub.listing().repos.values())
        try:
            hub.check(write=True, create=True)
        except HubError as error:
            yield Finding("hub", "warning", str(error))
    except CredentialsError as error:
        if environment.get("HF_TOKEN", "").strip():
            yield Finding("hub", "missing", str(error), error.exit_code)
        else:
            yield unset("hub", "HF_TOKEN", str(error), environment, error.exit_code)
    except BotError as error:
        yield Finding("hub", "missing", str(error))
    else:
        where = hub.url("NAME").removesuffix("/NAME")
        models = "1 model" if published == 1 else f"{published:,} models"
        yield Finding("hub", "ok", f"{where} can be written, {models} published")


def _store(url: str, environment: Mapping[str, str]) -> Finding:
    """Writes a file of no meaning, reads it and takes it away: all that a run and a removal ask of a store."""
    from bot.sources.files import shown
    from bot.store.backends import open_files

    name, data = f"doctor-{uuid.uuid4().hex}", b"written by bot doctor, may be deleted\n"
    try:
        files = open_files(url)
        try:
            files.write(name, data)
            held = files.read(name)
        except BaseException:
            with suppress(BotError):  # the first failure is the one to report
                files.remove(name)
            raise
        files.remove(name)
        left = files.read(name)
    except BotError as error:
        return Finding("store", "missing", str(error), error.exit_code)
    if held != data:
        return Finding(
            "store", "missing", f"{shown(url)} does not give back what was put into it: name another"
        )
    if left is not None:
        text = f"{shown(url)} keeps what is deleted, so that nobody could be removed from it: name another"
        return Finding("store", "missing", text)
    if environment.get("GITHUB_ACTIONS") == "true" and "://" not in url.removeprefix("file://"):
        text = (
            f"{shown(url)} is gone when this job ends, so that posts are read, and paid for, again in each run: set "
            "store: to a private Storage Bucket, hf://buckets/NAMESPACE/NAME"
        )
        return Finding("store", "warning", text)
    return Finding("store", "ok", f"{shown(url)} can be read and written")


def _x(registry: Registry, environment: Mapping[str, str]) -> Iterator[Finding]:
    """X bills every call, so its token is looked at and not tried."""
    if not any(entry.source == "x" for entry in registry.entries):
        return
    token = environment.get("X_BEARER_TOKEN", "")
    code = CredentialsError.exit_code
    if not registry.x.terms_acknowledged:
        text = "entries of source x wait: read X's developer terms, then set x: {terms_acknowledged: true}"
        yield Finding("x", "missing", f"{text} in {registry.path}", RegistryError.exit_code)
    if not token.strip():
        text = "X_BEARER_TOKEN is not set, so entries of source x cannot be read: make one at https://developer.x.com"
        yield unset("x", "X_BEARER_TOKEN", text, environment, code)
    elif not token.isascii() or any(character.isspace() for character in token):
        text = "X_BEARER_TOKEN holds white space or characters that no token has: copy it again"
        yield Finding("x", "missing", text, code)
    else:
        yield Finding("x", "ok", "X_BEARER_TOKEN is set; it was not tried, since every call is billed")


def _extras(registry: Registry, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Packages that some entries need beside those of training."""
    asked = {entry.tracking: entry.tracking for entry in registry.entries if entry.tracking != "none"}
    if any(entry.recipe.lora_rank for entry in registry.entries):
        asked["lora"] = "peft"
    for extra, package in sorted(asked.items()):
        if importlib.util.find_spec(package) is None:
            yield Finding(extra, "missing", f"entries ask for it; {install_command(extra)}")
        elif extra == "wandb" and not environment.get("WANDB_API_KEY", "").strip():
            text = "WANDB_API_KEY is not set: runs stay on the machine that trains, and cards link to none"
            yield Finding(extra, "warning", text)
        else:
            yield Finding(extra, "ok", f"{package} is installed")
