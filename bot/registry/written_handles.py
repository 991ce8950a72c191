"""The handles of an entry: the list that they stand in, their form, and who of them was removed."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items

from bot.registry.advice import as_list, names_in, nearest, replaced, with_key
from bot.registry.fault import Fault
from bot.registry.schema import MAX_HANDLES, EntryFile
from bot.registry.tombstones import Tombstones
from bot.registry.yaml_errors import straightened
from bot.registry.yaml_tree import Mapping, Scalar, Sequence, unprintable
from bot.sources import handles
from bot.sources.handles import Source, WrongHandle, shown


def written_handles(node: Mapping, keys: Iterable[str], faults: list[Fault]) -> list[Scalar]:
    """The texts under `handles:` of an entry with these keys; what is wrong with their form is added to `faults`."""
    value = node.get("handles")
    if value is None:
        # A key that is nearly the right one is reported as unknown.
        if all(nearest(key, EntryFile.model_fields) != "handles" for key in keys):
            example = with_key(node, "handles", "[ada_example]")
            faults.append(
                node.fault("handles is missing: write handles: [ada_example]", replacements=[example])
            )
        return []
    if not isinstance(value, Sequence):
        advice, replacements = as_list("handles", value)
        faults.append(value.fault(f"handles must be a list: {advice}", replacements=replacements))
        if not isinstance(value, Scalar) or unprintable(value.text):
            return []
        names = names_in(value.text)[:MAX_HANDLES]
        return [Scalar(value.start, value.end, name, value.style) for name in names]
    if not value.items:
        example = replaced(value, "[ada_example]")
        message = "handles is empty: name at least one, handles: [ada_example]"
        faults.append(value.fault(message, replacements=[example]))
    else:
        if nested := [item for item in value.items[:MAX_HANDLES] if not isinstance(item, Scalar)]:
            advice, replacements = as_list("handles", value)
            faults.append(nested[0].fault(f"a handle is one word: {advice}", replacements=replacements))
        if len(value.items) > MAX_HANDLES:
            message = f"{len(value.items)} handles in one entry: at most {MAX_HANDLES} make one model"
            faults.append(value.items[MAX_HANDLES].fault(message))
        return [
            item
            for item in value.items[:MAX_HANDLES]
            if isinstance(item, Scalar) and not unprintable(item.text)  # reported already
        ]
    return []


def valid_handles(
    node: Mapping,
    written: Items[Scalar],
    source: Source,
    faults: list[Fault],
    tombstones: Tombstones,
    *,
    sure: bool,
) -> tuple[str, ...]:
    """The handles that can be read, each once. Of an unsure source (its key is wrong) any shape will do."""
    found: dict[str, Scalar] = {}
    for item in written:
        try:
            handle = handles.normalise(item.text, source) if sure else handles.person(item.text)
        except WrongHandle as error:
            faults.append(_wrong_handle(node, item, error))
            continue
        if handle in found:
            first = found[handle].line
            message = f"{shown(handle)} stands twice in this entry (line {first}): keep one"
            faults.append(item.fault(message, f"repeated handle {handle}"))
        elif line := tombstones.line(handle):
            message = (
                f"{shown(handle)} was removed (line {line}) and is never made again: take the handle out"
            )
            faults.append(item.fault(message, f"removed handle {handle}"))
        found.setdefault(handle, item)
    return tuple(found)


def _wrong_handle(node: Mapping, item: Scalar, error: WrongHandle) -> Fault:
    """The fault of a handle, which proposes the handle that it holds, or the source that it would be one of."""
    message, instead = str(error), [replaced(item, text) for text in error.instead]
    if error.source is not None:
        instead.append(with_key(node, "source", error.source))
    elif not instead and (plain := straightened(item.text)):
        message += f"; typographic quotes quote nothing in YAML: write {plain}"
        instead.append(replaced(item, plain))
    return item.fault(message, replacements=instead)
