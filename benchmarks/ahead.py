"""Whether a trainer waits for posts: 50 accounts over X's API, fetched while the models before them train.

    python benchmarks/ahead.py [ACCOUNTS]

A loopback API in a process of its own answers each request after 20 ms; every account has 1,000 posts. `bot apply`
runs as it is, on a folder hub and with a base of random weights, and this measures how long the trainer stood
still between two models, and how much of it was for posts that were not there yet. Limit: none of it, once the
first posts are there.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

POSTS, DELAY_S = 1_000, 0.020
REGISTRY = """\
version: 1
namespace: org
contact: https://example.org/removal
store: file://{folder}/store
x: {{terms_acknowledged: true}}
policy: {{max_copying: 1}}
defaults: {{source: x, base: {base}, consent: self, recipe: {{epochs: 1, learning_rate: 0.01, block_size: 64}}}}
models:
{models}
"""


class Watch:
    """When training of each model began and ended, and what was fetched by then."""

    def __init__(self) -> None:
        self.began: list[float] = []
        self.fetched: list[float] = []
        self.ended: list[float] = []

    def stage(self, name: str, stage: str, detail: str = "") -> None:
        """Notes when a model's turn began, and when one account's posts were there: the next one's fetch begins."""
        if stage == "load":
            self.began.append(time.perf_counter())
        elif stage == "fetch":
            self.fetched.append(time.perf_counter())

    def progress(self, name: str, progress: object) -> None:
        """Nothing to note."""

    def done(self, name: str, result: str) -> None:
        """Nothing to note."""

    def say(self, text: str) -> None:
        """Shows what went wrong."""
        if ": failed" in text or ": deferred" in text:
            print(text)


def main(accounts: int) -> None:
    with tempfile.TemporaryDirectory() as place, api(accounts) as (url, token):
        from tiny_bases import build_tiny_base

        folder = Path(place)
        handles = [f"ada_{number}" for number in range(accounts)]
        models = "\n".join(f"  - handles: [{handle}]" for handle in handles)
        text = REGISTRY.format(folder=folder, base=build_tiny_base(folder / "base"), models=models)
        (folder / "registry.yaml").write_text(text)
        watch = Watch()
        wall, outcomes = run(folder, watch, {"X_API_BASE": url, "X_BEARER_TOKEN": token})
    waits = [began - ended for began, ended in zip(watch.began[1:], watch.ended, strict=False)]
    print(
        f"{accounts} accounts of {POSTS:,} posts, {DELAY_S * 1000:.0f} ms an answer; {outcomes} models made"
    )
    print(f"machine: {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}\n")
    print(f"whole run           {wall:8.1f} s")
    print(f"training            {wall - sum(waits):8.1f} s")
    late = [there - ended for there, ended in zip(watch.fetched[2:], watch.ended, strict=False)]
    print(f"waiting for posts   {sum(max(0.0, wait) for wait in late):8.3f} s")
    print(f"trainer stood still {sum(waits):8.3f} s in all, {max(waits):.3f} s at most")
    print("\nlimit: no waiting for posts")


def run(folder: Path, watch: Watch, environment: Mapping[str, str]) -> tuple[float, int]:
    """Applies the registry; returns wall seconds and the number of models made."""
    os.environ.update(environment)
    from bot import registry
    from bot.apply import build
    from bot.apply.context import Limits, RunContext
    from bot.apply.execute import execute
    from bot.hub.folder import FolderHub
    from bot.plan.make import make_plan
    from bot.store import Store

    tune = build.tune

    def timed(*args: object) -> object:
        made = tune(*args)  # type: ignore[arg-type]
        watch.ended.append(time.perf_counter())
        return made

    build.tune = timed  # type: ignore[assignment]
    found = registry.load(folder / "registry.yaml")
    hub = FolderHub(folder / "hub", "org")
    context = RunContext(
        found, hub, Store(found.store.url), lambda: datetime.now(UTC), watch, Limits(max_models=10_000)
    )
    began = time.perf_counter()
    outcomes = execute(make_plan(found, hub, found.store.url), context)
    return time.perf_counter() - began, sum(outcome.result == "done" for outcome in outcomes)


@contextmanager
def api(accounts: int) -> Iterator[tuple[str, str]]:
    """The address of an API with so many accounts, and its token."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=serve, args=(theirs, accounts), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


def serve(line: Connection, accounts: int) -> None:
    from tiny_bases import sentences
    from x_server import XServer, post

    with XServer() as server:
        for number in range(accounts):
            texts = sentences(POSTS, number)
            posts = [post(number * 100_000 + at, texts[at - 1]) for at in range(POSTS, 0, -1)]
            server.add(f"ada_{number}", posts)
        server.fault(times=-1, delay_s=DELAY_S)
        line.send((server.url, server.token))
        line.recv()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
