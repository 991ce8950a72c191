"""Git repositories of tests: a clone with commits that its remote has, or has not."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(folder: Path, *arguments: str) -> str:
    """What git prints for a command in the folder, whose author is invented."""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    ran = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def commit(folder: Path, message: str = "change", *, pushed: bool = True) -> str:
    """Commits all of the folder and returns the commit; with `pushed` as if the remote had it."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    if pushed:
        git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    return git(folder, "rev-parse", "HEAD")


def clone(folder: Path, address: str | None = "git@github.com:org/mynah.git") -> Path:
    """A repository without a commit, with this remote."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet")
    if address:
        git(folder, "remote", "add", "origin", address)
    return folder
