"""How long the fleet page takes for a folder hub of many published repos, and how much a browser loads first.

Run it with `python benchmarks/site.py REPO [MODELS]`, where REPO is the folder of a published model (`make demo`
leaves some in `demo-out/hub/demo/`). Its manifest, card and avatars are cloned under other names. Once from
the beginning, once with nothing moved, once with a hundredth moved; each with and without pictures.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from plan_folder import build


def run(folder: Path, out: Path, *flags: str) -> str:
    where = ["--registry", str(folder / "registry.yaml"), "--hub", f"dir:{folder / 'hub'}"]
    command = [sys.executable, "-m", "bot", "site", "--json", "--out", str(out), *flags, *where]
    with (folder / "output.json").open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"bot site failed with {process.returncode}")
    result = json.loads((folder / "output.json").read_text())
    cpu = usage.ru_utime + usage.ru_stime
    return (
        f"{wall:6.2f} s wall, {cpu:6.2f} s CPU, {usage.ru_maxrss / 1024:4.0f} MB at most; "
        f"{result['read']:,} read, {len(result['changed']):,} files written"
    )


def size(paths: list[Path]) -> str:
    data = [path.read_bytes() for path in paths]
    packed = sum(len(gzip.compress(one)) for one in data)
    return f"{len(data)} files, {sum(map(len, data)):,} bytes, {packed:,} gzipped"


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    repo, models = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        build(folder, repo, models)
        for number in range(models):
            shutil.copytree(repo / "assets", folder / "hub" / "demo" / f"user_{number}" / "assets")
        print(f"{models:,} models")
        for name, flags in (("no pictures", ["--no-avatars"]), ("pictures", ["--avatars"])):
            out = folder / name.replace(" ", "-")
            print(f"{name + ', all of it':26}{run(folder, out, *flags)}")
            print(f"{name + ', nothing moved':26}{run(folder, out, *flags)}")
            for number in range(0, models, 100):
                (folder / "hub" / "demo" / f"user_{number}" / "note").write_text(name)
            print(f"{name + ', 1 % moved':26}{run(folder, out, *flags)}")
        out = folder / "no-pictures"
        print(f"first view: {size([out / 'index.html'])}")
        print(f"all data:   {size(sorted((out / 'fleet').glob('*.js')))}")


if __name__ == "__main__":
    main()
