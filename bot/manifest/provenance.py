"""Provenance: which code published a model, and in which CI run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import bot
from bot.io import git, origin
from bot.io.paths import PACKAGE
from bot.manifest import Provenance


def from_environment(environment: Mapping[str, str]) -> Provenance:
    """The bot's version and commit, and the address of the CI run when there is one."""
    server, repository, run = (
        environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    url = f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None
    return Provenance(version=bot.__version__, commit=_commit() or _workflow_commit(environment), run_url=url)


@lru_cache(maxsize=1)
def _commit() -> str | None:
    """The commit of the bot's own code: of the checkout it runs from, else what the installation recorded."""
    root = PACKAGE.parent
    if (root / ".git").exists():
        return git.answer(root, "rev-parse", "HEAD", timeout_s=5) or None
    return origin.find().commit


def _workflow_commit(environment: Mapping[str, str]) -> str | None:
    """The commit that a workflow runs for, if it is one of the bot's repository and not of a fleet of its own."""
    workspace = environment.get("GITHUB_WORKSPACE")
    ours = workspace and (Path(workspace) / "bot" / "__main__.py").is_file()
    return environment.get("GITHUB_SHA") or None if ours else None
