"""Which code a job elsewhere runs: the repository of the registry, cloned at one commit, and what it lacks there."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import UsageError
from bot.registry import Registry

MARKER = "mynah-outcomes "
"""Begins the one line of a job's log that holds its outcomes as JSON."""
_ADDRESS = re.compile(r"https://[\w.-]+(?::\d+)?/[\w./~-]+")


@dataclass(frozen=True, slots=True)
class Code:
    """A repository's https address, a commit of it, and where the registry lies in it."""

    repository: str
    commit: str
    registry: str


def code_of(registry: Registry, environment: Mapping[str, str]) -> Code:
    """The code and the registry that jobs take, as a workflow or git tells them.

    Raises UsageError where a job could not get at exactly this registry, or at the posts.
    """
    folder = registry.path.absolute().parent
    top = _git(folder, "rev-parse", "--show-toplevel")
    commit = _git(folder, "rev-parse", "HEAD")
    if top is None or commit is None:
        raise UsageError(
            f"{registry.path} is in no git repository: jobs clone one, so commit it and push it first"
        )
    if _git(folder, "status", "--porcelain", "--untracked-files=no"):
        raise UsageError(
            f"the repository of {registry.path} has changes that no commit holds, and jobs would not see them: "
            "commit and push"
        )
    server, repository = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    address = (
        f"{server}/{repository}" if server and repository else _git(folder, "remote", "get-url", "origin")
    )
    address = _https(address or "")
    if not _ADDRESS.fullmatch(address):
        raise UsageError(
            f"the repository of {registry.path} has no https address that a job could clone: set the remote origin"
        )
    if registry.store.url.startswith(("file://", "local://", "memory://")):
        raise UsageError(
            f"the store {registry.store.url} is on this machine, and a job elsewhere cannot reach it: set store: to a "
            "URL such as s3://BUCKET/PATH or hf://datasets/NAMESPACE/NAME"
        )
    return Code(address, commit, registry.path.absolute().relative_to(Path(top).absolute()).as_posix())


def script(code: Code, arguments: Sequence[str]) -> str:
    """What a job's shell does: clone, install, `bot apply` with these arguments, and print the outcomes."""
    apply = shlex.join(["bot", "apply", "--registry", code.registry, *arguments, "--report", "outcomes.json"])
    lines = [
        "set -eu",
        'test -z "${REPOSITORY_TOKEN:-}" || git config --global http.extraHeader '
        '"Authorization: Basic $(printf "x-access-token:%s" "$REPOSITORY_TOKEN" | base64 -w0)"',
        "git init --quiet mynah && cd mynah",
        f"git fetch --quiet --depth 1 {shlex.quote(code.repository)} {shlex.quote(code.commit)}",
        "git checkout --quiet FETCH_HEAD",
        "python3 -m venv --system-site-packages .venv && . .venv/bin/activate",
        "pip install --quiet --disable-pip-version-check -e '.[train]'",
        "status=0",
        f"{apply} || status=$?",
        f'test ! -f outcomes.json || printf "%s%s\\n" {shlex.quote(MARKER)} "$(cat outcomes.json)"',
        "exit $status",
    ]
    return "\n".join(lines)


def outcomes_in(log: Iterable[str]) -> str | None:
    """The JSON that the job printed last, or None."""
    found = [line.removeprefix(MARKER) for line in log if line.startswith(MARKER)]
    return found[-1] if found else None


def _https(address: str) -> str:
    """`git@github.com:org/fleet.git` as https, without a user's name or token."""
    if ssh := re.fullmatch(r"(?:ssh://)?git@([\w.-]+)[:/]([\w./~-]+)", address):
        address = f"https://{ssh[1]}/{ssh[2]}"
    return re.sub(r"^https://[^/@]*@", "https://", address)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        asked = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.stdout.strip() if asked.returncode == 0 else None
