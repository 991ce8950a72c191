"""Plan files: a plan is written to be reviewed, and read back exactly as it was, or refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, Field

from bot.errors import NEWER, UsageError
from bot.io import digest
from bot.io.bounded import Bounds, Unreadable, fit, read_file
from bot.plan.steps import Action, Cause, Plan, Step, step_from_json

VERSION = 1

BOUNDS = Bounds(64 << 20, depth=16)
"""A plan of 10,000 steps has some 5 MB."""


class _Estimate(BaseModel, extra="forbid"):
    reads: int = Field(ge=0)
    usd: float = Field(ge=0)
    minutes: float | None = Field(None, ge=0, le=1e9, allow_inf_nan=False)
    hardware: str = Field("", max_length=200)
    models: int = Field(0, ge=0)
    unknown: str = Field("", max_length=200)


class _Change(BaseModel):
    what: str
    old: str | None
    new: str | None


class _Step(BaseModel):
    """The types of a step in a plan file, checked before anything uses it."""

    name: str = Field(max_length=400)
    repo: str = Field(max_length=400)
    action: Action
    reason: str
    handles: tuple[str, ...]
    estimate: _Estimate
    head: str | None
    cause: Cause
    state: str
    held: bool
    changes: tuple[_Change, ...] = ()


class _Plan(BaseModel):
    steps: tuple[_Step, ...]


class _File(BaseModel):
    seal: str
    plan: _Plan


def write(plan: Plan, path: Path) -> None:
    """Writes the plan with a digest over all of it. UsageError when the file cannot be written."""
    # A path in a reason need not be UTF-8 on disk; in the file it is.
    text = json.dumps({"version": VERSION, "plan": plan.to_json()}, ensure_ascii=False)
    content = json.loads(text.encode(errors="replace"))
    sealed = {**content, "seal": digest.of_value(content)}
    try:
        path.write_text(json.dumps(sealed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the plan cannot be written to {path}: {error.strerror}") from None


def read(path: Path) -> list[Step]:
    """The steps of a plan file. UsageError when it is missing, damaged, edited by hand, or of a newer version."""
    try:
        sealed = read_file(path, BOUNDS, str(path))
        version = sealed.get("version") if isinstance(sealed, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise UsageError(f"{path} {NEWER}; or make the plan again with: bot plan --out {path}")
        fit(_File, sealed, str(path))
    except FileNotFoundError:
        raise UsageError(f"there is no plan at {path}; make one with: bot plan --out {path}") from None
    except (OSError, Unreadable):
        raise UsageError(
            f"{path} is not a plan, or is damaged; make it again with: bot plan --out {path}"
        ) from None
    seal = sealed.pop("seal")
    if sealed.get("version") != VERSION or digest.of_value(sealed) != seal:
        raise UsageError(f"{path} was changed after it was made; make it again with: bot plan --out {path}")
    return [step_from_json(step) for step in sealed["plan"]["steps"]]


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
            reviewed_as = replace(step, action=old.action, cause=old.cause, reason=old.reason, held=old.held)
            same.append(replace(reviewed_as, changes=old.changes, samples=old.samples))
        elif old.action in {"train", "card", "remove"}:
            moved.append(old)
    return replace(now, steps=tuple(same)), moved


def _stands(old: Step, now: Step) -> bool:
    """Whether what was reviewed is still to be done, the state being the same."""
    if now.action == old.action:
        return True
    forced = old.cause == "forced" and now.action in ("train", "card", "ok")
    waits = now.cause == "waiting" or now.kind == "blocked-account"
    return forced or (old.action in ("train", "card") and waits)
