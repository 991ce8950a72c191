"""What makes a text no YAML, in words: PyYAML's errors, and characters that an editor or git put there."""

from __future__ import annotations

import re

import yaml

from bot.errors import Replacement
from bot.registry.fault import Fault
from bot.registry.yaml_text import value

_CONFLICT = re.compile(r"^(<{7}|={7}|>{7})(?: .*)?$", re.MULTILINE)
_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_NO_BREAK = (
    f"^[ ]*([{_SPACES}][ {_SPACES}]*)|^[ ]*(?:- +)?[A-Za-z_]+ *:([ ]*[{_SPACES}]+)|^[ ]*-([ ]*[{_SPACES}]+)"
)
"""Spaces that YAML takes for text, where it needs plain ones; not compiled until a text is not ASCII."""

QUOTES = frozenset("\u201c\u201d\u201e\u2018\u2019\u201a\xab\xbb")
"""Typographic quotation marks, which quote nothing in YAML."""

_AT = re.compile(r"@(?=\w)")
_HANDLES = re.compile(r"(handles?|users?)\s*:\s*(@[^\[\]{}#:]*?)\s*(?=#|$)")


def merge_conflict(text: str) -> list[Fault]:
    """The fault that git's markers of a merge conflict stand in the text, else nothing."""
    if "<<<<<<<" not in text or ">>>>>>>" not in text:
        return []
    markers = list(_CONFLICT.finditer(text))
    if not {"<<<<<<<", ">>>>>>>"} <= {marker[1] for marker in markers}:
        return []
    lines = [text.count("\n", 0, marker.start()) + 1 for marker in markers]
    message = (
        f"git left a merge conflict here (lines {lines[0]} to {lines[-1]}): keep what is right of the two versions, "
        "and take the lines of <<<<<<<, ======= and >>>>>>> out"
    )
    return [Fault(lines[0], 1, message)]


def no_break_spaces(text: str) -> list[Fault]:
    """A fault for each no-break or other wide space that stands where YAML needs a plain one."""
    if text.isascii():
        return []
    faults = []
    for found in re.finditer(_NO_BREAK, text, re.MULTILINE):
        start, end = found.span(found.lastindex or 0)
        line, column = _position(text, start)
        message = "a no-break space, which YAML takes for text: write a plain space instead"
        faults.append(Fault(line, column, message, "", (Replacement(start, end, " " * (end - start)),)))
    return faults


def syntax(error: yaml.MarkedYAMLError, text: str) -> Fault:
    """The fault for an error of PyYAML: in words of our own, with the fix, where the cause is a common one."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Fault(1, 1, f"not YAML: {error.problem or error}")
    sign = text[mark.index : mark.index + 1]
    problem = error.problem or "not YAML"
    replacement = None
    if "cannot start any token" in problem and sign == "@":
        replacement = _without_at(text, mark.index)
        instead = (
            f": write {replacement.text}" if replacement.text else ": leave the @ out, or quote the value"
        )
        message = f"a value cannot begin with @{instead}"
    elif "cannot start any token" in problem and sign == "\t":
        message = "a tab: YAML is indented with spaces"
    elif "cannot start any token" in problem:
        message = f"a value cannot begin with {sign}: quote it"
    else:
        message = f"not YAML: {problem}"
        opened = error.context_mark
        if opened is not None and opened.line != mark.line:
            message += f" ({error.context}, which begins on line {opened.line + 1})"
        if problem.startswith("mapping values are not allowed"):
            message += "; check the indentation, and quote a value that holds a colon and a space"
        if any(quote in _line_at(text, mark.index) for quote in QUOTES):
            message += "; typographic quotes quote nothing in YAML: use straight ones"
    return Fault(mark.line + 1, mark.column + 1, message, "", (replacement,) if replacement else ())


def straightened(text: str) -> str | None:
    """What stands between typographic quotes, or None for a text that does not begin with one and end with one."""
    if len(text) > 2 and text[0] in QUOTES and text[-1] in QUOTES:
        return text[1:-1]
    return None


def _without_at(text: str, index: int) -> Replacement:
    """The rest of the line from the @ on without any, as a list if it is the value of `handles`."""
    start = text.rfind("\n", 0, index) + 1
    line = _line_at(text, index)
    if (found := _HANDLES.search(line)) and start + found.start(2) == index:
        names = re.split(r"[\s,]+", found[2].replace("@", "").strip(" ,"))
        return Replacement(start + found.start(), start + found.end(2), f"handles: {value(names)}")
    rest = re.split(r"[\]}]| #", line[index - start :])[0].rstrip()
    return Replacement(index, index + len(rest), _AT.sub("", rest))


def _line_at(text: str, index: int) -> str:
    start = text.rfind("\n", 0, index) + 1
    end = text.find("\n", index)
    return text[start : end if end >= 0 else len(text)]


def _position(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
