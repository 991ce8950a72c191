"""YAML text to a tree of nodes that know their place; every scalar stays the text that was written.

Only the plain part of YAML is read: anchors, aliases, tags, merge keys and several documents are refused.
Depth and size are counted on the event stream, before anything is built: hostile files end in one fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Protocol

import yaml

from bot.errors import Replacement
from bot.io.bounded import Bounds
from bot.registry.fault import Fault
from bot.registry.yaml_errors import merge_conflict, no_break_spaces, straightened, syntax
from bot.registry.yaml_text import scalar

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

BOUNDS = Bounds(8 << 20, depth=100, values=250_000, text=20_000)
"""Some 800 bytes and 25 values for each of 10,000 entries. The C library crashes at some depth far beyond."""

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_INVISIBLE = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Controls, marks of text direction and what is no character; not compiled until a text is not ASCII (4 ms)."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Cursor(Protocol):
    """A place in the text: line and column count from 0, as does `index`, in characters."""

    @property
    def line(self) -> int: ...  # noqa: D102
    @property
    def column(self) -> int: ...  # noqa: D102
    @property
    def index(self) -> int: ...  # noqa: D102


@dataclass(slots=True, eq=False)
class _Node:
    start: Cursor
    end: Cursor

    @property
    def line(self) -> int:
        """The line on which the node begins, from 1."""
        return self.start.line + 1

    @property
    def column(self) -> int:
        """The column in which the node begins, from 1."""
        return self.start.column + 1

    def fault(self, message: str, topic: str = "", replacements: Iterable[Replacement | None] = ()) -> Fault:
        """A fault at this node, with what its message proposes to write (None: nothing)."""
        proposed = tuple(each for each in replacements if each is not None)
        return Fault(self.line, self.column, message, topic, proposed)


@dataclass(slots=True, eq=False)
class Scalar(_Node):
    """Text, as written. `style` is None for a plain scalar, else its quote or block sign."""

    text: str
    style: str | None

    @property
    def is_null(self) -> bool:
        """Whether YAML calls it null: empty, `~` or `null`, and not quoted."""
        return self.style is None and self.text in _NULLS


@dataclass(slots=True, eq=False)
class Sequence(_Node):
    """A list; `flow` when written in brackets."""

    flow: bool
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Mapping(_Node):
    """Keys and values in the file's order. A repeated key stands in `repeated`, with the first of its name."""

    flow: bool
    items: dict[str, tuple[Scalar, Node]] = field(default_factory=dict)
    repeated: list[tuple[Scalar, Scalar]] = field(default_factory=list)

    def get(self, key: str) -> Node | None:
        """The value of a key, or None where there is no such key."""
        pair = self.items.get(key)
        return pair and pair[1]


Node = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed text. With `faults` the text is no YAML of ours; `root` is then None, as for an empty text."""

    root: Node | None
    faults: tuple[Fault, ...] = ()


def parse(text: str) -> Tree:
    """Reads one document. Never raises for what the text holds: it says so in the tree's faults."""
    text = text.removeprefix("\ufeff")
    if found := _forbidden(text):
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        message = f"there is a forbidden character here (U+{ord(found[0]):04X}, invisible): take it out"
        return Tree(None, (Fault(line, column, message),))
    if faults := merge_conflict(text) or no_break_spaces(text):
        return Tree(None, tuple(faults))
    reader = _Reader()
    loader = _Loader(text)
    try:
        reader.read(loader)
    except _Stop:
        pass
    except yaml.MarkedYAMLError as error:
        reader.faults.append(syntax(error, text))
    except yaml.reader.ReaderError as error:
        reader.faults.append(Fault(1, 1, f"not YAML: {error.reason}"))
    finally:
        loader.dispose()
    if reader.faults:
        return Tree(None, tuple(sorted(reader.faults, key=attrgetter("line", "column"))))
    return Tree(reader.root)


def unprintable(text: str) -> str | None:
    """The first character that no value may hold (controls, surrogates, text direction), as `U+0000`."""
    found = _forbidden(text)
    return f"U+{ord(found[0]):04X}" if found else None


def _forbidden(text: str) -> re.Match[str] | None:
    return _CONTROLS.search(text) if text.isascii() else re.search(_INVISIBLE, text)


