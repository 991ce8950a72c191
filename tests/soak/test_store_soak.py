"""Two clients, kills and faults on each kind of store: what was acknowledged stays, what was purged stays away.

MYNAH_SOAK_S is how many seconds all kinds together may take (16), MYNAH_SOAK_SEED where chance begins (1).
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hub_bench import HubBench
from store_client import NETWORK, NOW, SHARED

from bot.store import Store

pytest_plugins = ["store_fixtures"]

SOURCES = ("folder", "bucket", "dataset", "s3")
SECONDS = float(os.environ.get("MYNAH_SOAK_S", "16")) / len(SOURCES)
SEED = int(os.environ.get("MYNAH_SOAK_SEED", "1"))
CLIENT = Path(__file__).with_name("store_client.py")
PATIENCE_S = 120.0
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 503},
    {"status": 429, "headers": {"Retry-After": "0"}},
    {"status": 500, "execute": True, "method": "POST"},
    {"cut": "response"},
    {"cut": "connect"},
)


@dataclass
class Ledgered:
    """What must be there, since it was acknowledged, and what may be there, since it was begun."""

    must: dict[str, set[int]] = field(default_factory=dict)
    may: dict[str, set[int]] = field(default_factory=dict)
    reads_must: int = 0
    reads_may: int = 0
    purged: int = 0
    failed: int = 0

    def note(self, line: dict[str, Any]) -> None:
        """Takes in one line of a client's log."""
        done, kind, handle = line["event"] == "done", line.get("kind"), line.get("handle", "")
        must, may = self.must.setdefault(handle, set()), self.may.setdefault(handle, set())
        if line["event"] == "failed":
            self.failed += 1
        elif kind in ("merge", "victim"):
            (must if done else may).update(line["posts"])
        elif kind == "purge":
            (may if done else must).clear()
            self.purged += done
        elif kind == "reads" and done:
            self.reads_must += line["reads"]
        elif kind == "reads":
            self.reads_may += line["reads"]

    def check(self, store: Store, chance: str) -> None:
        """Looks at the store with a fresh eye."""
        facts = store.all_facts()
        for handle in self.may:
            held = store.load(handle, "x") if handle else None
            ids = {int(post.id) for post in held.posts} if held else set()
            assert self.must[handle] <= ids, f"{chance}: {handle} lost {sorted(self.must[handle] - ids)[:5]}"
            assert ids <= self.may[handle], (
                f"{chance}: {handle} got back {sorted(ids - self.may[handle])[:5]}"
            )
            assert held is None or not held.warnings, chance
            if held:
                assert facts[NETWORK, handle].total == len(ids), chance
            if handle and not self.may[handle]:
                assert not [path for path in store._files.below(NETWORK) if f"/{handle}/" in path], chance
        assert self.reads_must <= store.reads(NETWORK, NOW) <= self.reads_may, chance


@contextmanager
def s3() -> Iterator[str]:
    """An empty bucket on moto's server, and the environment that leads to it."""
    import boto3
    import s3fs
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name, value in (
            ("ACCESS_KEY_ID", "test"),
            ("SECRET_ACCESS_KEY", "test"),
            ("DEFAULT_REGION", "us-east-1"),
        ):
            patch.setenv(f"AWS_{name}", value)
        s3fs.S3FileSystem.clear_instance_cache()
        client = boto3.client("s3")
        client.create_bucket(Bucket="soak")
        client.close()
        yield "s3://soak/store"
    server.stop()


def spawn(url: str, name: str, seed: int, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(CLIENT), url, name, str(seed), "6", str(log)]
    log.touch()
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def finish(client: subprocess.Popen[bytes], log: Path, kill_after: int | None) -> int:
    """Waits for a client's end, or kills it after so many lines of its log; the exit status."""
    until = time.monotonic() + PATIENCE_S
    while kill_after is not None and client.poll() is None and time.monotonic() < until:
        if len(log.read_bytes().splitlines()) >= kill_after:
            client.kill()
            break
        time.sleep(0.005)
    words = client.communicate(timeout=PATIENCE_S)[1].decode()
    assert client.returncode in (0, -9), words
    return client.returncode


def soak(url: str, folder: Path, bench: HubBench | None) -> Ledgered:
    """Rounds of two clients until the time is up; each is checked."""
    chance, seen = random.Random(SEED), Ledgered()
    until = time.monotonic() + SECONDS
    for number in itertools.count(1):
        if bench is not None:
            bench.clear()
            for _ in range(chance.randrange(4)):
                bench.fault(
                    **{"path": ".", "skip": chance.randrange(60), "times": 1, **chance.choice(FAULTS)}
                )
        seed = SEED * 1_000 + number
        logs = [folder / f"{name}-{number}" for name in "ab"]
        clients = [spawn(url, name, seed, log) for name, log in zip("ab", logs, strict=True)]
        for client, log in zip(clients, logs, strict=True):
            finish(client, log, chance.randrange(1, 13) if chance.random() < 0.7 else None)
        for log in logs:
            for line in log.read_text().splitlines():
                seen.note(json.loads(line))
        if bench is not None:
            bench.clear()
        seen.check(Store(url), f"seed {SEED}, round {number}")
        if time.monotonic() > until:
            return seen
    raise AssertionError


@pytest.mark.parametrize("kind", SOURCES)
def test_nothing_acknowledged_is_lost_and_nothing_purged_comes_back(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "folder":
        seen = soak(f"file://{tmp_path}/store", tmp_path, None)
    elif kind == "s3":
        with s3() as url:
            seen = soak(url, tmp_path, None)
    else:
        bench: HubBench = request.getfixturevalue("bench")
        name = f"soak-{os.urandom(4).hex()}"
        url = f"buckets/{bench.bucket(name)}" if kind == "bucket" else f"datasets/{bench.repo(name)}"
        seen = soak(f"hf://{url}/store", tmp_path, bench)
    assert seen.may[SHARED]
