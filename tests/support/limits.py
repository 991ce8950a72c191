"""A command run in a process of its own that may take 10 s of CPU and 1 GB, and what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CPU_S = 10
MEMORY = 1 << 30


@dataclass(frozen=True, slots=True)
class Run:
    """How a process ended: what it printed, on both streams, its CPU seconds and its peak of memory in bytes.

    Both numbers are those of the process and its own children.
    """

    code: int
    said: str
    cpu_s: float
    peak: int


# A forked child counts its parent's memory as its own, so the measured process is started by a small one.
_START = """
import json, os, resource, subprocess, sys
cpu, memory, report, *command = sys.argv[1:]
def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu), int(cpu) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=limit)
_, status, used = os.wait4(process.pid, 0)
with open(report, "w") as file:
    json.dump([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss], file)
"""


def run_limited(args: Sequence[str | Path], folder: Path) -> Run:
    """`bot ARGS` in `folder`; it is killed for more CPU, and a larger allocation fails."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    bot = [sys.executable, "-m", "bot", *map(str, args)]
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report"
        ran = subprocess.run(
            [sys.executable, "-c", _START, str(CPU_S), str(MEMORY), str(report), *bot],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        code, cpu_s, peak = json.loads(report.read_text())
    scale = 1 if sys.platform == "darwin" else 1024
    return Run(code, ran.stdout.decode(errors="replace"), cpu_s, peak * scale)
