"""The ledger of paid reads: each run has its own file for a month, so that runs need no lock.

ledger/NETWORK/2026-11/RUN.json
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from bot.errors import SourceError
from bot.store.files import Files
from bot.store.names import quoted
from bot.store.sealed import seal, unseal

FOLDER = "ledger"


def add(files: Files, network: str, run: str, reads: int, now: datetime) -> None:
    """Adds paid reads to a run's own file; a negative number gives some back. Written whole or not at all."""
    path = f"{_month(network, now)}/{quoted(run)}.json"
    data = files.read(path)
    total = reads + (_reads(files, path, data) if data is not None else 0)
    files.write(path, seal({"reads": total}))


def total(files: Files, network: str, month: date) -> int:
    """The reads of all runs together in a month (in UTC)."""
    folder = _month(network, month)
    names = [name for name in files.names(folder) if name.endswith(".json")]
    found = files.read_many([f"{folder}/{name}" for name in names])
    return max(0, sum(_reads(files, path, data) for path, data in found.items()))


def _month(network: str, day: date) -> str:
    if isinstance(day, datetime):
        day = day.astimezone(UTC)
    return f"{FOLDER}/{network}/{day:%Y-%m}"


def _reads(files: Files, path: str, data: bytes) -> int:
    """The reads in a file. SourceError for a damaged one: counting it as zero would overdraw the budget."""
    try:
        reads = unseal(data, path).get("reads")
    except ValueError:
        reads = None
    if not isinstance(reads, int) or isinstance(reads, bool):
        raise SourceError(
            f"store {files.url}: {path} is damaged, so it is not known how many reads were paid for; "
            'write {"reads": N} into it, or delete it'
        )
    return reads
