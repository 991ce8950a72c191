"""A command run in a process of its own that may take 10 s of CPU and 1 GB, and what it took."""

from __future__ import annotations

import os
import resource
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


def run_limited(args: Sequence[str | Path], folder: Path) -> Run:
    """`bot ARGS` in `folder`; it is killed for more CPU, and a larger allocation fails."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", *map(str, args)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=limit,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode(errors="replace")
    scale = 1 if sys.platform == "darwin" else 1024
    return Run(process.returncode, said, used.ru_utime + used.ru_stime, used.ru_maxrss * scale)
