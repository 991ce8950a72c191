"""How long `bot validate` takes and how much memory it needs, for sound, faulty and hostile registries.

Run it with `python benchmarks/validate.py [ENTRIES]`. Each row is a process of its own, start-up included;
memory is the peak of the resident set. Targets: 10,000 sound entries in 3 s and 300 MB, hostile files in 2 s.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HEAD = "version: 1\nnamespace: my-org\ncontact: https://example.org/removal\nx: {terms_acknowledged: true}\nmodels:\n"

SOURCES = (
    "  - handles: [user_{n}, other_{n}]\n    consent: https://example.org/agreed/{n}\n    recipe: {{epochs: 3}}\n",
    "  - handles: [user_{n}]\n    source: archive\n    consent: self\n    tags: [poetry, weather]\n",
    "  - handles: [user{n}.example.social]\n    source: bluesky\n    consent: self\n    max_age: 30d\n",
    "  - handles: [user{n}@example.social]\n    source: mastodon\n    consent: self\n    license: mit\n",
)
FAULTY = "  - handles: [user_{n}, a b]\n    consnt: self\n    recipe: {{epohcs: 3}}\n    max_age: never\n"


def sound(entries: int) -> str:
    return HEAD + "".join(SOURCES[n % len(SOURCES)].format(n=n) for n in range(entries))


def faulty(entries: int) -> str:
    return HEAD + "".join(FAULTY.format(n=n) for n in range(entries))


def aliases() -> str:
    return "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))


def measure(text: str) -> tuple[float, float, float, int]:
    """Wall seconds, CPU seconds, peak megabytes and lines printed of one `bot validate`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.yaml"
        path.write_text(text)
        output = Path(folder) / "output"
        before = time.perf_counter()
        with output.open("wb") as file:
            command = [sys.executable, "-m", "bot", "validate", "--registry", str(path)]
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
            _, _, usage = os.wait4(process.pid, 0)
            process.returncode = 0
        wall = time.perf_counter() - before
        lines = len(output.read_bytes().splitlines())
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, lines


def machine() -> str:
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    cases: dict[str, Callable[[], str]] = {
        "empty fleet": lambda: sound(0) + "  []\n",
        f"{entries:,} sound entries": lambda: sound(entries),
        f"{entries:,} faulty entries": lambda: faulty(entries),
        "100,000 nested brackets": lambda: "[" * 100_000,
        "aliases of aliases": aliases,
        "400,000 values": lambda: f"models: [{'a, ' * 400_000}]",
    }
    print(machine())
    print(f"{'registry':<26}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'lines':>8}")
    for name, make in cases.items():
        wall, cpu, memory, lines = measure(make())
        print(f"{name:<26}{wall:>8.2f}{cpu:>8.2f}{memory:>9.0f}{lines:>8,}")


if __name__ == "__main__":
    main()
