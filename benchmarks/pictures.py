"""How long the pictures of a card take, and `bot render`, which makes card and pictures of a published model.

Run it with `python benchmarks/pictures.py REPO [RUNS]`, where REPO is `HUB/NAMESPACE/NAME` in a folder hub (`make
demo` leaves some in `demo-out/hub/demo/`). Targets, in seconds of CPU: 1 for a social preview, 1 for the command.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bot import manifest
from bot.render import pictures


def cpu_seconds(command: list[str]) -> float:
    """User and system seconds of one run, which must end well."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def timed(make: Callable[[], bytes], runs: int) -> list[float]:
    """CPU seconds of each run; the first brings fonts and libraries with it."""
    taken = []
    for _ in range(runs + 1):
        began = time.process_time()
        make()
        taken.append(time.process_time() - began)
    return taken


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    repo, runs = Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 10
    made = manifest.parse((repo / "bot.json").read_bytes())
    avatars = {
        one.avatar: (repo / one.avatar).read_bytes()
        for one in made.accounts
        if one.avatar and (repo / one.avatar).is_file()
    }
    photo = next(iter(avatars.values()), None)
    rows = {
        "predictions.png": timed(lambda: pictures.social_preview(made, avatars), runs),
        "square.png": timed(lambda: pictures.square(made, avatars), runs),
        "assets/loss.png": timed(lambda: pictures.loss_curve(made), runs),
        "an avatar": timed(lambda: pictures.avatar(photo), runs),
    }
    with tempfile.TemporaryDirectory() as folder:
        registry = Path(folder) / "registry.yaml"
        registry.write_text(
            f"version: 1\nnamespace: {repo.parent.name}\ncontact: https://example.org/removal\n"
            f"models:\n  - handles: [{', '.join(made.handles)}]\n    source: jsonl\n    consent: self\n"
            f"    name: {made.name}\n",
            encoding="utf-8",
        )
        where = ["--registry", str(registry), "--hub", f"dir:{repo.parent.parent}", "--out", f"{folder}/out"]
        command = [sys.executable, "-m", "bot", "render", made.name, *where]
        rows["bot render, whole process"] = [cpu_seconds(command) for _ in range(runs + 1)]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, CPU seconds")
    print(f"{'':28} {'first':>7} {'median':>7}")
    for name, taken in rows.items():
        print(f"{name:28} {taken[0]:7.3f} {statistics.median(taken[1:]):7.3f}")


if __name__ == "__main__":
    main()
