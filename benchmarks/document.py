"""Tables in the documents: a script replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->`."""

from __future__ import annotations

import re
from pathlib import Path


def replace_table(document: Path, name: str, text: str) -> None:
    """Writes `text` between the marks of that name, which must stand in the document once."""
    old = document.read_text(encoding="utf-8")
    marks = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.DOTALL)
    new, count = marks.subn(lambda match: f"{match[1]}{text.strip()}\n{match[2]}", old)
    if count != 1:
        raise SystemExit(f"{document} has {count} places marked {name}; there must be one")
    document.write_text(new, encoding="utf-8")
