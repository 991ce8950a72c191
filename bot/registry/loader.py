"""Read registry.yaml: typed entries, and everything wrong with it, by line and column.

What makes the file unreadable as a whole raises; a fault of one entry makes that entry faulty and no other.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path

from bot.errors import Problem, RegistryError, Replacement, UsageError
from bot.registry.advice import replaced, with_key
from bot.registry.checks import name_clashes, tracked_archives
from bot.registry.compatibility import incompatibilities
from bot.registry.contents import FaultyEntry, Registry, StoreSettings, Tombstone
from bot.registry.entry import Draft, Entry, Shared, checked_defaults, draft, merged
from bot.registry.fault import Fault
from bot.registry.files import KEEPS_HISTORY, hub_target, store_url
from bot.registry.problems import read, to_data
from bot.registry.recipe import Recipe
from bot.registry.sampling import Sampling
from bot.registry.schema import Rules, TombstoneFile
from bot.registry.tombstones import Tombstones, is_hash
from bot.registry.values import duration
from bot.registry.yaml_tree import BOUNDS, Mapping, Node, Scalar, Sequence, parse, typographic_quotes
from bot.sources import handles
from bot.sources.handles import WrongHandle

MAX_BYTES = BOUNDS.size
"""Size of a registry file."""


def load(path: Path, *, within: Path | None = None) -> Registry:
    """Reads a registry from disk, looks at the local files it names, and asks git about its archives.

    A stranger's registry is read with `within`: what it names outside of that folder is a fault and not looked at.
    Raises UsageError when there is no such file, and RegistryError, with every problem found anywhere, when
    the file as a whole cannot be read or trusted.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"there is no registry at {path}; name another with --registry PATH") from None
    except OSError as error:
        raise UsageError(f"the registry {path} cannot be read: {error.strerror}") from None
    return read_text(data, path, within=within)


def read_text(data: bytes, path: Path, *, within: Path | None = None) -> Registry:
    """The registry that these bytes are, as if they stood at `path`. Raises RegistryError as `load`."""
    with _no_collection():
        return _read(data, path, within)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Reading makes a million objects and not one cycle: the collector would take two thirds of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _read(data: bytes, path: Path, within: Path | None) -> Registry:
    root = _root(data, path)
    if faults := list(incompatibilities(root)):
        raise _unreadable(faults, path)
    folder = path.parent.absolute()
    models = root.get("models")
    content = to_data(_without_models(root), faults)
    sections = ("store", "policy", "defaults", "removed", "x")
    kept = {key: value for key, value in content.items() if value is not None or key not in sections}
    file, _ = read(Rules, root, kept, faults)
    hub = hub_target(file.hub, root, folder, faults, within)
    removed, gone = _tombstones(root.get("removed"), file.removed, faults)
    section = root.get("defaults")
    defaults = file.defaults
    # Reported, and no reason to stop: the plan blocks the entries that they touch.
    general: list[Fault] = []
    if isinstance(section, Mapping):
        defaults = checked_defaults(defaults, section, folder, general, within)
    recipe, sampling = merged(Recipe(), defaults.recipe), merged(Sampling(), defaults.sampling)
    shared = Shared(folder, defaults, recipe, sampling, file.policy, gone, within)

    items: list[Node] = []
    if isinstance(models, Sequence):
        items = models.items
    elif models is not None and not (isinstance(models, Scalar) and models.is_null):
        faults.append(models.fault("models must be a list: each entry begins with - handles:"))
    drafts = [draft(item, shared) for item in items]
    name_clashes(drafts)
    warnings = tracked_archives(drafts, folder)
    if faults:
        raise _unreadable([*faults, *general, *(fault for each in drafts for fault in each.faults)], path)

    if drafts and file.namespace is None:
        place = root.items.get("namespace", root.items["models"])[0]
        message = "namespace is missing: write namespace: with the user or organisation on the Hub"
        general.append(place.fault(message))
    warnings += _warnings(root, file, drafts)
    if not data.isascii():
        wrong = {
            (each.line, each.column)
            for each in [*general, *(fault for one in drafts for fault in one.faults)]
        }
        warnings += [each for each in typographic_quotes(root) if (each.line, each.column) not in wrong]
    entries, faulty = _split_valid(drafts, path)
    found = [*general, *(fault for each in drafts for fault in each.faults)]
    return Registry(
        path=path,
        namespace=file.namespace,
        contact=file.contact,
        store=StoreSettings(store_url(file.store.url, folder), duration(file.store.keep)),
        policy=file.policy,
        entries=entries,
        faulty=faulty,
        removed=removed,
        gone=gone,
        x=file.x,
        problems=_problems(found, path),
        warnings=_problems(warnings, path),
        hub=hub,
    )


