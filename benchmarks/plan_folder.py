"""How long a plan takes for a registry of many entries against a folder hub of as many published repos.

Run it with `python benchmarks/plan_folder.py REPO [ENTRIES]`, where REPO is the folder of a published model
(`make demo` leaves some in `demo-out/hub/demo/`). Its manifest and card are cloned under other names; weights
are left out, since a plan never looks at them. Target: 10,000 entries in 10 s.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path


def build(folder: Path, repo: Path, entries: int) -> None:
    """A registry of that many single handles, and a folder hub that holds a published repo of each."""
    manifest = json.loads((repo / "bot.json").read_text())
    card = (repo / "README.md").read_text()
    old = manifest["name"]
    lines = [
        "version: 1",
        "namespace: demo",
        "contact: https://example.org/removal",
        "defaults: {source: jsonl}",
        "models:",
    ]
    for number in range(entries):
        name = f"user_{number}"
        lines.append(f"  - {{handles: [{name}], consent: self}}")
        home = folder / "hub" / "demo" / name
        home.mkdir(parents=True)
        renamed = {**manifest, "name": name, "repo": f"demo/{name}", "handles": [name]}
        renamed["published"] = {**manifest["published"], "handles": [name]}
        (home / "bot.json").write_text(json.dumps(renamed))
        (home / "README.md").write_text(card.replace(old, name))
    (folder / "registry.yaml").write_text("\n".join(lines) + "\n")


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    repo, entries = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        build(folder, repo, entries)
        where = ["--registry", str(folder / "registry.yaml"), "--hub", f"dir:{folder / 'hub'}"]
        command = [sys.executable, "-m", "bot", "plan", "--json", "--max-change", "100%", *where]
        with (folder / "plan.json").open("wb") as out:
            began = time.perf_counter()
            process = subprocess.Popen(command, stdout=out)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            wall = time.perf_counter() - began
        plan = json.loads((folder / "plan.json").read_text())
        counts = Counter(step["action"] for step in plan["steps"])
    print(f"{entries:,} entries, {len(plan['steps']):,} steps {dict(counts)}, exit {process.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    print(f"{wall:.2f} s wall, {cpu:.2f} s CPU, {usage.ru_maxrss / 1024:.0f} MB at most")


if __name__ == "__main__":
    main()
