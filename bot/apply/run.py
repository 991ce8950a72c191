"""One run of `bot apply`: which steps it takes, what is trained here or in jobs, and what is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bot.apply import kept_training, outcome_file
from bot.apply.context import Limits, RunContext
from bot.apply.execute import execute
from bot.apply.jobs.api import Machine
from bot.apply.jobs.request import Request, prepare
from bot.apply.removal import housekeeping
from bot.errors import UsageError
from bot.hub import Hub
from bot.plan import file, shards
from bot.plan.guard import MAX_CHANGE
from bot.plan.inputs import Force
from bot.plan.make import PlanOptions, make_plan
from bot.plan.outcome import Outcome
from bot.plan.shards import Shard
from bot.plan.steps import Plan, Step
from bot.registry import Registry

MOVED = "changed since the plan; look at it again with bot plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """The flags of `bot apply`, under the names that click gives them. `timeout` and `wait` are in seconds."""

    registry_path: Path = Path("registry.yaml")
    hub_target: str | None = None
    store_url: str | None = None
    only: tuple[str, ...] = ()
    force: Force | None = None
    max_change: float = MAX_CHANGE
    plan_path: Path | None = None
    on: Literal["local", "hf-jobs"] = "local"
    flavor: str = "t4-small"
    image: str = "python:3.12"
    timeout: int = 7200
    shards: int = 4
    shard_name: str | None = None
    dry_run: bool = False
    max_models: int = 50
    max_reads: int | None = None
    allow_removals: int | None = None
    overwrite_edits: tuple[str, ...] = ()
    wait: float = 120
    report_path: Path | None = None
    device: str = "auto"
    everything: bool = False
    exit_zero: bool = False
    as_json: bool = False

    @property
    def shard(self) -> Shard | None:
        """The part of the work that this run does, None for all of it. Raises UsageError."""
        return shards.parse(self.shard_name) if self.shard_name is not None else None

    @property
    def limits(self) -> Limits:
        """The run's limits: this shard's share of them."""
        models, reads, shard = self.max_models, self.max_reads, self.shard
        if shard is not None:
            models, reads = shard.share(models), reads and shard.share(reads)
        return Limits(models, reads, self.allow_removals, frozenset(self.overwrite_edits))

    def reviewed(self) -> Sequence[Step] | None:
        """The steps of `--plan` that this run takes; None without one. Raises UsageError for flags that do not fit."""
        shard = self.shard
        if self.plan_path is None:
            return None
        if self.only or self.force:
            raise UsageError(
                "--plan does exactly what was reviewed: give --only and --force to bot plan instead"
            )
        steps = file.read(self.plan_path)
        return shards.part(steps, shard) if shard is not None else steps


@dataclass(frozen=True, slots=True)
class Selection:
    """The plan that a run executes, and steps of a reviewed plan whose state has changed since."""

    plan: Plan
    moved: Sequence[Step] = ()


def select(options: ApplyOptions, reviewed: Sequence[Step] | None, registry: Registry, hub: Hub) -> Selection:
    """Plans again and keeps what this run takes: the `reviewed` steps that still fit, or its shard's."""
    # Of a reviewed plan, steps that a guard held back stay so, and no others are.
    share = 1.0 if reviewed is not None else options.max_change
    asked = PlanOptions(options.only, options.force, options.overwrite_edits, share)
    plan = make_plan(registry, hub, options.store_url or registry.store.url, asked)
    if reviewed is not None:
        return Selection(*file.agreed(reviewed, plan))
    shard = options.shard
    if shard is None:
        return Selection(plan)
    return Selection(replace(plan, steps=tuple(step for step in plan.steps if shard.holds(step.name))))


def run_apply(
    options: ApplyOptions, selection: Selection, context: RunContext, environment: Mapping[str, str]
) -> list[Outcome]:
    """Executes the selected steps and returns all outcomes. With `--report` they are also written after each step."""
    so_far: list[Outcome] = []

    def record(outcomes: Sequence[Outcome]) -> None:
        so_far[:] = outcomes
        if options.report_path is not None:
            outcome_file.write(outcomes, options.report_path, context.fetcher.cost)

    registry = context.registry
    kept_training.sweep(registry.path.parent, registry.gone, context.now())
    try:
        outcomes = _executed(options, selection.plan, context, environment, record)
    except KeyboardInterrupt:  # no table follows
        for outcome in so_far:
            context.watcher.say(f"{outcome.name}: {outcome.result}: {outcome.reason}")
        raise
    outcomes += [
        Outcome(step.name, step.action, "skipped", MOVED, public_reason=MOVED) for step in selection.moved
    ]
    record(outcomes)
    return outcomes


def _executed(
    options: ApplyOptions,
    plan: Plan,
    context: RunContext,
    environment: Mapping[str, str],
    record: Callable[[Sequence[Outcome]], None],
) -> list[Outcome]:
    """Executes a plan here and in jobs, then purges what the store holds of people who left."""
    in_jobs = [
        step for step in plan.steps if options.on != "local" and step.action == "train" and not step.held
    ]
    here = tuple(step for step in plan.steps if step not in in_jobs)
    train_in_jobs = prepare(in_jobs, context, _job_request(options), environment) if in_jobs else list
    outcomes = execute(replace(plan, steps=here), context, record)
    outcomes += train_in_jobs()
    if not options.only and (options.shard is None or options.shard.index == 1):
        allowed = options.allow_removals is not None
        for sentence in housekeeping.purge_removed_and_unlisted(
            context.registry, context.store, context.now(), removals=allowed
        ):
            context.watcher.say(sentence)
    return outcomes


def _job_request(options: ApplyOptions) -> Request:
    limits = options.limits
    return Request(
        options.shards,
        Machine(options.flavor, options.image, options.timeout),
        limits.max_models,
        limits.max_reads,
        options.wait,
        options.force,
        options.overwrite_edits,
        options.store_url,
    )
