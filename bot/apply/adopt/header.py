"""The head of an older card: profile pictures, display names and handles, as its HTML shows them.

Names went into that HTML unescaped, so it is read line by line and never as a tree.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

_STYLE = re.compile(r'<div\s+style="([^"]*)"')
_PICTURE = re.compile(r"background-image:\s*url\(\s*['\"]?(.*?)['\"]?\s*\)", re.DOTALL)
_BOLD = re.compile(r"^[ \t]*<div[^>]*font-weight:\s*800[^>]*>(.*)</div>[ \t]*$", re.MULTILINE)
_HANDLES = re.compile(
    r"^[ \t]*<div[^>]*>[ \t]*@([A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*)(?: bot)?[ \t]*</div>", re.M
)
_MARK = re.compile(r"\s*🤖\s*AI\s+(?:BOT|CYBORG)\s*(?:🤖\s*)?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Header:
    """What the head says. `names` is the line of all display names, None when there is none that can be read.

    `handles` are in lower case, as they stand there; `avatars` the addresses of the pictures that are shown, in
    their order, None for an empty one. `several` says that the head is of the kind made for several people.
    """

    names: str | None
    handles: tuple[str, ...]
    avatars: tuple[str | None, ...]
    several: bool


def read(block: str) -> Header:
    """Reads the part of the card above its text."""
    bold = [html.unescape(found).strip() for found in _BOLD.findall(block)]
    several = len(bold) == 2 and _MARK.fullmatch(f" {bold[0]}") is not None
    names: str | None = None
    if several:
        names = bold[1]
    elif len(bold) == 1 and _MARK.search(bold[0]):
        names = _MARK.sub("", bold[0])
    found = _HANDLES.search(block)
    handles = tuple(found[1].lower().split("-")) if found else ()
    return Header(names, handles, tuple(_avatars(block)), several)


def _avatars(block: str) -> list[str | None]:
    shown: list[str | None] = []
    for style in map(html.unescape, _STYLE.findall(block)):
        picture = _PICTURE.search(style)
        if picture is not None and not re.search(r"display:\s*none", style):
            shown.append(picture[1].strip() or None)
    return shown
