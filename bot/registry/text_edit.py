"""Surgery on YAML text: an item more or less in a list under a top-level key, everything else byte for byte.

The tree says where things stand; only the lines that change are written. Comments and line ends stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Keys
from collections.abc import Sequence as Items

from bot.registry.yaml_text import Value, flow_mapping, scalar
from bot.registry.yaml_text import value as as_text
from bot.registry.yaml_tree import Cursor, Mapping, Node, Scalar, Sequence, parse

_BREAK = "\r\n\x85\u2028\u2029"
_LINE = re.compile(f"[^{_BREAK}]*(?:\r\n|[{_BREAK}])|[^{_BREAK}]+$")


class UnknownLayoutError(ValueError):
    """The text is no YAML, or is laid out in a way that cannot be edited without risk."""


def append(text: str, key: str, item: Keys[str, Value]) -> str:
    """The text with `item` as the last of the list under `key`, in the style of the file.

    The key is made where it is missing. Raises UnknownLayoutError.
    """
    root = _root(text)
    quoted = root is not None and any(name.style == '"' for name, _ in root.items.values())
    if root is None:
        return _after_last_line(text, _block(key, item, text, 0, 2))
    value = root.get(key)
    if value is None:
        if root.flow:
            inside = f"{scalar(key, quoted)}: [{flow_mapping(item, quoted)}]"
            return _into_flow(text, root, [pair[1] for pair in root.items.values()], inside)
        return _new_key(text, root, _block(key, item, text, root.start.column, _indent(root)))
    if isinstance(value, Sequence) and value.items:
        if value.flow:
            return _into_flow(text, value, value.items, flow_mapping(item, quoted))
        return _into_block(text, value, item)
    if isinstance(value, Sequence) and (root.flow or value.start.line != value.end.line):
        return _into_flow(text, value, value.items, flow_mapping(item, quoted))
    if isinstance(value, Sequence) or (isinstance(value, Scalar) and value.is_null):
        if root.flow:
            start = len(text[: value.start.index].rstrip(" "))
            return _cut(text, start, value.end.index, f" [{flow_mapping(item, quoted)}]")
        return _first_of_block(text, root, value, item)
    raise UnknownLayoutError(f"{key} is not a list")


def put(text: str, path: Items[str], value: str) -> str:
    """The text with another text at `path`, keys from the top down; comments behind it stay.

    A key at the top is made where it is missing. Raises UnknownLayoutError.
    """
    root = _root(text)
    if root is None:
        raise UnknownLayoutError("the file is empty")
    node: Node | None = root
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    if node is None and len(path) == 1 and not root.flow:
        line = " " * root.start.column + f"{path[0]}: {scalar(value)}{_newline(text)}"
        return _new_key(text, root, [line])
    if not isinstance(node, Scalar) or node.is_null or node.style in ("|", ">"):
        raise UnknownLayoutError(f"{'.'.join(path)} is no text on one line")
    return _cut(text, node.start.index, node.end.index, scalar(value, node.style == '"'))


def delete(text: str, key: str, index: int) -> str:
    """The text without one item of the list under `key`, and without the comments that belong to the item.

    These are the comments in it, behind it, right above it at its own indentation, and right below it when
    indented deeper. Raises UnknownLayoutError.
    """
    root = _root(text)
    value = root.get(key) if root is not None else None
    if root is None or not isinstance(value, Sequence) or index >= len(value.items):
        raise UnknownLayoutError(f"{key} is not a list of {index + 1} items")
    if value.flow:
        return _out_of_flow(text, value, index)
    lines = _lines(text)
    first = _dash_line(lines, value, index)
    last = _last_line(lines, value.items[index], value.start.column)
    while first and _is_comment(lines[first - 1]) and _margin(lines[first - 1]) == value.start.column:
        first -= 1
    if len(value.items) == 1:
        name, _ = root.items[key]
        colon = text.index(":", name.end.index) + 1
        return _cut("".join([*lines[:first], *lines[last + 1 :]]), colon, colon, " []")
    after = last + 1
    if first and not lines[first - 1].strip():
        while after < len(lines) and not lines[after].strip():
            after += 1
    return "".join([*lines[:first], *lines[after:]])


def _root(text: str) -> Mapping | None:
    tree = parse(text)
    if tree.faults:
        raise UnknownLayoutError(f"line {tree.faults[0].line}: {tree.faults[0].message}")
    root = tree.root
    if root is None or (isinstance(root, Scalar) and root.is_null and not root.text):
        return None
    if not isinstance(root, Mapping) or root.repeated:
        raise UnknownLayoutError("the file is not a mapping with every key once")
    return root


def _lines(text: str) -> list[str]:
    """Lines with their ends, counted as YAML's marks count them."""
    return _LINE.findall(text)


def _newline(text: str) -> str:
    found = re.search("\r\n|\n|\r", text)
    return found[0] if found else "\n"


def _cut(text: str, start: int, end: int, put: str) -> str:
    return text[:start] + put + text[end:]


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_comment(line: str) -> bool:
    return line.lstrip(" \t").startswith("#")


def _item(item: Keys[str, Value], newline: str, column: int, gap: int = 1) -> list[str]:
    """The item as lines of a block list whose dashes stand in `column`, its keys `gap` spaces behind them."""
    lead = " " * column + "-" + " " * gap
    rest = " " * len(lead)
    keys = [f"{key}: {as_text(value)}{newline}" for key, value in item.items()]
    return [(rest if number else lead) + line for number, line in enumerate(keys)]


