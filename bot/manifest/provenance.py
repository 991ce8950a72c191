"""Provenance: which code published a model, and in which CI run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import bot
from bot.io import git
from bot.manifest import Provenance


def from_environment(environment: Mapping[str, str]) -> Provenance:
    """The bot's version and commit, and the address of the CI run when there is one."""
    server, repository, run = (
        environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    url = f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None
    return Provenance(version=bot.__version__, commit=environment.get("GITHUB_SHA") or _commit(), run_url=url)


@lru_cache(maxsize=1)
def _commit() -> str | None:
    """The commit of the checkout this code runs from, or None when it is installed or git is absent."""
    root = Path(bot.__file__).parent.parent
    if not (root / ".git").exists():
        return None
    return git.answer(root, "rev-parse", "HEAD", timeout_s=5) or None
