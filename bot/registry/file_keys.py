"""The keys of an entry that map its handles to something: to files, and to the ids of accounts."""

from __future__ import annotations

from collections.abc import Mapping as Keys
from dataclasses import dataclass, field
from pathlib import Path

from bot.registry.advice import replaced
from bot.registry.fault import Fault
from bot.registry.files import located, unreadable
from bot.registry.yaml_text import flow_mapping
from bot.registry.yaml_tree import Mapping, Node, Sequence
from bot.sources.handles import bare, shown


@dataclass(slots=True)
class FileKeys:
    """Reads these keys of one entry with its `handles`; what is wrong is added to `faults`.

    Relative paths start at `folder`, and none may lead out of `within`, where that is given. `archives` collects
    the local archives and the places where they are named.
    """

    handles: tuple[str, ...]
    folder: Path
    within: Path | None
    faults: list[Fault]
    archives: list[tuple[Path, Node]] = field(default_factory=list)

    def files(self, kind: str, given: Keys[str, tuple[str, ...]], node: Node) -> dict[str, tuple[str, ...]]:
        """Where each handle's files are, as absolute paths or URLs. Local ones must be there."""
        found: dict[str, tuple[str, ...]] = {}
        for key, texts in given.items():
            place, handle = node, self.handles[0]
            if isinstance(node, Mapping):
                key_node, place = node.items[key]
                handle = bare(key)
                if handle not in self.handles:
                    message = f"{shown(key)} is no handle of this entry: {kind} maps a handle to its file"
                    self.faults.append(key_node.fault(message))
                    continue
            elif len(self.handles) > 1:
                self.faults.append(self._one_each(kind, texts, node))
                continue
            places = place.items if isinstance(place, Sequence) else [place] * len(texts)
            found[handle] = tuple(self._file(kind, text, at) for text, at in zip(texts, places, strict=False))
        return found

    def accounts(self, given: Keys[str, str], node: Node) -> dict[str, str]:
        """The id of each handle's account, of those that are given."""
        found: dict[str, str] = {}
        for key, account in given.items():
            handle = bare(key) if key or len(self.handles) != 1 else self.handles[0]
            if handle in self.handles:
                found[handle] = account
            elif self.handles:
                message = f"{shown(key)} is no handle of this entry: accounts maps a handle to the id of its account"
                self.faults.append(node.fault(message))
        return found

    def _one_each(self, kind: str, texts: tuple[str, ...], node: Node) -> Fault:
        """The fault that files are not said to be whose; it proposes their order where there is one for each handle."""
        if len(texts) == len(self.handles):
            wanted = flow_mapping(dict(zip(self.handles, texts, strict=True)))
            message = f"which file is whose? for {len(texts)} handles write {kind}: {wanted}"
            return node.fault(message, replacements=[replaced(node, wanted)])
        wanted = ", ".join(f"{each}: ..." for each in self.handles)
        return node.fault(f"one file for {len(self.handles)} handles: write {kind}: {{{wanted}}}")

    def _file(self, kind: str, text: str, place: Node) -> str:
        """Where one file is. A local one that cannot be read becomes a fault at its place."""
        where = located(text, self.folder).removeprefix("file://")
        if "://" not in where:
            if why := unreadable(kind, Path(where), self.within):
                self.faults.append(place.fault(f"{kind}: {shown(text)} {why}"))
            elif kind == "archive":
                self.archives.append((Path(where), place))
        return where