def _root(data: bytes, path: Path) -> Mapping:
    """The file as a mapping. Raises RegistryError with one problem when it is none."""
    if len(data) > MAX_BYTES:
        message = f"the registry is larger than {MAX_BYTES // 2**20} MiB: split the fleet"
        raise _unreadable([Fault(1, 1, message)], path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "ignore")) + 1
        message = f"the file is not UTF-8 (byte 0x{data[error.start]:02x} here): save it as UTF-8"
        raise _unreadable([Fault(before.count(b"\n") + 1, column, message)], path) from None
    tree = parse(text)
    if tree.faults:
        raise _unreadable(tree.faults, path)
    if tree.root is None or (isinstance(tree.root, Scalar) and tree.root.is_null):
        message = "the registry is empty: begin with version: 1, namespace: and models:"
        raise _unreadable([Fault(1, 1, message)], path)
    if not isinstance(tree.root, Mapping):
        message = "the registry must be a mapping: version: 1, namespace:, models: and so on"
        raise _unreadable([tree.root.fault(message)], path)
    return tree.root


def _without_models(root: Mapping) -> Mapping:
    """The file without its entries, which are read one by one so that each fails alone."""
    items = {key: pair for key, pair in root.items.items() if key != "models"}
    return Mapping(root.start, root.end, root.flow, items, root.repeated)


def _tombstones(
    node: Node | None, files: Iterable[TombstoneFile], faults: list[Fault]
) -> tuple[tuple[Tombstone, ...], Tombstones]:
    """The tombstones, and a lookup of the people in them. What cannot be read is a fault of the file."""
    lines: dict[str, int] = {}
    accounts: dict[str, int] = {}
    for item in node.items if isinstance(node, Sequence) else ():
        if not isinstance(item, Mapping):
            continue
        ids = item.get("accounts")
        for each in ids.items if isinstance(ids, Sequence) else ():
            if isinstance(each, Scalar):
                accounts.setdefault(each.text, each.line)
        written = item.get("handles")
        if not isinstance(written, Sequence):
            continue
        if not written.items:
            faults.append(written.fault("handles is empty: a tombstone names at least one"))
        for handle in written.items:
            if isinstance(handle, Scalar):
                try:
                    text = handle.text
                    lines.setdefault(text if is_hash(text) else handles.person(text), handle.line)
                except WrongHandle as error:
                    instead = [replaced(handle, text) for text in error.instead]
                    faults.append(handle.fault(str(error), replacements=instead))
    removed = [
        Tombstone(
            tuple(
                known
                for each in file.handles
                if (known := each if is_hash(each) else handles.bare(each)) in lines
            ),
            file.on,
            file.reason,
            file.accounts,
        )
        for file in files
    ]
    return tuple(removed), Tombstones(lines, accounts)


def _split_valid(drafts: Iterable[Draft], path: Path) -> tuple[tuple[Entry, ...], tuple[FaultyEntry, ...]]:
    """Valid entries and faulty ones; a faulty one whose name is taken gets its line as a suffix."""
    drafts = list(drafts)
    entries = tuple(each.entry for each in drafts if each.entry is not None and not each.faults)
    taken = {entry.name for entry in entries}
    faulty = []
    for index, each in enumerate(drafts):
        if each.entry is None or each.faults:
            name = each.name or handles.repo_name(each.handles) or f"models[{index}]"
            if name in taken:
                name = f"{name} (line {each.node.line})"
            taken.add(name)
            faulty.append(FaultyEntry(name, each.handles, _problems(each.faults, path)))
    return entries, tuple(faulty)


def _warnings(root: Mapping, file: Rules, drafts: Iterable[Draft]) -> list[Fault]:
    """Warnings: what is no fault of the file, but stops or weakens what it asks for."""
    found = []
    unread = [each for each in drafts if each.entry is not None and each.entry.source == "x"]
    if unread and not file.x.terms_acknowledged:
        place = root.items["x"][0] if "x" in root.items else unread[0].node
        message = (
            f"source x refuses to run (for {len(unread)} of the entries): read X's terms, then set "
            "x: {terms_acknowledged: true}"
        )
        found.append(place.fault(message, replacements=[_acknowledged(root)]))
    if drafts and file.contact is None:
        message = "contact is missing: cards cannot say where people ask for removal"
        found.append(root.items["models"][0].fault(message))
    if file.store.url.startswith("hf://") and not file.store.url.startswith("hf://buckets/"):
        section = root.items["store"][1]
        place = section.items["url"][1] if isinstance(section, Mapping) else section
        found.append(place.fault(KEEPS_HISTORY))
    return found


def _acknowledged(root: Mapping) -> Replacement | None:
    """The file with X's terms acknowledged."""
    section = root.get("x")
    if isinstance(section, Mapping):
        return with_key(section, "terms_acknowledged", "true")
    return with_key(root, "x", "{terms_acknowledged: true}")


def _problems(faults: Iterable[Fault], path: Path) -> tuple[Problem, ...]:
    ordered = sorted(set(faults), key=attrgetter("line", "column", "message"))
    return tuple(
        Problem(str(path), each.line, each.column, each.message, each.topic, each.replacements)
        for each in ordered
    )


def _unreadable(faults: Iterable[Fault], path: Path) -> RegistryError:
    return RegistryError(list(_problems(faults, path)))
