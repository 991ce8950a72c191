"""How long a timeline of 3,200 posts takes over X's API, beside a bare loop over the same pages.

    python benchmarks/x_timeline.py [TURNS]

A loopback API in a process of its own answers each request after 20 ms. The source looks at the profile, fetches
its picture, keeps to a budget, and turns every record into a post; the bare loop decodes JSON and no more. Both
take turns. Limit: 1.3 times the wall time of the bare loop.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

POSTS, DELAY_S = 3_200, 0.020


def main(turns: int) -> None:
    with api() as (url, token):
        ways: dict[str, Callable[[], int]] = {
            "bare loop over pages": lambda: bare(url, token),
            "source x": lambda: source(url, token),
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for turn in range(turns + 1):
            for name, way in ways.items():
                wall, cpu = time.perf_counter(), time.process_time()
                if (posts := way()) != POSTS:
                    sys.exit(f"{name} read {posts} posts")
                if turn:  # the first turn imports tweepy and warms the caches
                    taken[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    print(f"{POSTS:,} posts, {DELAY_S * 1000:.0f} ms an answer, median of {turns} turns")
    print(f"machine: {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}\n")
    first = [wall for wall, _ in taken["bare loop over pages"]]
    print(f"{'':<24}{'wall s':>8}{'CPU s':>8}{'ratio':>8}")
    for name, turns_taken in taken.items():
        walls, cpus = zip(*turns_taken, strict=True)
        ratio = statistics.median(wall / base for wall, base in zip(walls, first, strict=True))
        print(f"{name:<24}{statistics.median(walls):>8.2f}{statistics.median(cpus):>8.2f}{ratio:>8.2f}")
    print("\nlimit: a ratio of 1.3")


def bare(url: str, token: str) -> int:
    session, params, posts = requests.Session(), {"max_results": "100", "tweet.fields": FIELDS}, 0
    session.headers["Authorization"] = f"Bearer {token}"
    while True:
        page = session.get(f"{url}/2/users/1000/tweets", params=params, timeout=30).json()
        posts += len(page["data"])
        if "next_token" not in page["meta"]:
            return posts
        params["pagination_token"] = page["meta"]["next_token"]


FIELDS = "created_at,edit_history_tweet_ids,entities,lang,note_tweet,possibly_sensitive,referenced_tweets"


def source(url: str, token: str) -> int:
    from bot.sources import open_source
    from bot.sources.budget import Budget, Limit

    environment = {"X_BEARER_TOKEN": token, "X_API_BASE": url}
    x = open_source("x", environment=environment, budget=Budget([Limit("--max-reads", 20_000)]))
    return sum(1 for _ in x.read("ada_example").posts)


@contextmanager
def api() -> Iterator[tuple[str, str]]:
    """The address of an API with one account, and its token."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


def serve(line: Connection) -> None:
    from x_server import XServer, post

    with XServer() as server:
        link = "https://t.co/abcdefghij"
        text = "some words of a made up post &amp; more of them, as long as people write, more or less "
        entities = {"urls": [{"start": len(text), "end": len(text) + len(link), "url": link}]}
        server.add("ada_example", [post(n, text + link, entities=entities) for n in range(POSTS, 0, -1)])
        server.fault(times=-1, delay_s=DELAY_S)
        line.send((server.url, server.token))
        line.recv()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
