"""What commands share: their flags, and opening what the flags name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.errors import RegistryError, SourceError, UsageError
from bot.plan.guard import MAX_CHANGE

if TYPE_CHECKING:
    from bot.hub import Hub
    from bot.plan.decide import Force
    from bot.plan.steps import Plan
    from bot.registry import Entry, Registry
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
    help="Where repos live: dir:PATH for a folder; default: the Hugging Face Hub, or HF_ENDPOINT.",
)
store_option = click.option(
    "--store", "store_url", metavar="URL", help="Where posts are kept; default: the registry's store."
)
max_reads_option = click.option(
    "--max-reads", type=click.IntRange(0), metavar="N", help="Pay for at most so many reads (source x)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a machine.")
device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    help="What trains; auto takes a GPU.",
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
        click.option("--force", type=click.Choice(["train", "card"]), help="Do this whatever the state."),
        click.option("--only", multiple=True, metavar="NAME", help="Only this model (may be repeated)."),
    ):
        command = option(command)
    return command


def load_registry(path: Path) -> Registry:
    """The registry at `path`; RegistryError or UsageError when it cannot be read."""
    from bot import registry

    return registry.load(path)


def open_hub(target: str | None, registry: Registry, wait_s: float = 120) -> Hub:
    """The hub that `--hub` names, for the registry's namespace, with the environment's token."""
    from bot import hub

    return hub.open_hub(target, registry.namespace or "", token=os.environ.get("HF_TOKEN"), wait_s=wait_s)


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


def _always_said(url: str) -> str | None:
    """The warning of a place that need not be asked whether it keeps what is deleted."""
    from bot.store import retention
    from bot.store.places import place_of

    try:
        place = place_of(url)
    except UsageError:
        return None
    return retention.warning(place, retention.ask(place)) if place.keeps_history else None


def warn(text: str) -> None:
    """Prints a warning, where output for a machine is not, and on GitHub beside the step."""
    from bot.github import workflow_commands

    click.echo(f"warning: {text}", err=True)
    workflow_commands.annotate("warning", [text], os.environ)


def find_entry(registry: Registry, name: str) -> Entry:
    """The sound entry of that name. RegistryError for a faulty one, UsageError for one that is not listed."""
    for entry in registry.entries:
        if entry.name == name:
            return entry
    for faulty in registry.faulty:
        if faulty.name == name:
            raise RegistryError(list(faulty.problems))
    names = ", ".join(entry.name for entry in registry.entries[:10]) or "none"
    raise UsageError(f"{registry.path.name} lists no model {name!r}; it lists: {names}")


def make_plan(
    registry: Registry,
    hub: Hub,
    store_url: str | None,
    *,
    only: tuple[str, ...] = (),
    force: Force | None = None,
    overwrite: tuple[str, ...] = (),
    max_change: float = MAX_CHANGE,
) -> Plan:
    """Holds the registry against the hub, after the credentials were proved."""
    from bot.hub import Listing
    from bot.plan import decide, desired

    known_names = {*(entry.name for entry in registry.entries), *(entry.name for entry in registry.faulty)}
    for name in only:
        if name not in known_names:
            find_entry(registry, name)
    listing = Listing({})
    if registry.namespace is not None:  # without one there is nothing to ask for: what is listed is blocked
        hub.check(write=False)
        listing = hub.listing()
    now = datetime.now(UTC)
    wanted = desired.desired(registry, hub.resolve_base)
    by_name = {one.name: one for one in wanted}
    forced = (only or by_name.keys()) if force == "train" else ()
    notes: list[str] = []
    known = desired.known(
        registry,
        by_name,
        listing,
        lambda: open_store(store_url, registry, say=notes.append),
        now,
        hub.url,
        forced,
    )
    made = decide.plan(
        wanted,
        listing,
        namespace=registry.namespace or "",
        now=now,
        removed=registry.gone,
        deletes=registry.policy.removal == "delete",
        known=known,
        only=only,
        force=force,
        overwrite=overwrite,
        max_change=max_change,
    )
    if not notes and (text := _always_said(store_url or registry.store.url)):
        notes.append(text)
    return replace(made, notes=(*made.notes, *notes, *_budget(made, registry, store_url, now)))


def _budget(made: Plan, registry: Registry, store_url: str | None, now: datetime) -> Iterator[str]:
    """What the month's paid reads allow, where the plan would use some, and what of its sum is counted twice."""
    paid = [step.handles for step in made.steps if step.estimate.reads]
    if len({handle for handles in paid for handle in handles}) < sum(map(len, paid)):
        yield "an account that several models share is read, and paid for, once: the sum counts it for each"
    reads, monthly = sum(step.estimate.reads for step in made.steps), registry.x.monthly_reads
    if reads and monthly is not None:
        try:
            left = max(0, monthly - open_store(store_url, registry).reads("x", now))
        except SourceError as error:
            yield f"what is left of x.monthly_reads is not known: {error}"
            return
        enough = "" if reads <= left else ": what is too much waits for the next month"
        yield f"of x.monthly_reads {monthly:,}, {left:,} are left and this would use about {reads:,}{enough}"


def count(number: int, noun: str) -> str:
    """`1 model`, `1,234 models`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