def _block(key: str, item: Keys[str, Value], text: str, column: int, indent: int) -> list[str]:
    newline = _newline(text)
    return [" " * column + f"{key}:{newline}", *_item(item, newline, column + indent)]


def _indent(root: Mapping) -> int:
    """The indentation of the file's block lists below their keys; 2 where there is none."""
    for name, value in root.items.values():
        if isinstance(value, Sequence) and not value.flow:
            return value.start.column - name.start.column
    return 2


def _ends(node: Node) -> Cursor:
    """Where a node's own text ends: a block's end mark lies behind the comments that follow it."""
    if isinstance(node, Sequence) and not node.flow and node.items:
        return _ends(node.items[-1])
    if isinstance(node, Mapping) and not node.flow and node.items:
        return _ends(list(node.items.values())[-1][1])
    return node.end


def _last_line(lines: list[str], node: Node, column: int) -> int:
    """The last line that belongs to a node in a block, comments below it that are indented deeper included."""
    end = _ends(node)
    last = end.line
    if end.column == 0 and last > node.start.line:
        last -= 1  # a block scalar ends where the next line begins
    while last > node.start.line and (last >= len(lines) or not lines[last].strip()):
        last -= 1
    while last + 1 < len(lines) and _is_comment(lines[last + 1]) and _margin(lines[last + 1]) > column:
        last += 1
    return last


def _dash_line(lines: list[str], block: Sequence, index: int) -> int:
    column = block.start.column
    for number in range(block.items[index].start.line, block.start.line - 1, -1):
        if lines[number][: column + 1] == " " * column + "-":
            return number
    raise UnknownLayoutError(f"line {block.items[index].line}: the item's dash was not found")


def _after(lines: list[str], number: int, new: list[str], newline: str) -> str:
    """The lines with `new` behind line `number`, which gets a line end where it has none."""
    head, tail = lines[: number + 1], lines[number + 1 :]
    if head and head[-1][-1] not in _BREAK:
        head[-1] += newline
    return "".join([*head, *new, *tail])


def _after_last_line(text: str, new: list[str]) -> str:
    lines = _lines(text)
    return _after(lines, len(lines) - 1, new, _newline(text))


def _new_key(text: str, root: Mapping, new: list[str]) -> str:
    lines = _lines(text)
    last = _last_line(lines, root, root.start.column)
    if any(line.startswith(("...", "---")) for line in lines[last + 1 :]):
        return _after(lines, last, new, _newline(text))
    return _after_last_line(text, new)


def _into_block(text: str, block: Sequence, item: Keys[str, Value]) -> str:
    lines, newline = _lines(text), _newline(text)
    final = block.items[-1]
    dash = _dash_line(lines, block, len(block.items) - 1)
    same_line = isinstance(final, Mapping) and not final.flow and final.start.line == dash
    gap = final.start.column - block.start.column - 1 if same_line else 1
    new = _item(item, newline, block.start.column, gap)
    if len(block.items) > 1 and not lines[_above(lines, dash, block.start.column)].strip():
        new.insert(0, newline)
    return _after(lines, _last_line(lines, final, block.start.column), new, newline)


def _above(lines: list[str], number: int, column: int) -> int:
    """The line above an item and the comments that belong to it."""
    number -= 1
    while number and _is_comment(lines[number]) and _margin(lines[number]) == column:
        number -= 1
    return number


def _first_of_block(text: str, root: Mapping, empty: Node, item: Keys[str, Value]) -> str:
    """`key: []` and `key:` become the key with a block list of one item right below."""
    line = empty.end.line
    newline = _newline(text)
    text = text[: empty.start.index].rstrip(" ") + text[empty.end.index :]
    return _after(_lines(text), line, _item(item, newline, root.start.column + _indent(root)), newline)


def _own_lines(text: str, lines: list[str], node: Node) -> re.Match[str] | None:
    """The text that follows a node on its last line (`,` and a comment), if its lines hold nothing else."""
    before = lines[node.start.line][: node.start.column]
    after = lines[node.end.line][node.end.column :].rstrip(_BREAK)
    return None if before.strip() else re.fullmatch(r"[ \t]*(,?)[ \t]*(#.*)?", after)


def _into_flow(text: str, flow: Sequence | Mapping, items: list[Node], new: str) -> str:
    if not items:
        return _cut(text, flow.end.index - 1, flow.end.index - 1, new)
    final, lines, newline = items[-1], _lines(text), _newline(text)
    if isinstance(flow, Sequence) and (found := _own_lines(text, lines, final)):
        last = final.end.line
        if not found[1]:
            lines[last] = _cut(lines[last], final.end.column, final.end.column, ",")
        return _after(
            lines, last, [" " * _margin(lines[final.start.line]) + new + found[1] + newline], newline
        )
    return _cut(text, final.end.index, final.end.index, f", {new}")


def _out_of_flow(text: str, flow: Sequence, index: int) -> str:
    item, lines = flow.items[index], _lines(text)
    if _own_lines(text, lines, item):
        first = item.start.line
        column = _margin(lines[first])
        while _is_comment(lines[first - 1]) and _margin(lines[first - 1]) == column:
            first -= 1
        return "".join([*lines[:first], *lines[item.end.line + 1 :]])
    start, end = item.start.index, item.end.index
    if index + 1 < len(flow.items):
        return _cut(text, start, flow.items[index + 1].start.index, "")
    if index and "#" not in text[flow.items[index - 1].end.index : start]:
        return _cut(text, flow.items[index - 1].end.index, end, "")
    comma = re.match(r"\s*,", text[end:])
    return _cut(text, start, end + (comma.end() if comma else 0), "")
