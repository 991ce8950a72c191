"""How long 10,000 cards take to be rendered from their manifests, and whether memory grows with their number.

Run it with `python benchmarks/cards.py REPO [CARDS]`, where REPO is the folder of a published model (`make demo`
leaves some in `demo-out/hub/demo/`). Each card has another name, handles and counts, and is read from the bytes
of its `bot.json`, as `apply` reads it. Targets: 20 s of CPU, and no more memory after 10,000 cards than after 1,000.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import time
from pathlib import Path
from typing import Any

from bot import manifest
from bot.render import card


def numbered(made: dict[str, Any], number: int) -> bytes:
    """The manifest as another model's: what differs between two cards of a fleet differs here."""
    handles = [f"{handle}_{number}" for handle in made["handles"]]
    renamed = dict(zip(made["handles"], handles, strict=True))
    accounts = [
        {
            **one,
            "handle": renamed[one["handle"]],
            "name": f"{one['name']} | {number}",
            "downloaded": one["downloaded"] + number,
            "kept": one["kept"] + number,
        }
        for one in made["accounts"]
    ]
    name = f"{made['name']}-{number}"
    facts = {"name": name, "repo": f"demo/{name}", "handles": handles, "accounts": accounts}
    return json.dumps({**made, **facts}).encode()


def memory_mb() -> float:
    """The most memory this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    made = json.loads((Path(sys.argv[1]) / "bot.json").read_text(encoding="utf-8"))
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    card.render(manifest.parse(numbered(made, 0)))
    marks: list[tuple[int, float, float]] = []
    preparing, size = 0.0, 0
    began = time.process_time()
    for number in range(1, count + 1):
        before = time.process_time()
        data = numbered(made, number)
        preparing += time.process_time() - before
        size += len(card.render(manifest.parse(data)).encode())
        if number in (count // 10, count):
            marks.append((number, time.process_time() - began - preparing, memory_mb()))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{'cards':>8} {'CPU s':>8} {'ms a card':>10} {'most MB':>9}")
    for number, seconds, most in marks:
        print(f"{number:>8,} {seconds:>8.2f} {seconds / number * 1000:>10.2f} {most:>9.1f}")
    print(f"{size / count / 1024:.1f} KB a card")


if __name__ == "__main__":
    main()
