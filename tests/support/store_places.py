"""A place in memory, which only tests may name."""

from __future__ import annotations

import uuid

from bot.store.places import Place


def memory() -> Place:
    """An empty place in the memory of this process."""
    name = uuid.uuid4().hex
    return Place("memory", f"memory://{name}", "", name)
