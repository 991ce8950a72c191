"""Outcomes of one shard as JSON: rewritten after each step, read by `bot report`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.errors import NEWER
from bot.io import atomic
from bot.io.bounded import Bounds, fit, read_json
from bot.plan.outcome import Outcome, Result
from bot.sources import Cost

VERSION = 1
BOUNDS = Bounds(16 << 20, depth=16)
"""A shard with 10,000 steps writes some 3 MB."""


class _Outcome(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    name: str = Field(max_length=400)
    action: str = Field(max_length=20)
    result: Result
    reason: str
    commit: str | None = None
    seconds: float = 0.0
    public_reason: str = ""


class _Spent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    reads: int = Field(0, ge=0)
    usd: float = Field(0.0, ge=0)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    version: int = VERSION  # files of before it was written have none
    outcomes: tuple[_Outcome, ...]
    spent: _Spent = _Spent()


def write(outcomes: Sequence[Outcome], path: Path, spent: Cost | None = None) -> None:
    """Replaces the file in one step, so that a killed run leaves the outcomes it had. Creates its folder.

    `spent` is what reading posts cost so far, where that is known.
    """
    value: dict[str, Any] = {"version": VERSION, "outcomes": list(map(_to_json, outcomes))}
    if spent is not None:
        value["spent"] = {"reads": spent.reads, "usd": round(spent.usd, 4)}
    atomic.replace(path, json.dumps(value, ensure_ascii=False).encode())


def _to_json(outcome: Outcome) -> dict[str, Any]:
    public = {"public_reason": outcome.public_reason} if outcome.public_reason else {}
    return {**outcome.to_json(), **public}


def parse(data: bytes | str) -> list[Outcome]:
    """The outcomes that a file or a line holds. Raises ValueError for what is none, or newer than this bot."""
    return _outcomes(_parsed(data))


def spent(paths: Sequence[Path]) -> Cost:
    """What all shards together say that they spent; a file that cannot be read counts for nothing."""
    reads, usd = 0, 0.0
    for path in paths:
        with suppress(OSError, ValueError):
            cost = _read(path).spent
            reads, usd = reads + cost.reads, usd + cost.usd
    return Cost(reads, round(usd, 4))


def read_all(paths: Sequence[Path]) -> tuple[list[Outcome], list[str]]:
    """The outcomes of every shard, and a sentence for each file that cannot be read."""
    outcomes: list[Outcome] = []
    wrong: list[str] = []
    for path in paths:
        try:
            outcomes += _outcomes(_read(path))
        except OSError as error:
            wrong.append(f"the outcomes in {path.name} cannot be read: {error.strerror}")
        except ValueError as error:
            wrong.append(f"the outcomes in {path.name} cannot be read: {error}")
    return outcomes, wrong


def _read(path: Path) -> _File:
    with path.open("rb") as file:
        return _parsed(file.read(BOUNDS.size + 1))


def _parsed(data: bytes | str) -> _File:
    value = read_json(data, BOUNDS, "it")
    version = value.get("version", VERSION) if isinstance(value, dict) else VERSION
    if isinstance(version, int) and version > VERSION:
        raise ValueError(f"it {NEWER}")
    return fit(_File, value, "it")


def _outcomes(file: _File) -> list[Outcome]:
    return [
        Outcome(
            one.name,
            one.action,
            one.result,
            one.reason,
            one.commit,
            one.seconds,
            public_reason=one.public_reason,
        )
        for one in file.outcomes
    ]
