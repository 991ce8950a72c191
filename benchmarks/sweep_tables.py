"""Tables of docs/quality.md from the rows of a sweep."""

from __future__ import annotations

from sweep_results import Row


def tables(rows: list[Row]) -> str:
    """Markdown."""
    raise NotImplementedError(len(rows))
