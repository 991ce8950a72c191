"""One client of a store under test: does what a seed says and writes down what it begins and what was acknowledged.

store_client.py URL NAME SEED OPERATIONS LOG
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from bot.errors import SourceError
from bot.sources import Cursor
from bot.sources.posts import Network, Post, Profile, Timeline
from bot.store import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHARED = "ada"
NETWORK: Network = "x"


class Broken(SourceError):
    """The network that this client reads from is gone."""


def post(number: int) -> Post:
    return Post(str(number), f"canary number {number} sings", NOW + timedelta(minutes=number))


def reading(numbers: list[int], breaks: bool) -> Iterator[Post]:
    for number in sorted(numbers, reverse=True):
        yield post(number)
    if breaks:
        raise Broken("the network is gone")


def merge(store: Store, chance: random.Random, handle: str, numbers: list[int]) -> None:
    """A free reading, or a paid one that may break off; both store what came."""
    paid, profile = chance.random() < 0.5, Profile(handle, handle, NETWORK, id=f"id-{handle}")
    timeline = Timeline(profile, reading(numbers, paid and chance.random() < 0.5))
    since = Cursor("0", NOW) if paid else None
    try:
        store.merge(timeline, "x", now=datetime.now(UTC), since=since, paid=paid)
    except Broken as broken:
        if broken.__cause__ is not None:  # what came could not be stored, either
            raise SourceError("not stored") from None


def act(store: Store, chance: random.Random, name: str, run: str, start: int, log: TextIO) -> None:
    """One operation, its beginning and its end written down; a store that fails acknowledges nothing."""

    def write(word: str, **values: Any) -> None:
        log.write(json.dumps({"event": word, **values}) + "\n")
        log.flush()

    victim = f"victim-{name}"
    kind = chance.choices(["merge", "victim", "purge", "reads", "note"], [5, 2, 2, 2, 1])[0]
    numbers = list(range(start, start + chance.choice([1, 3, 520])))
    told: dict[str, Any] = {"kind": kind, "handle": SHARED if kind == "merge" else victim}
    told |= {"posts": numbers} if kind in ("merge", "victim") else {"reads": len(numbers)}
    write("begin", **told)
    try:
        match kind:
            case "merge" | "victim":
                merge(store, chance, told["handle"], numbers)
            case "purge":
                store.purge(victim)
            case "reads":
                store.record_reads(NETWORK, run, len(numbers), NOW)
            case "note":
                store.remember(victim, handles=[victim], asked=start)
    except SourceError as error:
        write("failed", why=str(error))
    else:
        write("done", **told)


def main(url: str, name: str, seed: str, operations: str, log: str) -> None:
    """Acts so many times."""
    chance, store = random.Random(seed), Store(url)
    first = int(seed) * 100_000 + (50_000 if name == "b" else 0)
    with Path(log).open("a") as lines:
        for number in range(int(operations)):
            act(store, chance, name, f"{name}-{seed}", first + number * 1_000, lines)


if __name__ == "__main__":
    main(*sys.argv[1:])