def scalars(node: Node) -> Iterator[Scalar]:
    """Every scalar at and below a node, keys too, in the file's order."""
    match node:
        case Scalar():
            yield node
        case Sequence():
            for item in node.items:
                yield from scalars(item)
        case Mapping():
            for key, value in node.items.values():
                yield key
                yield from scalars(value)


def typographic_quotes(root: Node) -> list[Fault]:
    """A fault for each text between typographic quotes, which YAML takes for a part of it, as nobody means."""
    found = []
    for node in scalars(root):
        if node.style is None and (plain := straightened(node.text)) is not None:
            text = scalar(plain, quoted=True)
            message = f"typographic quotes belong to the text: write {text} (or put straight ones around it as it is)"
            found.append(
                node.fault(message, replacements=[Replacement(node.start.index, node.end.index, text)])
            )
    return found


class _Stop(Exception):
    """Reading on makes no sense: the fault is noted."""


class _Reader:
    """Builds the tree from events. Refused constructs are noted once a kind, and reading goes on."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.faults: list[Fault] = []
        self._kinds: set[str] = set()
        self._open: list[Sequence | Mapping] = []
        self._keys: list[Scalar | None] = []
        self._count = 0

    def read(self, loader: Any) -> None:
        documents = 0
        while True:
            event: Any = loader.get_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._check(event)
                if len(event.value) > BOUNDS.text:
                    self._refuse(
                        event.start_mark, f"text of more than {BOUNDS.text:,} characters", "shorten it"
                    )
                    raise _Stop
                # PyYAML's two loaders name a plain scalar differently: '' and None.
                self._place(Scalar(event.start_mark, event.end_mark, event.value, event.style or None))
            elif kind is yaml.SequenceStartEvent:
                self._check(event)
                self._enter(Sequence(event.start_mark, event.end_mark, bool(event.flow_style)))
            elif kind is yaml.MappingStartEvent:
                self._check(event)
                self._enter(Mapping(event.start_mark, event.end_mark, bool(event.flow_style)))
            elif kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
                self._open.pop().end = event.end_mark
                self._keys.pop()
            elif kind is yaml.AliasEvent:
                self._refuse(event.start_mark, f"alias *{event.anchor}", "write the value out")
                self._place(Scalar(event.start_mark, event.end_mark, f"*{event.anchor}", "*"))
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self._refuse(event.start_mark, "second document", "keep one, without a line of ---")
                    raise _Stop
            elif kind is yaml.StreamEndEvent:
                return

    def _check(self, event: Any) -> None:
        self._count += 1
        if self._count > BOUNDS.values:
            self._refuse(event.start_mark, f"file of more than {BOUNDS.values:,} values", "split the fleet")
            raise _Stop
        if event.anchor is not None:
            self._refuse(event.start_mark, f"anchor &{event.anchor}", "write each value where it is used")
        if event.tag is not None:
            self._refuse(event.start_mark, f"tag {event.tag}", "leave it out: every value is read as text")

    def _enter(self, node: Sequence | Mapping) -> None:
        self._place(node)
        self._open.append(node)
        self._keys.append(None)
        if len(self._open) > BOUNDS.depth:
            self._refuse(node.start, f"nesting deeper than {BOUNDS.depth}", "close the brackets further up")
            raise _Stop

    def _place(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is not None:
            self._keys[-1] = None
            if first := parent.items.get(key.text):
                parent.repeated.append((first[0], key))
            else:
                parent.items[key.text] = (key, node)
        elif isinstance(node, Scalar):
            if node.text == "<<" and node.style is None:
                self._refuse(node.start, "merge key <<", "write the keys out")
            self._keys[-1] = node
        else:
            self._refuse(node.start, "key that is a list or a mapping", "a key is one word")
            self._keys[-1] = Scalar(node.start, node.end, "?", "?")

    def _refuse(self, mark: Cursor, what: str, fix: str) -> None:
        kind = what.split()[0]
        if kind not in self._kinds:
            self._kinds.add(kind)
            self.faults.append(Fault(mark.line + 1, mark.column + 1, f"{what} is not read here: {fix}"))
