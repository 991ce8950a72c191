"""The outcome of a step, as a value: what commands print, files hold and summaries show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.plan.json_types import OutcomeJson

Result = Literal["done", "failed", "skipped", "deferred"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a step and its reason. `commit` is what was published, `seconds` the wall time of the whole step.

    `public_reason` is the reason without a name, for a step that removes somebody: pages that everybody reads show
    nothing else of it.
    `refused`: the Hub refused the token, so that no later step can publish either.
    """

    name: str
    action: str
    result: Result
    reason: str
    commit: str | None = None
    seconds: float = 0.0
    refused: bool = False
    public_reason: str = ""

    def to_json(self) -> OutcomeJson:
        """The outcome as `apply --json` prints it."""
        return {
            "name": self.name,
            "action": self.action,
            "result": self.result,
            "reason": self.reason,
            "commit": self.commit,
            "seconds": round(self.seconds, 3),
        }
