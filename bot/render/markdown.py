"""Markdown for pages of GitHub: job summaries, comments and issues, in which strangers' text stands.

Nothing that comes from outside makes a link, a picture or a mention there, or notifies anybody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup

from bot.render import escape

LONGEST = 400
"""Characters shown of one text: a reason or a name that is longer says nothing more."""

_BREAK = "\u200b"
# GitHub makes links of these by itself, written as entities too: people, issues and addresses.
_LINKED = re.compile(r"@(?=\w)|#(?=\d)|\bGH-(?=\d)|:(?=//)|\bwww(?=\.)", re.IGNORECASE)
# What means something inside a line, and what does at its beginning alone: a list, a heading, a rule.
_MEANS = re.compile(r"[&<>|`*_\[\]\\~$#!@^{}]|^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")


def prose(text: object, length: int = LONGEST) -> Markup:
    """A stranger's text as plain words on one line: no Markdown, no HTML, no mention, no link."""
    if isinstance(text, Markup):
        return text
    # What is dropped from text as invisible is added on purpose, after the cleaning.
    apart = _LINKED.sub(lambda found: found[0] + _BREAK, escape.shorten(str(text), length))
    return Markup(_MEANS.sub(lambda found: f"&#{ord(found[0])};", apart))  # noqa: S704 - this is the escape


def code(text: object, length: int = LONGEST) -> Markup:
    """A stranger's text as code: shown as it is, on one line; a pipe cannot end the cell that it stands in."""
    short = escape.shorten(str(text), length).replace("|", "\\|") or " "
    fence = "`" * (1 + max(map(len, re.findall("`+", short)), default=0))
    space = " " if short.startswith("`") or short.endswith("`") or short == " " else ""
    return Markup(f"{fence}{space}{short}{space}{fence}")  # noqa: S704 - nothing ends a longer fence


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Markup:
    """A table; cells that are not Markup yet are plain words. Empty without rows."""
    if not rows:
        return Markup("")
    lines = [head, ["---"] * len(head), *(tuple(map(prose, row)) for row in rows)]
    return Markup("\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n")  # noqa: S704 - escaped above


def link(label: object, address: str) -> Markup:
    """A link of ours, to an address that was checked; anything but https (or a test's http) is no link."""
    if not re.fullmatch(r"https?://[\w.:\[\]-]+/[\w./~#?=&%+@:-]*", address):
        return prose(label)
    target = escape.escape_url(address) if address.startswith("https") else address
    return Markup(f"[{prose(label)}]({target})")  # noqa: S704 - both escaped


def cut(text: str, size: int, note: str) -> str:
    """The text in at most `size` bytes of UTF-8, cut after a whole line, and then saying `note`."""
    data = text.encode()
    if len(data) <= size:
        return text
    end = f"\n\n{note}\n".encode()
    kept = data[: max(0, size - len(end))]
    return kept[: kept.rfind(b"\n") + 1].decode() + end.decode()
