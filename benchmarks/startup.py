"""What light commands cost to start: CPU seconds of the whole process, beside Python with the same libraries.

Run it with `python benchmarks/startup.py [RUNS]`. The commands take turns, so that a machine whose speed
drifts bends no ratio. Target: 2.5 times `python -c "import pydantic, yaml, click"` at most.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HEAD = "version: 1\nnamespace: my-org\ncontact: https://example.org/removal\nmodels: []\n"
BARE = [sys.executable, "-c", "import pydantic, yaml, click"]


def cpu_seconds(command: list[str]) -> float:
    """User and system seconds of one run, which must end well."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        registry = Path(folder) / "registry.yaml"
        registry.write_text(HEAD)
        bot = [sys.executable, "-m", "bot"]
        commands = {
            "python, pydantic, yaml, click": BARE,
            "bot --help": [*bot, "--help"],
            "bot validate": [*bot, "validate", "--registry", str(registry)],
            "bot plan --hub dir:": [*bot, "plan", "--registry", str(registry), "--hub", f"dir:{folder}/hub"],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(runs + 1):
            for name, command in commands.items():
                seconds = cpu_seconds(command)
                if turn:  # the first turn warms the caches
                    taken[name].append(seconds)
    bare = taken["python, pydantic, yaml, click"]
    print(f"CPU seconds to start, median of {runs} runs in turn, Python {sys.version.split()[0]}")
    for name, values in taken.items():
        ratio = statistics.median(value / base for value, base in zip(values, bare, strict=True))
        print(f"{name:32} {statistics.median(values):6.3f} s   {ratio:4.2f} x")


if __name__ == "__main__":
    main()
