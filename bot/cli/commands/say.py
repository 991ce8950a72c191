"""`bot say`: text from a published model, or from one in a folder."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.commands.options import (
    device_option,
    hub_of,
    hub_option,
    json_option,
    load_registry,
    registry_option,
)
from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.cli.json_outputs import SayOutput
    from bot.registry import Registry

MODEL = ("config.json", "adapter_config.json")
"""The files by which a folder is known to hold a model."""

JOINERS = "\u200c\u200d"
"""Invisible, but parts of letters and emoji."""


@click.command()
@click.argument("name")
@click.argument("prompt", default="")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    metavar="N",
    help="Draw the same texts again; default: a random one, which is shown.",
)
@click.option("--count", type=click.IntRange(1, 100), default=1, show_default=True, help="Number of texts.")
@click.option("--stream", is_flag=True, help="On a terminal, show the text while it is written.")
@registry_option
@hub_option
@device_option
@json_option
def say(
    name: str,
    prompt: str,
    seed: int | None,
    count: int,
    stream: bool,
    registry_path: Path,
    hub_target: str | None,
    device: str,
    as_json: bool,
) -> None:
    """Let the model NAME write on from PROMPT.

    NAME is a model of the registry's namespace, NAMESPACE/NAME on the hub, or a folder. Without PROMPT a text
    begins as a post does. The model's own settings are used; a card's samples are those of its prompt and seed.
    """
    if stream and count > 1:
        raise UsageError("--stream shows one text: leave --count out")
    _check_installed()
    seed = seed if seed is not None else secrets.randbelow(2**32)
    live = stream and not as_json and sys.stdout.isatty()
    with _waiting():
        folder = _folder(name, registry_path, hub_target)
        from bot.training.device import pick
        from bot.training.speak import Speaker

        speaker = Speaker(folder, pick(device))
    spoken = speaker.say(prompt, seed, count, _show if live else None)
    if as_json:
        from bot.cli import report

        value: SayOutput = {
            "name": name,
            "prompt": prompt,
            "seed": seed,
            "texts": list(spoken.texts),
            "settings": spoken.settings,
        }
        report.print_json(value, sys.stdout)
        return
    for text in () if live else spoken.texts:
        click.echo(f"{printable(text).strip()}\n")
    if live:
        click.echo("\n")
    click.echo(f"seed {seed}")


def _check_installed() -> None:
    """Raises UsageError where what runs a model is not installed."""
    import importlib.util

    if not all(map(importlib.util.find_spec, ("torch", "transformers"))):
        from bot.io.installing import install_command

        raise UsageError(
            f"this needs PyTorch and transformers, which are not installed; {install_command('train')}"
        )


def _show(text: str) -> None:
    click.echo(printable(text), nl=False)


def printable(text: str) -> str:
    """The text without what a terminal would obey."""
    return "".join(letter for letter in text if letter.isprintable() or letter in ("\n", *JOINERS))


class _waiting:  # noqa: N801 - read as a with statement
    """A word on a terminal while PyTorch is imported and the model loaded, gone afterwards."""

    def __enter__(self) -> None:
        if sys.stderr.isatty():
            click.echo("loading …", err=True, nl=False)

    def __exit__(self, *_: object) -> None:
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", err=True, nl=False)


def _folder(name: str, registry_path: Path, hub_target: str | None) -> Path:
    """The folder with the model's files, fetched from the hub where it is no folder here."""
    local = Path(name).expanduser()
    if local.is_dir():
        if any((local / file).is_file() for file in MODEL):
            return local
        if "/" in name or name.startswith("."):
            raise UsageError(f"{local} holds no model: there is no config.json in it")
    elif name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise UsageError(f"there is no folder {local}; name one, or a model of the registry's namespace")
    return _published(name, registry_path, hub_target)


def _published(name: str, registry_path: Path, hub_target: str | None) -> Path:
    from bot import hub

    namespace, slash, wanted = name.rpartition("/")
    registry = load_registry(registry_path) if registry_path.exists() or not slash else None
    wanted = wanted.removeprefix("@").lower()
    if registry is not None and not slash:
        namespace = registry.namespace or ""
    if not namespace:
        raise UsageError(
            f"{registry_path} sets no namespace, so it is not known where {wanted} is published: give "
            "NAMESPACE/NAME, or a folder"
        )
    where = hub_of(hub_target, registry)
    home = hub.open_hub(where, namespace, token=os.environ.get("HF_TOKEN"))
    folder = home.download(wanted)
    if folder is None:
        raise UsageError(
            f"{home.url(wanted)} is not there, or is private; bot status lists the models of the registry"
        )
    if registry is not None:
        _check_people(folder, registry)
    return folder


def _check_people(folder: Path, registry: Registry) -> None:
    """Raises UsageError for a model of somebody who asked to be removed and that is still there."""
    from bot import manifest
    from bot.hub.published import FILENAME

    try:
        made = manifest.parse((folder / FILENAME).read_bytes())
    except (OSError, ValueError):
        return  # another system's model
    if registry.gone.among(account.handle for account in made.accounts):
        raise UsageError("a person of this model asked to be removed: it writes nothing any more")
