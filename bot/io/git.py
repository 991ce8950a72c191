"""Runs git and returns its output; the one place where git is started."""

from __future__ import annotations

import os
import re
from pathlib import Path


class GitError(Exception):
    """Git is not installed, refused, or took too long. The message is git's own where it gave one."""


class GitMissing(GitError):
    """Git is not installed."""


def output(folder: Path, *arguments: str, timeout_s: float = 30) -> bytes:
    """Returns what git prints for a command in `folder`. Raises GitError.

    Variables by which a git hook names its repository do not count here; git's settings (GIT_CONFIG_…) do.
    """
    import subprocess  # slow to import, and most commands start no git

    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")
    }
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            check=True,
            timeout=timeout_s,
            env=environment,
        )
    except FileNotFoundError:
        raise GitMissing("git is not installed") from None
    except subprocess.CalledProcessError as error:
        words = error.stderr.decode(errors="replace").strip()
        raise GitError(words or f"exit code {error.returncode}") from None
    except (OSError, subprocess.SubprocessError) as error:
        raise GitError(str(error) or type(error).__name__) from None
    return done.stdout


def answer(folder: Path, *arguments: str, timeout_s: float = 30) -> str | None:
    """Returns what git prints, without white space at its ends; None where git cannot answer."""
    try:
        return os.fsdecode(output(folder, *arguments, timeout_s=timeout_s)).strip()
    except GitError:
        return None


def https_address(address: str) -> str:
    """Returns a remote's address as https (`git@github.com:org/fleet.git`), without a user's name or token."""
    if ssh := re.fullmatch(r"(?:ssh://)?git@([\w.-]+)[:/]([\w./~-]+)", address):
        address = f"https://{ssh[1]}/{ssh[2]}"
    return re.sub(r"^https://[^/@]*@", "https://", address)
