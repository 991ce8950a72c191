"""Where a template is found, and the digest by which a plan sees that it changed. Light: nothing is rendered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bot.errors import TemplateError
from bot.io import digest
from bot.io.paths import TEMPLATES

PICTURES = ("predictions.svg.j2", "square.svg.j2", "loss.svg.j2")
"""Templates of the pictures that stand with every card."""
LARGEST = 1 << 20
"""Bytes of one template; the card's own has 6,000."""
_INCLUDE = re.compile(r"""\{%-?\+?\s*(?:include|extends|import|from)\s+["']([^"']+)["']""")


def find_template(name: str, folders: Sequence[Path] = TEMPLATES) -> Path:
    """The file of the template `name` (`model_card`), from the first folder that has it. TemplateError for none."""
    return find(f"{name}.md.j2", folders)


def template_digest(name: str, folders: Sequence[Path] = TEMPLATES) -> str:
    """Digest of the template, all it includes and the pictures' templates: equal when cards would look equal."""
    contents: dict[str, str] = {}
    waiting: dict[str, tuple[str, int] | None] = dict.fromkeys((f"{name}.md.j2", *PICTURES))
    while waiting:
        file, place = waiting.popitem()
        path = find(file, folders, place)
        text = contents[file] = read(path)
        for part in _INCLUDE.finditer(text):
            if part[1] not in contents and part[1] not in waiting:
                waiting[part[1]] = (str(path), text.count("\n", 0, part.start()) + 1)
    return digest.short(contents)


def find(file: str, folders: Sequence[Path], place: tuple[str, int] | None = None) -> Path:
    """A file from the first folder that has it. TemplateError with the path and line that ask for it, for none."""
    for folder in () if outside(file) else folders:
        if (folder / file).is_file():
            return folder / file
    raise TemplateError(missing(file, folders), place)


def outside(file: str) -> bool:
    """Whether this name leads out of the folders: a template names its parts by paths below them."""
    return ".." in Path(file).parts or Path(file).is_absolute()


def read(path: Path) -> str:
    """A template's text. TemplateError when it cannot be read, is too large or not UTF-8."""
    data = b""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise TemplateError(
                f"{path}: it is larger than {LARGEST >> 20} MiB, and no template; take some of it out"
            )
        return data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise TemplateError("this is not UTF-8; save the file as UTF-8", (str(path), line)) from None
    except OSError as error:
        raise TemplateError(f"{path}: cannot be read: {error.strerror}") from None


def missing(file: str, folders: Sequence[Path]) -> str:
    """The sentence for a template that does not exist."""
    looked = ", ".join(str(folder) for folder in folders)
    return f"there is no template {file} in {looked}; fix `template:` or add the file"
