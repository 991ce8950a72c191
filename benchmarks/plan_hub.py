"""What `bot plan` takes for a fleet of 10,000 published models: calls, seconds, peak memory.

    python benchmarks/plan_hub.py [MODELS]

On the project's test Hub over HTTP, in a process of its own, and on a folder hub. Limits: pages + 3 calls, 5 s of
CPU beyond fetching the same pages with the HTTP client alone, 400 MB; on the folder 10 s.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

from hub_process import calls, hub, measured

from bot import registry
from bot.plan import desired
from bot.registry import asked

PAGE = 100
LISTING = """
import sys
from huggingface_hub import get_session
url = sys.argv[1] + "/api/models?author=tester&expand=sha&expand=cardData&expand=tags&expand=private&expand=siblings"
rows = []
while url:
    answer = get_session().get(url, headers={"Authorization": "Bearer " + sys.argv[2]})
    rows += answer.json()
    url = answer.links.get("next", {}).get("url")
"""


def write_registry(folder: Path, models: int) -> Path:
    path = folder / "registry.yaml"
    lines = ["version: 1", "namespace: tester", "contact: https://example.org/removal"]
    lines += ["x: {terms_acknowledged: true}", "models:"]
    lines += [f"  - handles: [user_{number:05}]\n    consent: self" for number in range(models)]
    path.write_text("\n".join(lines) + "\n")
    return path


def versions(path: Path) -> dict[str, dict[str, bytes]]:
    """Every model as published from this very registry: a README, a manifest of real size, and empty files."""
    curve = [{"step": n, "epoch": n / 40, "train": 3.14159, "held_out": 3.2} for n in range(160)]
    samples = [{"prompt": "My dream is", "text": "to write this line " * 8, "seed": n} for n in range(5)]
    others = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "vocab.json"]
    others += [
        "merges.txt",
        "predictions.png",
        "assets/avatar.png",
        "assets/loss.png",
        "runs/events.tfevents.0",
    ]
    made = {}
    for wanted in desired.desired(registry.load(path)):
        facts: dict[str, Any] = {
            "version": 1,
            "handles": wanted.handles,
            "recipe": asked.recipe_digest(wanted.asked),
            "base": wanted.base,
            "template": wanted.template,
            "card": wanted.card.digest() if wanted.card else "",
            "newest_post": "2030-01-01T00:00:00Z",
            "trained_at": "2030-01-01T00:00:00Z",
        }
        matter = {"license": "mit", "tags": ["mynah"], "mynah": facts}
        manifest = {"version": 1, "name": wanted.name, "curve": curve, "samples": samples, "published": facts}
        made[wanted.name] = {
            "README.md": f"---\n{json.dumps(matter)}\n---\n# {wanted.name}\n{'words ' * 800}".encode(),
            "bot.json": json.dumps(manifest, indent=1).encode(),
            **dict.fromkeys(others, b""),
        }
    return made


def write_folders(path: Path, namespace: Path) -> None:
    for name, files in versions(path).items():
        for file, data in files.items():
            place = namespace / name / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)


def main(models: int) -> None:
    print(
        f"{models:,} models; machine: {platform.machine()}, {os.cpu_count()} CPUs, {platform.python_version()}\n"
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        path = write_registry(folder, models)
        # In a process of its own: a child's peak memory counts from its parent's.
        with multiprocessing.get_context("spawn").Pool(1) as apart:
            apart.apply(write_folders, (path, folder / "hub/tester"))
        plan = [
            sys.executable,
            "-m",
            "bot",
            "plan",
            "--registry",
            str(path),
            "--store",
            str(folder / "store"),
        ]
        quiet = {
            "HF_HOME": str(folder / "hf"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        }

        used = measured([*plan, "--json", "--hub", f"dir:{folder / 'hub'}"], **quiet)
        print(f"folder hub   {used.wall:6.2f} s wall, {used.cpu:6.2f} s CPU, {used.peak:4.0f} MB  limit 10 s")

        def fill(store: Any) -> None:
            for name, files in versions(path).items():
                store.add(f"tester/{name}", files)

        with hub(fill) as (url, token, line):
            alone = measured([sys.executable, "-c", LISTING, url, token], **quiet)
            pages = calls(line)
            used = measured([*plan, "--json", "--hub", url], HF_TOKEN=token, **quiet)
            made = calls(line)
        assert pages == math.ceil(models / PAGE)
        print(
            f"client alone {alone.wall:6.2f} s wall, {alone.cpu:6.2f} s CPU, {alone.peak:4.0f} MB, {pages} calls"
        )
        print(
            f"Hub          {used.wall:6.2f} s wall, {used.cpu:6.2f} s CPU, {used.peak:4.0f} MB, {made} calls"
        )
        print(f"\ncalls beyond pages: {made - pages}  limit 3")
        print(f"CPU beyond the client's: {used.cpu - alone.cpu:.2f} s  limit 5 s")
        print(f"peak memory: {used.peak:.0f} MB  limit 400 MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
