"""Read one entry of the registry: its text, with defaults, policy, tombstones and the local files it names."""

from __future__ import annotations

import logging
from collections.abc import Mapping as Keys
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from bot.registry import hub_names
from bot.registry.advice import as_list, replaced, with_key
from bot.registry.fault import Fault
from bot.registry.file_keys import FileKeys
from bot.registry.files import base_of, check_template
from bot.registry.problems import read, to_data
from bot.registry.recipe import Recipe
from bot.registry.sampling import Sampling
from bot.registry.schema import EntryFile, Policy, Preferences
from bot.registry.selection import Selection
from bot.registry.tombstones import Tombstones
from bot.registry.values import duration
from bot.registry.written_handles import valid_handles, written_handles
from bot.registry.yaml_tree import Mapping, Node
from bot.sources import handles
from bot.sources.handles import Source, shown

V = TypeVar("V", bound=BaseModel)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One model that should exist. Handles are normalised and keep the registry's order.

    `files` maps a handle to the absolute paths or URLs of its archive or JSONL, which are read as one; empty for
    what lies in the store. `accounts` maps a handle to the id of its account, in the form of tombstones.
    `base` is a Hub id, with @revision or without, or the absolute path of a folder. `consent` is `self`, an
    https URL, or None where the policy does not ask. `line` and `column` count from 1.
    """

    name: str
    handles: tuple[str, ...]
    source: Source
    files: Keys[str, tuple[str, ...]]
    base: str
    recipe: Recipe
    consent: str | None
    prompts: tuple[str, ...]
    sampling: Sampling
    selection: Selection
    max_age: timedelta
    min_new_posts: int
    template: str
    license: str | None
    license_name: str | None
    license_link: str | None
    tags: tuple[str, ...]
    sensitive: bool
    tracking: str
    paused: bool
    line: int
    column: int
    communities: bool = False
    accounts: Keys[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """The context that every entry is read in.

    `within`: the folder out of which no local path may lead, None where any may.
    """

    folder: Path
    defaults: Preferences
    recipe: Recipe
    sampling: Sampling
    policy: Policy
    tombstones: Tombstones
    within: Path | None = None


@dataclass(slots=True, eq=False)
class Draft:
    """An entry as far as it could be read, with all its faults. `archives` are local ones."""

    node: Node
    name: str | None = None
    handles: tuple[str, ...] = ()
    entry: Entry | None = None
    faults: list[Fault] = field(default_factory=list)
    archives: list[tuple[Path, Node]] = field(default_factory=list)


def draft(node: Node, shared: Shared) -> Draft:
    """Reads one item of `models:`. Whatever is wrong stands in the draft's faults; nothing is raised."""
    made = Draft(node)
    try:
        _fill(made, shared)
    except Exception as error:  # one entry is isolated from the others; the log has the whole of it
        _LOG.exception("an entry of the registry, on line %s, could not be read", node.line)
        message = (
            f"a bug in the bot ({type(error).__name__}) stops this entry and no other: report it with the log"
        )
        made.entry = None
        made.faults.append(node.fault(message))
    return made


