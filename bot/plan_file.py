"""A plan in a file: written to be reviewed, and taken up again exactly as it was, or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bot import digest
from bot.errors import UsageError
from bot.steps import Plan, Step, step_from_json

VERSION = 1


def write(plan: Plan, path: Path) -> None:
    """Writes the plan with a digest over all of it. UsageError when the file cannot be written."""
    content = {"version": VERSION, "plan": plan.to_json()}
    sealed = {**content, "seal": digest.of_value(content)}
    try:
        path.write_text(json.dumps(sealed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the plan cannot be written to {path}: {error.strerror}") from None


def read(path: Path) -> list[Step]:
    """The steps of a plan file. UsageError when it is missing, damaged, edited by hand, or of a newer version."""
    try:
        sealed = json.loads(path.read_text(encoding="utf-8"))
        version = sealed.get("version")
        if isinstance(version, int) and version > VERSION:
            raise UsageError(
                f"{path} was written by a newer version of the bot: update this one, or make the plan again with: "
                f"bot plan --out {path}"
            )
        seal = sealed.pop("seal")
        steps = [step_from_json(step) for step in sealed["plan"]["steps"]]
    except FileNotFoundError:
        raise UsageError(f"there is no plan at {path}; make one with: bot plan --out {path}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(
            f"{path} is not a plan, or is damaged; make it again with: bot plan --out {path}"
        ) from None
    if sealed.get("version") != VERSION or digest.of_value(sealed) != seal:
        raise UsageError(f"{path} was changed after it was made; make it again with: bot plan --out {path}")
    return steps


def agreed(reviewed: Sequence[Step], now: Plan) -> tuple[Plan, list[Step]]:
    """The steps of the plan `now` that were reviewed and still stand as they were, and those that do not.

    A step stands when its action and the state it was computed from are the same, or when it was asked for by
    force or by name, which today's plan knows nothing of. What a guard held back when the plan was made stays
    held back. Steps of today that nobody reviewed are left out.
    """
    current = {(step.name, step.handles): step for step in now.steps}
    same: list[Step] = []
    moved: list[Step] = []
    for old in reviewed:
        step = current.get((old.name, old.handles))
        if step is not None and step.state == old.state and _stands(old, step):
            same.append(replace(step, action=old.action, cause=old.cause, reason=old.reason, held=old.held))
        elif old.action in {"train", "card", "remove"}:
            moved.append(old)
    return replace(now, steps=tuple(same)), moved


def _stands(old: Step, now: Step) -> bool:
    """Whether what was reviewed is still to be done, the state being the same."""
    if now.action == old.action:
        return True
    forced = old.cause == "forced" and now.action in ("train", "card", "ok")
    return forced or (old.action in ("train", "card") and now.cause == "waiting")
