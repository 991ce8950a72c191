"""Where a template is found, and the digest by which a plan sees that it changed. Light: nothing is rendered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bot import digest
from bot.errors import UsageError
from bot.paths import TEMPLATES

PICTURES = ("predictions.svg.j2", "loss.svg.j2")
"""Templates of the pictures that stand with every card."""
_INCLUDE = re.compile(r"""\{%-?\+?\s*(?:include|extends|import|from)\s+["']([^"']+)["']""")


def find_template(name: str, folders: Sequence[Path] = TEMPLATES) -> Path:
    """The file of the template `name` (`model_card`), from the first folder that has it. UsageError for none."""
    return find(f"{name}.md.j2", folders)


def template_digest(name: str, folders: Sequence[Path] = TEMPLATES) -> str:
    """Digest of the template, all it includes and the pictures' templates: equal when cards would look equal."""
    contents: dict[str, str] = {}
    waiting = [f"{name}.md.j2", *PICTURES]
    while waiting:
        file = waiting.pop()
        if file not in contents:
            contents[file] = find(file, folders).read_text(encoding="utf-8")
            waiting.extend(_INCLUDE.findall(contents[file]))
    return digest.of_value(contents)[:16]


def find(file: str, folders: Sequence[Path]) -> Path:
    """A file from the first folder that has it. UsageError, naming the folders, for none."""
    for folder in folders:
        if (folder / file).is_file():
            return folder / file
    raise UsageError(missing(file, folders))


def missing(file: str, folders: Sequence[Path]) -> str:
    """What is said of a template that is not there."""
    looked = ", ".join(str(folder) for folder in folders)
    return f"there is no template {file} in {looked}; mend `template:` or add the file"
