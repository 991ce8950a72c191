"""Golden files: what commands print, kept in tests/golden/ and compared whole.

`pytest --update-golden` rewrites them; read the difference before you commit it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "golden"
VARYING = (
    (re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:\+00:00|Z)"), "<time>"),
    (re.compile(r"(?<=read on )20\d\d-\d\d-\d\d|(?<=published:  )20\d\d-\d\d-\d\d"), "<today>"),
    (re.compile(r"perplexity \d+\.\d+, its base \d+\.\d+"), "perplexity <number>, its base <number>"),
    (re.compile(r'"[0-9a-f]{16}"|"[0-9a-f]{40}"'), '"<digest>"'),
)
"""What differs from day to day or machine to machine, and what stands for it in a golden file."""


def stable(text: str, places: Mapping[str, str]) -> str:
    """`text` with each place (a path of this run) and each varying value replaced by its name."""
    for place in sorted(places, key=len, reverse=True):
        text = text.replace(place, places[place])
    for pattern, name in VARYING:
        text = pattern.sub(name, text)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def check(name: str, text: str, update: bool) -> None:
    """Compares `text` with the golden file `name`, or writes that file when `update` is set."""
    path = FOLDER / name
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert path.is_file(), f"there is no {path.name}; write it with: pytest --update-golden"
    assert text.splitlines() == path.read_text().splitlines(), f"{path.name} differs; see --update-golden"
