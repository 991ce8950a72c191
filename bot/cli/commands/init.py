"""`bot init`: a fleet in a repository of its own, or a registry for someone at home."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from bot import __version__
from bot.cli.commands.options import count, load_registry, warn
from bot.cli.github_setup import github_options, set_up, wanted_for
from bot.errors import BotError, UsageError
from bot.io import git, origin
from bot.registry import Registry, Source

if TYPE_CHECKING:
    from bot.github.fleet_repo.pins import Pin
    from bot.github.fleet_repo.registry_text import Settings
    from bot.github.fleet_repo.writing import File

SOURCES = ("bluesky", "mastodon", "archive", "jsonl", "x")


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=".")
@click.option("--local", is_flag=True, help="A registry and nothing else, for models at home.")
@click.option(
    "--update", is_flag=True, help="Bring workflows, issue form and schema to this version of the bot."
)
@click.option("--namespace", metavar="NAME", help="User or organisation on the Hub that owns the models.")
@click.option("--contact", metavar="ADDRESS", help="https:// or mailto: where people ask for removal.")
@click.option(
    "--source",
    "sources",
    type=click.Choice(SOURCES),
    multiple=True,
    help="Where posts come from; the first is the default.",
)
@click.option("--gpu-runner", metavar="LABEL", help="Label of the machines that train.")
@click.option("--templates", is_flag=True, help="Copy the templates that may be restyled.")
@click.option("--action", metavar="OWNER/REPO@SHA", help="The bot that workflows use; default: this one.")
@click.option("--yes", is_flag=True, help="Ask nothing: what no flag gives stays open.")
@github_options
def init(
    folder: Path,
    local: bool,
    update: bool,
    namespace: str | None,
    contact: str | None,
    sources: tuple[Source, ...],
    gpu_runner: str | None,
    templates: bool,
    action: str | None,
    yes: bool,
    repository: str | None,
    run: bool,
    reviewers: tuple[str, ...],
    public: bool,
) -> int:
    """Make a fleet repository in DIR.

    A registry, workflows that use the bot at one commit, an issue form and a README for contributors. Nothing that is
    there is overwritten: run again, it shows how the files of this version differ, and --update replaces those.

    With --github it prints the calls that set the repository up on GitHub instead, and with --run makes those that are
    missing.
    """
    from bot.github.fleet_repo.registry_text import Settings

    if repository is not None:
        wanted = wanted_for(
            load_registry(folder / "registry.yaml"),
            repository,
            reviewers=reviewers,
            public=public,
            runner=gpu_runner,
        )
        return set_up(folder, wanted, run=run)
    if local and (update or templates or gpu_runner or action):
        raise UsageError("--local makes a registry and nothing else: leave the other flags out, or --local")
    _check_folder(folder, local=local, update=update)
    path = folder / "registry.yaml"
    given = Settings(namespace, contact, sources, gpu_runner, local)
    if path.exists() or path.is_symlink():
        settings = _settings_of(path, given)
    elif update:
        raise UsageError(
            f"there is no registry.yaml in {folder}, so there is nothing to update: run bot init without --update"
        )
    else:
        settings = given if yes else _asked(given)
    if local:
        _make_local(folder, settings)
        return 0
    pin = _pin(action)
    _make_fleet(folder, settings, pin, update=update, templates=templates)
    return 0


def _check_folder(folder: Path, *, local: bool, update: bool) -> None:
    """UsageError for a folder that cannot become a fleet repository."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder")
    if (folder / "bot" / "__main__.py").is_file() and (folder / "action.yml").is_file():
        raise UsageError(
            f"{folder} is the bot's own repository, a fleet already: edit its registry.yaml, or name another folder"
        )
    top = git.answer(_existing(folder), "rev-parse", "--show-toplevel")
    if top and not local and Path(top).resolve() != folder.resolve():
        raise UsageError(
            f"{folder} lies inside the git repository {top}, and GitHub runs workflows from its top alone: name that, "
            "or a folder outside of it"
        )


def _existing(folder: Path) -> Path:
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())


def _settings_of(path: Path, given: Settings) -> Settings:
    """What the registry that is there says. UsageError where a flag asks for another one."""
    from dataclasses import replace

    from bot import registry

    if given.namespace or given.contact or given.sources:
        raise UsageError(
            f"{path} is never overwritten: edit it, and leave --namespace, --contact and --source out"
        )
    loaded: Registry = registry.load(path)
    return replace(given, namespace=loaded.namespace, contact=loaded.contact)


def _asked(given: Settings) -> Settings:
    """The answers of a person for what no flag gave. UsageError where input ends."""
    from bot.github.fleet_repo.registry_text import Settings

    try:
        namespace = given.namespace or _ask("Namespace on the Hub: your user or organisation (empty: later)")
        contact = given.contact or _ask("Contact for removals, https:// or mailto: (empty: later)")
        sources = given.sources or _ask_sources()
        runner = given.gpu_runner
        if not given.local:
            runner = runner or _ask("Label of a runner with a GPU (empty: GitHub's own machines)")
    except click.Abort:
        raise UsageError(
            "the questions were not answered: give flags, or --yes to leave all of it open"
        ) from None
    return Settings(namespace or None, contact or None, sources, runner or None, given.local)


