"""The test Hub of `tests/support`: buckets without history, repos with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hub_bench import HubBench

SCRIPT = """
import sys
from huggingface_hub import HfFileSystem
fs = HfFileSystem()
for place in sys.argv[1:]:
    fs.pipe_file(f"{place}/a.txt", b"a canary sings")
    assert fs.cat_file(f"{place}/a.txt") == b"a canary sings"
    fs.rm_file(f"{place}/a.txt")
"""


def test_a_bucket_forgets_and_a_dataset_keeps_its_history(tmp_path: Path) -> None:
    with HubBench(tmp_path / "hub") as bench:
        bucket, dataset = f"buckets/{bench.bucket('posts')}", f"datasets/{bench.repo('posts')}"
        subprocess.run([sys.executable, "-c", SCRIPT, bucket], env=bench.environment(), check=True)
        assert b"a canary sings" not in bench.bytes_on_disk()
        environment = {**bench.environment(), "HF_HUB_DISABLE_XET": "1"}
        subprocess.run([sys.executable, "-c", SCRIPT, dataset], env=environment, check=True)
        assert b"a canary sings" in bench.bytes_on_disk()
        assert bench.calls("/batch", "POST")