def _fill(made: Draft, shared: Shared) -> None:
    node, faults = made.node, made.faults
    if not isinstance(node, Mapping):
        advice, replacements = as_list("handles", node)
        whole = [replaced(node, f"handles: {each.text}") for each in replacements]
        faults.append(node.fault(f"an entry must be a mapping: {advice}", replacements=whole))
        return
    data = to_data(node, faults)
    written = written_handles(node, data, faults)
    file, wrong = read(EntryFile, node, data | {"handles": []}, faults)

    given = file.model_fields_set
    defaults = shared.defaults

    def value(key: str) -> Any:
        return getattr(file if key in given else defaults, key)

    source: Source = value("source")
    made.handles = valid_handles(node, written, source, faults, shared.tombstones, sure="source" not in wrong)
    made.name = file.name or _name(node, made.handles, faults) if "name" not in wrong else None
    reader = FileKeys(made.handles, shared.folder, shared.within, faults)
    files: dict[str, tuple[str, ...]] = {}
    for kind in ("archive", "jsonl"):
        located = getattr(file, kind)
        if located is None:
            continue
        key, placed = node.items[kind]
        if source != kind and "source" not in wrong:
            message = (
                f"{kind} is read by source: {kind} alone, and the source is {source}: write source: {kind}"
            )
            faults.append(key.fault(message, replacements=[with_key(node, "source", kind)]))
        elif made.handles:
            files = reader.files(kind, located, placed)
    accounts = reader.accounts(file.accounts, node.get("accounts") or node)
    made.archives = reader.archives
    base = base_of(file, node, shared.folder, faults, shared.within) if "base" in given else defaults.base
    check_template(file, node, shared.folder, faults)
    consent = value("consent")
    if consent is None and shared.policy.consent == "required" and "consent" not in wrong:
        faults.append(
            node.fault(
                "consent is missing: write consent: self if the account is yours, else consent: with the "
                "https:// address where its owner agreed",
                replacements=[with_key(node, "consent", "self")],
            )
        )
    if not wrong & {"license", "license_name", "license_link"}:
        _check_license(node, value("license"), value("license_name"), value("license_link"), faults)
    selection = selected(defaults, file)
    if selection.span[0] > selection.span[1] and not wrong & {"since", "until"}:
        place = node.get("until") or node.get("since") or node
        faults.append(place.fault("since is later than until, so that no post is left: correct one of them"))
    if faults or made.name is None:
        return
    made.entry = Entry(
        name=made.name,
        handles=made.handles,
        source=source,
        files=files,
        base=base,
        recipe=merged(shared.recipe, file.recipe) if "recipe" in given else shared.recipe,
        consent=consent,
        prompts=value("prompts"),
        sampling=merged(shared.sampling, file.sampling) if "sampling" in given else shared.sampling,
        selection=selection,
        max_age=duration(value("max_age")),
        min_new_posts=value("min_new_posts"),
        template=value("template"),
        license=value("license"),
        license_name=value("license_name"),
        license_link=value("license_link"),
        tags=tuple(dict.fromkeys(value("tags"))),
        sensitive=value("sensitive"),
        tracking=value("tracking"),
        paused=value("paused"),
        line=node.line,
        column=node.column,
        communities=value("communities"),
        accounts=accounts,
    )


def checked_defaults(
    given: Preferences, node: Mapping, folder: Path, faults: list[Fault], within: Path | None = None
) -> Preferences:
    """The defaults with their base located, once for all entries."""
    check_template(given, node, folder, faults)
    if "base" not in given.model_fields_set:
        return given
    return given.model_copy(update={"base": base_of(given, node, folder, faults, within)})


def merged(below: V, above: V) -> V:
    """The values `below` with every one that `above` sets explicitly."""
    return below.model_copy(update=above.model_dump(exclude_unset=True))


def selected(below: Selection, above: Selection) -> Selection:
    """The selection that the keys `above` make, with those `below` where they are not given."""
    values = {
        key: getattr(keys, key)
        for keys in (below, above)
        for key in Selection.model_fields
        if key in keys.model_fields_set
    }
    return Selection.model_construct(set(values), **values)


def _name(node: Mapping, of: tuple[str, ...], faults: list[Fault]) -> str | None:
    if not of:
        return None
    name = handles.repo_name(of)
    if why := hub_names.refusal(name):
        place = node.get("handles") or node
        faults.append(place.fault(f"the name {shown(name)} would be refused by the Hub: {why}; give a name:"))
    return name


def _check_license(
    node: Mapping, license_id: str | None, name: str | None, link: str | None, faults: list[Fault]
) -> None:
    if license_id == "other" and not (name and link):
        place = node.get("license") or node
        faults.append(place.fault("license: other needs license_name: and license_link: beside it"))
    elif license_id != "other" and (pair := node.items.get("license_name") or node.items.get("license_link")):
        faults.append(pair[0].fault(f"{pair[0].text} goes with license: other alone"))
