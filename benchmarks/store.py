"""How fast a store of 10,000 accounts with 3,200 posts each answers.

    python benchmarks/store.py [ACCOUNTS]

One account is made and cloned by links. Limits, on a local disk: one account opened in 50 ms, the plan's view
of all of them in 5 s.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.sources.posts import Post, Profile, Timeline
from bot.store import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNTS = 10_000
POSTS = 3_200


def main(accounts: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        words = ["all", "is", "well", "on", "this", "fine", "morning", "and", "more", "to", "say"]
        posts = [
            Post(str(n), f"{n} {' '.join(words[n % 9 :])}", NOW - timedelta(hours=n), "en")
            for n in range(POSTS)
        ]
        profile = Profile("account0", "Account", "x", id="1", avatar=bytes(20_000))
        started = time.perf_counter()
        store.merge(Timeline(profile, posts), "x", now=NOW)
        merging = time.perf_counter() - started
        first = Path(folder) / "x/account0"
        for number in range(1, accounts):
            clone = Path(folder) / f"x/account{number}"
            clone.mkdir()
            for file in first.iterdir():
                if file.name == "facts.json":
                    (clone / file.name).write_bytes(
                        file.read_bytes().replace(b"account0", clone.name.encode())
                    )
                else:
                    os.link(file, clone / file.name)
        print(f"{accounts:,} accounts, {POSTS:,} posts each")
        print(f"machine: {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}\n")
        print(f"{'put one account':<28}{merging * 1000:>9.1f} ms")
        print(
            f"{'open one account':<28}{best(lambda: store.load('account7', 'x')) * 1000:>9.1f} ms  limit 50 ms"
        )
        print(f"{'facts of one account':<28}{best(lambda: store.facts('account7', 'x')) * 1000:>9.1f} ms")
        for number in range(accounts):
            store.remember(f"account{number}", handles=[f"account{number}"], ask_again=NOW.isoformat())
        view = best(lambda: len(store.all_facts()) == accounts or sys.exit("accounts are missing"), times=1)
        noted = best(lambda: len(store.all_notes()) == accounts or sys.exit("notes are missing"), times=1)
        print(f"{'plan: facts of all':<28}{view * 1000:>9.1f} ms")
        print(f"{'plan: notes of all':<28}{noted * 1000:>9.1f} ms")
        print(f"{'plan: its view of all':<28}{(view + noted) * 1000:>9.1f} ms  limit 5,000 ms")


def best(work: Callable[[], object], times: int = 5) -> float:
    """The shortest of some runs, in seconds."""
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        durations.append(time.perf_counter() - started)
    return min(durations)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ACCOUNTS)
