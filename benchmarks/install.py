"""What a fresh environment and the check of a pull request cost.

Run it with `python benchmarks/install.py` in a clone. It prints, for `pip install .` (light) in a new virtual
environment with a warm package cache, seconds and megabytes added, and for the job `registry`, from the checkout to the
text of the comment, CPU seconds without installation. Targets: 20 s and 60 MB; 5 s of CPU. Elapsed seconds count what
else the machine does, so CPU seconds stand beside them; pip writes a third of the megabytes as bytecode.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ACTION = "example/mynah@" + "0" * 40
HANDLES = """models:
  - {handles: [ada.example.social], consent: self}
  - {handles: [bob.example.social], consent: self}
  - {handles: [carol.example.social, dan.example.social], consent: self}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install(folder / "warm")
        elapsed, cpu, size = install(folder / "measured")
        bytecode = size_of(folder / "measured", "*.pyc") / 1e6
        print(
            f"installed with a warm cache: {elapsed:.1f} s elapsed, {cpu:.1f} s of CPU, {size / 1e6:.1f} MB on disk; "
            f"{bytecode:.1f} MB of all that is in the environment bytecode; {wheels(folder) / 1e6:.1f} MB of wheels"
        )
        print(f"registry, from the checkout to the comment's text: {review(folder):.2f} s of CPU")


def install(folder: Path) -> tuple[float, float, int]:
    """Elapsed and CPU seconds that installing the bot into a new environment takes, and bytes that it adds."""
    venv.create(folder, with_pip=True)
    before, cpu, began = size_of(folder), children(), time.perf_counter()
    subprocess.run([*pip(folder), "install", "--quiet", str(ROOT)], check=True)
    return time.perf_counter() - began, children() - cpu, size_of(folder) - before


def wheels(folder: Path) -> int:
    """Bytes of the wheels that an installation takes, the bot's own among them: what an empty cache downloads."""
    subprocess.run(
        [*pip(folder / "measured"), "wheel", "--quiet", "--wheel-dir", str(folder / "wheels"), str(ROOT)],
        check=True,
    )
    return size_of(folder / "wheels")


def pip(environment: Path) -> list[str]:
    """The command that is pip of a virtual environment."""
    return [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]


def children() -> float:
    """CPU seconds of all processes that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def size_of(folder: Path, pattern: str = "*") -> int:
    """Bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob(pattern) if path.is_file())


def review(folder: Path) -> float:
    """CPU seconds of the checkout and of `bot review`, for a fleet that `bot init` made and three new models."""
    origin, bot = folder / "origin", str(folder / "measured" / "bin" / "bot")
    flags = ("--yes", "--namespace", "example", "--source", "bluesky", "--action", ACTION)
    subprocess.run([bot, "init", str(origin), *flags], check=True, stdout=subprocess.DEVNULL)
    git(origin, "init", "--quiet")
    commit(origin)
    registry = origin / "registry.yaml"
    registry.write_text(registry.read_text().replace("models: []\n", HANDLES))
    commit(origin)
    began = children()
    git(folder, "clone", "--quiet", "--depth", "2", origin.as_uri(), "work")
    out = folder / "review"
    command = [bot, "review", "--base", "HEAD^1", "--out", str(out), "--hub", f"dir:{folder / 'hub'}"]
    subprocess.run(command, cwd=folder / "work", check=True, stdout=subprocess.DEVNULL)
    ended = children()
    if "carol.example.social-dan.example.social" not in (out / "review.md").read_text():
        sys.exit("the comment does not name the models that were added")
    return ended - began


def commit(folder: Path) -> None:
    """Commits everything in the folder."""
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "x")


def git(folder: Path, *arguments: str) -> None:
    """Runs git in the folder, with the user's own settings left out."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, env=environment)


if __name__ == "__main__":
    main()
