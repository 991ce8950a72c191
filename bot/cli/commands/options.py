"""Flags that commands share, and functions that open what the flags name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from bot.hub import Hub
    from bot.registry import Registry
    from bot.store import Store

F = TypeVar("F", bound=Callable[..., Any])

registry_option = click.option(
    "--registry",
    "registry_path",
    type=click.Path(path_type=Path),
    default="registry.yaml",
    show_default=True,
    help="The registry file.",
)
hub_option = click.option(
    "--hub",
    "hub_target",
    metavar="TARGET",
    help="Where repos live: dir:PATH for a folder, or a Hub's address; default: BOT_HUB, the registry's hub, "
    "HF_ENDPOINT, the Hugging Face Hub.",
)
store_option = click.option(
    "--store", "store_url", metavar="URL", help="Where posts are kept; default: the registry's store."
)
max_reads_option = click.option(
    "--max-reads", type=click.IntRange(0), metavar="N", help="Pay for at most so many reads (source x)."
)
all_option = click.option("--all", "everything", is_flag=True, help="List what is up to date, too.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON; docs/json.md has its fields.")
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    help="What computes; auto takes a GPU.",
)


class Percent(click.ParamType[float]):
    """A share given as `30%` or `30`, of which 100% is everything."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share as a number from 0 to 1."""
        if isinstance(value, float):
            return value
        try:
            share = float(str(value).removesuffix("%")) / 100
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is not a share: write a number from 0% to 100%", param, ctx)
        return share


class Span(click.ParamType[int]):
    """A span of time given as `90m` or `2h`, as seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The seconds."""
        found = re.fullmatch(r"([1-9][0-9]{0,4})([mh])", str(value))
        if found is None:
            self.fail(f"{value!r} is no span of time: write 90m or 2h", param, ctx)
        return int(found[1]) * {"m": 60, "h": 3600}[found[2]]


def planning_options(command: F) -> F:
    """The flags that `plan` and `apply` share."""
    for option in (
        click.option(
            "--max-change",
            type=Percent(),
            default="30%",
            show_default=True,
            metavar="PCT",
            help="Share of the published models that one change may rewrite.",
        ),
        click.option(
            "--force",
            type=click.Choice(["train", "card", "samples"]),
            help="Do this whatever the state: train, render the card, or draw new samples from the published weights.",
        ),
        click.option("--only", multiple=True, metavar="NAME", help="Only this model (may be repeated)."),
    ):
        command = option(command)
    return command


def load_registry(path: Path) -> Registry:
    """The registry at `path`; RegistryError or UsageError when it cannot be read."""
    from bot import registry

    return registry.load(path)


def open_hub(
    target: str | None, registry: Registry, wait_s: float = 120, *, from_stranger: bool = False
) -> Hub:
    """The hub of the registry's namespace, with the environment's token; see `hub_of` for which.

    A hub that only the registry of a stranger names (`from_stranger`) gets no token.
    """
    from bot import hub

    named_by_stranger = from_stranger and not (target or os.environ.get("BOT_HUB")) and registry.hub
    token = os.environ.get("HF_TOKEN") if not named_by_stranger else None
    return hub.open_hub(hub_of(target, registry), registry.namespace or "", token=token, wait_s=wait_s)


def hub_of(target: str | None, registry: Registry | None) -> str | None:
    """What names the hub: `--hub`, else BOT_HUB, else the registry; None for HF_ENDPOINT or the Hugging Face Hub."""
    return target or os.environ.get("BOT_HUB") or (registry.hub if registry is not None else None)


def open_store(
    url: str | None, registry: Registry, *, adds: bool = False, say: Callable[[str], object] | None = None
) -> Store:
    """The store that `--store` names, else the registry's; who has a tombstone by now is not stored in it.

    Of a place that keeps what is deleted, `say` gets a warning. A command that `adds` to the store is refused a new
    one there: UsageError.
    """
    from bot.registry.latest import Latest
    from bot.store import Store

    where = url or registry.store.url
    if say is not None or adds:
        _look_at_place(where, adds, say or (lambda _: None))
    return Store(where, Latest(registry).removed)


def _look_at_place(url: str, adds: bool, say: Callable[[str], object]) -> None:
    from bot.store import retention
    from bot.store.places import place_of

    place = place_of(url)
    kept = retention.ask(place)
    if adds:
        retention.check_new(place, kept)
    if text := retention.warning(place, kept):
        say(text)


def warn(text: str) -> None:
    """Prints a warning, where output for a machine is not, and on GitHub beside the step."""
    from bot.github import workflow_commands

    click.echo(f"warning: {text}", err=True)
    workflow_commands.annotate("warning", [text], os.environ)


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 model`, `1,234 models`; with a `plural` where it is not the noun with an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
