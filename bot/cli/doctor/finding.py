"""A finding: what was checked, its state, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.cli.json_outputs import FindingJson
from bot.github import workflow_commands

State = Literal["ok", "warning", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`text` is a sentence with the state and what to do. `code` is the command's exit code when it is missing."""

    what: str
    state: State
    text: str
    code: int = 1

    def to_json(self) -> FindingJson:
        """The finding as `doctor --json` prints it."""
        return {"what": self.what, "state": self.state, "text": self.text}


def unset(what: str, name: str, text: str, environment: Mapping[str, str], code: int) -> Finding:
    """A secret that is not there: where to put it, at home or on GitHub. A pull request has none, and needs none."""
    if workflow_commands.active(environment) and environment.get("GITHUB_EVENT_NAME") == "pull_request":
        later = f"{name} is not given to pull requests, and they need none: it is used after the merge"
        return Finding(what, "warning", later)
    if workflow_commands.active(environment):
        return Finding(
            what, "missing", f"{text}; add it under Settings, Environments, hub, as a secret", code
        )
    where = "on GitHub it is a secret of the environment hub (Settings, Environments)"
    return Finding(what, "missing", f"{text}; {where}", code)
