"""Where this copy of the bot comes from: its repository's address and its commit, as far as both are certain.

Standard library alone: the build hook of the wheel imports this before anything is installed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.io import git
from bot.io.paths import PACKAGE

DISTRIBUTION = "mynah-bot"
"""The name in pyproject.toml. `mynah` on the package index is somebody else's."""
FILE = "origin.json"
"""In an installed package: what the build hook wrote."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_ADDRESS = re.compile(r"https://[\w.-]+(?::\d+)?/[\w./~-]+")
_GIVEN = re.compile(r"(?P<address>\S+)@(?P<ref>[\w./-]+)")
_ACTION = re.compile(r".*/_actions/(?P<repository>[^/]+/[^/]+)/(?P<ref>[\w.-]+)/?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Origin:
    """A repository's https address, the full commit, and the tag that names it; None for what is not known.

    `problem` says why the commit is not known although there is a repository: another person could not fetch it.
    """

    address: str | None = None
    commit: str | None = None
    tag: str | None = None
    problem: str | None = None

    def as_json(self) -> str:
        """The text of the file that an installed package holds."""
        return json.dumps({key: value for key, value in asdict(self).items() if value is not None}) + "\n"


UNKNOWN = Origin()
NOWHERE = "this copy was built from a folder without git history, and nobody recorded where that came from"
"""Why an unknown origin is unknown, for messages."""


@lru_cache(maxsize=1)
def find() -> Origin:
    """The origin of the code that runs: a clone's HEAD, else what pip recorded, else what the build wrote."""
    return of_clone(PACKAGE.parent) or _of_pip() or of_file(PACKAGE / FILE) or UNKNOWN


def of_clone(root: Path) -> Origin | None:
    """The origin of a clone whose top is `root`, or None for any other folder.

    A commit counts only if the remote has it, as far as the clone knows, and no tracked file differs from it.
    """
    top = git.answer(root, "rev-parse", "--show-toplevel") if (root / ".git").exists() else None
    if not top or Path(top).resolve() != root.resolve():
        return None
    commit = git.answer(root, "rev-parse", "HEAD")
    address = git.https_address(git.answer(root, "remote", "get-url", "origin") or "")
    address = address.removesuffix(".git")
    if not commit or not _ADDRESS.fullmatch(address):
        return Origin(problem=f"the clone {root} has no commit, or no remote `origin` with an https address")
    if git.answer(root, "status", "--porcelain", "--untracked-files=no") != "":
        return Origin(address, problem=f"the clone {root} has changes that no commit holds")
    tag = git.answer(root, "describe", "--tags", "--exact-match", "--match", "v*", "HEAD") or None
    if not tag and not git.answer(root, "branch", "--remotes", "--contains", commit):
        return Origin(
            address, problem=f"commit {commit[:8]} of the clone {root} is not on {address}: push it"
        )
    return Origin(address, commit, tag)


def of_build(root: Path, environment: Mapping[str, str]) -> Origin | None:
    """The origin of a source tree that is being built, or None where only a file in it may say more.

    BOT_ORIGIN (ADDRESS@REF) says it for a checkout without history. So does a runner's own path of an action,
    _actions/OWNER/REPO/REF; the contexts of GitHub do not, since they change with the actions that an action uses.
    """
    if given := _GIVEN.fullmatch(environment.get("BOT_ORIGIN", "")):
        return _of_ref(given["address"], given["ref"])
    if action := _ACTION.fullmatch(str(root)):
        server = environment.get("GITHUB_SERVER_URL") or "https://github.com"
        return _of_ref(f"{server}/{action['repository']}", action["ref"])
    return of_clone(root)


def of_file(path: Path) -> Origin | None:
    """What a build wrote, or None: the file is absent, damaged, or says nothing."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    value = _object(value)
    known = {key: value.get(key) for key in ("address", "commit", "tag", "problem")}
    return _checked(**known) if any(known.values()) else None


def _of_ref(address: str, ref: str) -> Origin:
    """The origin of what a reference names: only a full commit is certain, since a tag or a branch can move."""
    if _COMMIT.fullmatch(ref):
        return _checked(address, ref)
    return _checked(address, problem=f"the action is used at {ref}, which can move, instead of at a commit")


def _of_pip() -> Origin | None:
    """What pip or uv recorded when it installed the bot from a git repository (direct_url.json, PEP 610)."""
    from importlib import metadata  # slow to import

    try:
        text = metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
        value = json.loads(text or "null")
    except (metadata.PackageNotFoundError, OSError, ValueError):
        return None
    vcs = _object(_object(value).get("vcs_info"))
    if vcs.get("vcs") != "git":
        return None
    tag = str(vcs.get("requested_revision") or "")
    tag = tag if re.fullmatch(r"v\d+\.\d+\.\d+\S*", tag) else ""
    return _checked(value.get("url"), vcs.get("commit_id"), tag or None)


def _checked(address: Any = None, commit: Any = None, tag: Any = None, problem: Any = None) -> Origin:
    """The origin with what is an https address, a full commit and a text, and without the rest."""
    address = git.https_address(address).removesuffix(".git") if isinstance(address, str) else ""
    return Origin(
        address if _ADDRESS.fullmatch(address) else None,
        commit if isinstance(commit, str) and _COMMIT.fullmatch(commit) else None,
        tag if isinstance(tag, str) and re.fullmatch(r"[\w.+-]+", tag) else None,
        problem if isinstance(problem, str) else None,
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