def _ask(question: str) -> str:
    answer: str = click.prompt(question, default="", show_default=False)
    return answer.strip()


def _ask_sources() -> tuple[Source, ...]:
    known = {source: source for source in get_args(Source)}
    while True:
        words = _ask(f"Sources of posts, the usual one first ({', '.join(SOURCES)}; empty: later)").replace(
            ",", " "
        )
        if all(word in known for word in words.split()):
            return tuple(known[word] for word in words.split())
        click.echo(f"unknown: {', '.join(word for word in words.split() if word not in known)}", err=True)


def _pin(action: str | None) -> Pin:
    from bot.github.fleet_repo import pins

    return pins.parse(action) if action else pins.of_origin(origin.find(), _server(os.environ))


def _server(environment: Mapping[str, str]) -> str:
    return environment.get("GITHUB_SERVER_URL") or "https://github.com"


def _make_local(folder: Path, settings: Settings) -> None:
    from bot.github.fleet_repo import writing
    from bot.github.fleet_repo.files import REGISTRY
    from bot.github.fleet_repo.registry_text import registry_text

    if (folder / REGISTRY).exists():
        click.echo(f"{folder / REGISTRY} is there already, and stays as it is")
        return
    text = registry_text(settings, None)
    writing.add(folder, writing.compare(folder, {REGISTRY: text}, (), update=False))
    click.echo(f"wrote {folder / REGISTRY}")
    then = "" if settings.namespace else "set namespace: in it, then "
    click.echo(f"{then}add a model: bot add HANDLE --source archive --archive FILE --consent self; bot apply")


def _make_fleet(folder: Path, settings: Settings, pin: Pin, *, update: bool, templates: bool) -> None:
    from bot.github.fleet_repo import pins, writing
    from bot.github.fleet_repo.files import FOLLOWS, fleet_files

    texts = fleet_files(settings, pin, templates=templates)
    files = writing.compare(folder, texts, FOLLOWS, update=update)
    used = pins.uses({file.path: file.found for file in files if file.path.startswith(".github/workflows/")})
    for text in pins.warnings(used, _server(os.environ)):
        warn(text)
    if update:
        pins.refuse_older(used, pin)
        writing.replace(folder, files)
    else:
        writing.add(folder, files)
    _report(folder, files, update)
    if any(file.state == "new" for file in files):
        _say_what_next(folder, settings)


def _say_what_next(folder: Path, settings: Settings) -> None:
    """Prints what is left to do, and warns if the token here could not publish there."""
    top = git.answer(folder, "rev-parse", "--show-toplevel")
    steps = [] if top else [f"git init -b main {folder}"]
    if settings.namespace is None:
        steps.append("set namespace: in registry.yaml")
    steps.append(
        "commit all of it, push it to GitHub as the branch main, and give it a token: see its README"
    )
    if settings.gpu_runner:
        steps.append(
            f"set the variable GPU_RUNNER: gh variable set GPU_RUNNER --body {shlex.quote(settings.gpu_runner)}"
        )
    click.echo("next:")
    for step in steps:
        click.echo(f"  {step}")
    if settings.namespace and os.environ.get("HF_TOKEN"):
        _check_token(settings.namespace)


def _check_token(namespace: str) -> None:
    """Warns if the token of this environment cannot write to the namespace, or nobody could be asked."""
    from bot import hub

    try:
        hub.open_hub(None, namespace, token=os.environ["HF_TOKEN"], wait_s=5).check(write=True)
    except BotError as error:
        warn(f"HF_TOKEN as it is here could not publish to {namespace}: {error}")


def _report(folder: Path, files: list[File], update: bool) -> None:
    """Prints what was written, what differs and what stays."""
    by_state = {
        state: [file for file in files if file.state == state]
        for state in ("new", "differs", "yours", "missing")
    }
    for file in by_state["new"]:
        click.echo(f"wrote {folder / file.path}")
    for file in by_state["differs"]:
        click.echo(f"replaced {folder / file.path}" if update else file.diff(f"bot {__version__}"), nl=update)
    for file in by_state["missing"]:
        click.echo(f"not there: {file.path} (bot init writes it)")
    if by_state["yours"]:
        click.echo(f"kept as they are: {', '.join(file.path for file in by_state['yours'])}")
    if by_state["differs"] and not update:
        click.echo(
            f"{count(len(by_state['differs']), 'file')} differ from this version: bot init --update replaces them"
        )
    elif not by_state["new"] and not by_state["differs"]:
        click.echo(f"{folder}: nothing to write, all of it is as in bot {__version__}")
