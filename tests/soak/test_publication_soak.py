"""Two runs, kills, faults of the Hub and third parties: one commit a publication, each whole, nobody's file lost.

MYNAH_SOAK_S is how many seconds it may take (30), MYNAH_SOAK_SEED where chance begins (1).
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hub_bench import HubBench
from tiny_bases import sentences

SECONDS = float(os.environ.get("MYNAH_SOAK_S", "30"))
SEED = int(os.environ.get("MYNAH_SOAK_SEED", "1"))
CLIENT = Path(__file__).with_name("publication_client.py")
ROOT = Path(__file__).parents[2]
NAMES = ("ada", "bob")
OURS = ("Train on", "Render", "Publish", "Update")
PATIENCE_S = 120.0
"""A run that takes longer hangs. It is for that alone: nothing is measured by it."""
PLACES = (
    r"/commit/",
    r"/preupload/",
    r"objects/batch",
    r"/api/models\?",
    r"/resolve/",
    r"/whoami",
    r"/create",
)
EFFECTS: tuple[dict[str, Any], ...] = (
    {"status": 503},
    {"status": 500, "execute": True},
    {"status": 429, "headers": {"Retry-After": "0"}},
    {"cut": "connect"},
    {"cut": "response"},
    {"cut": "response", "execute": True},
)


@dataclass
class Fleet:
    """A registry of two models that a Hub holds, and what third parties put beside them."""

    folder: Path
    bench: HubBench
    base: Path
    chance: random.Random
    epochs: int = 1
    added: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in NAMES})
    killed: int = 0
    runs: int = 0

    def prepare(self) -> None:
        for seed, name in enumerate(NAMES):
            lines = [
                json.dumps({"id": str(n), "text": text, "created_at": f"2026-01-01T00:{n % 60:02}:00Z"})
                for n, text in enumerate(sentences(250, seed + 1))
            ]
            (self.folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
        self.write()

    def write(self) -> None:
        entries = "".join(f"  - {{handles: [{name}], jsonl: {name}.jsonl}}\n" for name in NAMES)
        (self.folder / "registry.yaml").write_text(
            "version: 1\nnamespace: acme\ncontact: https://example.org/removal\nstore: file://store\n"
            f"defaults: {{source: jsonl, base: {self.base}, consent: self, recipe: {{epochs: {self.epochs}}}}}\n"
            f"models:\n{entries}"
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        self.runs += 1
        path = ":".join(str(ROOT / part) for part in (".", "tests/support"))
        command = [sys.executable, str(CLIENT), "apply", "--max-change", "100%", "--wait", "4", *arguments]
        return subprocess.Popen(
            [*command, "--registry", str(self.folder / "registry.yaml")],
            env={**self.bench.environment(), "PYTHONPATH": path, "HF_HUB_DISABLE_XET": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, run: subprocess.Popen[str], *, kill: bool = False) -> tuple[int, str]:
        if kill:
            time.sleep(self.chance.uniform(0.8, 3.0))
            self.killed += run.poll() is None
            run.send_signal(signal.SIGKILL)
        output, _ = run.communicate(timeout=PATIENCE_S)
        assert self.bench.token not in output
        assert "Traceback" not in output, output
        return run.returncode, output

    def meddle(self, name: str) -> None:
        """Somebody else puts a file into the repo, if it is there."""
        file = f"quantised-{len(self.added[name])}.txt"
        if self.bench.commit(f"acme/{name}", {file: b"made by hand"}):
            self.added[name].add(file)

    def round(self) -> None:
        for _ in range(self.chance.randint(0, 3)):
            where, effect = self.chance.choice(PLACES), self.chance.choice(EFFECTS)
            self.bench.fault(
                path=where, skip=self.chance.randint(0, 3), times=self.chance.randint(1, 2), **effect
            )
        if self.chance.random() < 0.6:
            self.epochs += 1
            self.write()
        only = [word for name in NAMES for word in ("--only", name)]  # what failed before is tried at once
        runs = [self.start(*only) for _ in range(self.chance.choice([1, 1, 2]))]
        if self.chance.random() < 0.5:
            time.sleep(self.chance.uniform(0.5, 2.0))
            self.meddle(self.chance.choice(NAMES))
        for run in runs:
            code, output = self.end(run, kill=self.chance.random() < 0.35)
            assert code in (0, 1, -signal.SIGKILL), output
        self.bench.clear()

    def check(self, seed: str) -> None:
        """Reads every commit of every repo."""
        for name in NAMES:
            history = self.bench.history(f"acme/{name}")
            before = b""
            for number, commit in enumerate(history):
                files = self.bench.files(f"acme/{name}", commit["id"])
                if not commit["title"].startswith(OURS):
                    continue
                data = files["bot.json"]
                assert data != before, f"{seed}: {name} was published twice: {commit['title']}"
                before = data
                for path, told in json.loads(data)["files"].items():
                    assert digest_of(told) == hashlib.sha256(files[path]).hexdigest(), (
                        f"{seed}: {path} of {number}"
                    )
            if history:
                head = self.bench.files(f"acme/{name}", history[-1]["id"])
                assert self.added[name] <= head.keys(), (
                    f"{seed}: {name} lost {self.added[name] - head.keys()}"
                )


def digest_of(told: Any) -> str:
    return str(told["sha256"] if isinstance(told, dict) else told).removeprefix("sha256:")


def test_publication_survives_faults_kills_and_third_parties(tmp_path: Path, tiny_base: Path) -> None:
    until = time.monotonic() + SECONDS
    for trial in itertools.count(SEED):
        folder = tmp_path / str(trial)
        folder.mkdir()
        with HubBench(tmp_path / f"hub-{trial}", "--lfs-threshold", "1000000") as bench:
            fleet = Fleet(folder, bench, tiny_base, random.Random(trial))
            fleet.prepare()
            for number in range(4):
                fleet.round()
                fleet.check(f"seed {trial}, round {number}")
            code, output = fleet.end(fleet.start(*[word for name in NAMES for word in ("--only", name)]))
            assert code == 0, output
            fleet.check(f"seed {trial}, converged")
            heads = {name: fleet.bench.history(f"acme/{name}")[-1]["id"] for name in NAMES}
            code, output = fleet.end(fleet.start())
            assert code == 0, output
            assert heads == {name: fleet.bench.history(f"acme/{name}")[-1]["id"] for name in NAMES}, output
        if time.monotonic() > until:
            break
    if SECONDS >= 120:
        assert fleet.runs


if __name__ == "__main__":
    pytest.main([__file__, "-q"])
