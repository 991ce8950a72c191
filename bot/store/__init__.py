"""The store: posts already fetched, so that each is read and paid for once, at a place of `places.SUPPORTED`.

    NETWORK/HANDLE/posts-DIGEST.jsonl.gz    one file, several after two runs at once, until the next merge
    NETWORK/HANDLE/facts.json               the facts that a plan needs; rebuilt from the posts where they differ
    notes/NAME.json                         the notes on a model, kept from one run to the next
    ledger/NETWORK/MONTH/RUN.json           the reads that a run has paid for
    purged/RANDOM.json                      the mark of a purge, so that runs that began before it restore nobody

Posts are only ever added as a new file, and the files that it replaces are removed after: two runs at once, or a
run killed at any instant, lose no post, and no lock is needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.store.facts import Check, Facts
    from bot.store.gaps import Gap
    from bot.store.merging import Merged
    from bot.store.purge_marks import PurgedDuringRun
    from bot.store.purging import Purged
    from bot.store.store import Store

__all__ = ["Check", "Facts", "Gap", "Merged", "Purged", "PurgedDuringRun", "Store"]

_MODULES = {
    "Check": "facts",
    "Facts": "facts",
    "Gap": "gaps",
    "Merged": "merging",
    "Purged": "purging",
    "PurgedDuringRun": "purge_marks",
    "Store": "store",
}


def __getattr__(name: str) -> object:
    """Loads a value's module when it is first asked for: to read a registry takes `places` alone."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
