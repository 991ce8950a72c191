"""The repository on GitHub: whether its schedule runs, and who may use the secrets of its environments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.cli.doctor.finding import Finding
from bot.errors import BotError
from bot.github import api, setup

ENVIRONMENTS = ("hub", "takedown", "requests")
"""Environments that hold secrets: see docs/setup.md."""


def examine(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Asks GitHub, where GITHUB_REPOSITORY and GITHUB_TOKEN say which repository; nothing elsewhere."""
    if not environment.get("GITHUB_REPOSITORY") or not environment.get("GITHUB_TOKEN"):
        return
    try:
        repository = api.from_environment(environment)
    except BotError as error:
        yield Finding("github", "warning", f"the repository cannot be asked: {error}")
        return
    yield from _schedule(repository)
    for name in ENVIRONMENTS:
        yield from _environment(name, repository)


def examine_settings(wanted: setup.Wanted, repository: api.GitHub) -> Iterator[Finding]:
    """Verifies everything that `bot init --github` sets up, each with the calls that make it."""
    for setting in setup.settings(wanted):
        if setting.check is None:
            continue
        try:
            wrong = setup.faults(setting, repository)
        except api.GitHubError as error:
            yield Finding(setting.what, "warning", f"not known: {error}")
            continue
        if wrong is None:
            yield Finding(setting.what, "ok", "set up")
            continue
        calls = " && ".join(map(str, setting.calls))
        yield Finding(setting.what, "missing", f"{wrong}; run: {calls}")
        if setting.what.startswith("repository "):
            return  # nothing else can be asked of it


def _schedule(repository: api.GitHub) -> Iterator[Finding]:
    """Whether the repository's schedule still runs: GitHub stops it after 60 days without a commit."""
    try:
        state = repository.workflow_state("schedule.yml")
    except BotError as error:
        yield Finding("schedule", "warning", f"whether it runs is not known: {error}")
        return
    if state == "active":
        yield Finding("schedule", "ok", "schedule.yml is switched on")
        return
    idle = " by GitHub, after 60 days without a commit" if state == "disabled_inactivity" else ""
    text = f"schedule.yml is switched off{idle or f' ({state[:40]})'}: press Enable workflow on its page under Actions"
    yield Finding("schedule", "missing", f"{text}, or run gh workflow enable schedule.yml")


def _environment(name: str, repository: api.GitHub) -> Iterator[Finding]:
    """Checks that only the default branch may use an environment: a branch that may has its secrets."""
    what = f"environment {name}"
    try:
        branches = repository.environment_branches(name)
        default = repository.default_branch()
    except BotError as error:
        if isinstance(error, api.GitHubError) and error.status == 404:
            return  # it was never made, or this token may not see it: no finding
        yield Finding(what, "warning", f"which branches may use it is not known: {error}")
        return
    if branches == (default,):
        yield Finding(what, "ok", f"only {default} may use its secrets")
        return
    who = (
        "any branch"
        if branches is None
        else f"branches that match {', '.join(branches) or 'a protection rule'}"
    )
    yield Finding(
        what,
        "missing",
        f"{who} may use its secrets: under Settings, Environments, {name}, Deployment branches and tags choose "
        f"Selected branches and tags, and add {default} alone",
    )
