"""The values that X's own OpenAPI specifications allow in what the bot asks for: 2.166 of July 2026, 2.167 of August.

Anything else in one of these parameters is a 400 for the whole request. The lists are copied from the documents.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

SPECS = ("2.166", "2.167")
BOTH = "both"
"""Both vocabularies at once, the answer in that of the question: what users of the real API saw in August 2026."""

_LISTS = json.loads(Path(__file__).with_suffix(".json").read_text())


def allowed(spec: str, of: Literal["users", "posts"]) -> dict[str, set[str]]:
    """The allowed values by the name of a parameter, in a request for a profile or for posts."""
    merged: dict[str, set[str]] = {}
    for one in SPECS if spec == BOTH else (spec,):
        for name, values in _LISTS[one][of].items():
            merged.setdefault(name, set()).update(values)
    return merged
