"""Publishing 20 repos of 25 MB over loopback, against the client library's own loop on the same files.

    python benchmarks/publish.py [ENDPOINT TOKEN NAMESPACE]

Without arguments on the project's test Hub (uploads through LFS). The loop creates each repo and calls
`create_commit`, with no parent, no check and no limit to any wait. Limit: 1.1 times its wall
time. They take turns in going first, since Xet stores no bytes twice.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

if len(sys.argv) == 1:
    os.environ["HF_HUB_DISABLE_XET"] = "1"
for name in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_UPDATE_CHECK", "HF_HUB_DISABLE_PROGRESS_BARS"):
    os.environ[name] = "1"

from hub_process import hub  # noqa: E402 - the library reads the environment when it is imported

REPOS = 20
SIZE = 25 * 1_000_000
ROUNDS = 4
CARD = b"---\nlicense: apache-2.0\ntags: [mynah]\n---\n# A model\n"


def files(folder: Path, seed: str) -> dict[str, Path | bytes]:
    """A model that nobody has stored yet."""
    weights = folder / "model.safetensors"
    weights.write_bytes(os.urandom(SIZE))
    return {
        "README.md": CARD,
        "bot.json": seed.encode(),
        "config.json": b"{}",
        "model.safetensors": weights,
        "runs/events.tfevents": b"\0" + seed.encode(),
    }


def plainly(url: str, token: str, namespace: str, models: dict[str, dict[str, Path | bytes]]) -> float:
    """Seconds of the library's own loop."""
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(endpoint=url, token=token)
    started = time.perf_counter()
    for name, model in models.items():
        api.create_repo(f"{namespace}/{name}")
        additions = [CommitOperationAdd(path, content) for path, content in model.items()]
        api.create_commit(f"{namespace}/{name}", additions, commit_message="Publish")
    return time.perf_counter() - started


def ours(url: str, token: str, namespace: str, models: dict[str, dict[str, Path | bytes]]) -> float:
    """Seconds of the bot."""
    import bot.hub.huggingface  # noqa: F401 - as the loop, without the time that imports take
    from bot.hub import open_hub

    started = time.perf_counter()
    home = open_hub(url, namespace, token=token)
    for name, model in models.items():
        home.publish(name, model, parent=None, message="Publish")
    return time.perf_counter() - started


def compare(url: str, token: str, namespace: str) -> None:
    from huggingface_hub import HfApi

    ratios = []
    for turn in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            models = {}
            for number in range(REPOS):
                place = Path(folder) / str(number)
                place.mkdir()
                models[f"bench-{turn}-{number}"] = files(place, f"{turn} {number}")
            seconds = {}
            for run in (plainly, ours) if turn % 2 else (ours, plainly):
                with multiprocessing.get_context("spawn").Pool(1) as alone:  # its HTTP client is its own
                    seconds[run] = alone.apply(run, (url, token, namespace, models))
                for name in models:
                    HfApi(endpoint=url, token=token).delete_repo(f"{namespace}/{name}")
        ratios.append(seconds[ours] / seconds[plainly])
        print(
            f"round {turn + 1}: the loop {seconds[plainly]:6.2f} s, ours {seconds[ours]:6.2f} s, {ratios[-1]:.3f}"
        )
    print(f"\nratio, mean of {ROUNDS}: {statistics.geometric_mean(ratios):.3f}  limit 1.1")


def main() -> None:
    print(f"{REPOS} repos of {SIZE // 1_000_000} MB; machine: {platform.machine()}, {os.cpu_count()} CPUs\n")
    if len(sys.argv) == 4:
        compare(*sys.argv[1:])
    else:
        with hub(lambda store: None) as (url, token, _):
            compare(url, token, "tester")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["HF_HOME"] = home
        main()
