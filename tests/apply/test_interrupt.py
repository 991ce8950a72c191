"""Ctrl-C while a model trains: exit 130, nothing published, and the next run goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from fleets import Fleet


def test_an_interrupted_run_publishes_nothing_and_the_next_one_goes_on(
    tmp_path: Path, tiny_base: Path
) -> None:
    fleet = Fleet(tmp_path, tiny_base)
    fleet.recipe = "{epochs: 100, learning_rate: 0.01, block_size: 64, batch_size: 1}"
    fleet.posts("ada", 2000)
    fleet.entry("ada")
    fleet.write()
    command = [sys.executable, "-m", "bot", "apply", "--registry", str(tmp_path / "registry.yaml")]
    child = subprocess.Popen(
        [*command, "--hub", f"dir:{tmp_path / 'hub'}"],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert child.stderr is not None
    for line in child.stderr:
        if "ada: train" in line:
            break
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "interrupted; nothing is half-published" in err
    assert "Traceback" not in err
    assert "done" not in out
    assert not fleet.published("ada").exists()

    fleet.recipe = "{epochs: 1, learning_rate: 0.01, block_size: 64, batch_size: 8}"
    fleet.write()
    assert fleet.outcomes()[1]["ada"]["result"] == "done"
