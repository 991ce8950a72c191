"""Trains a plan's steps in Hugging Face Jobs: starts jobs, follows those that run already, returns the outcomes.

A model's outcome is read from its job's log, and where that is lost, from the hub. A failure here is the outcome
of the steps it affects, so that the outcomes of earlier ones are not lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.apply.jobs.api import Jobs, Machine
from bot.apply.jobs.code import Code
from bot.errors import BotError, CredentialsError, HubError
from bot.hub import Hub
from bot.plan import shards
from bot.plan.outcome import Outcome
from bot.plan.steps import Step

MOST_MODELS = 1000
"""Models of one job: their names stand in its command, which Linux takes up to 128 KiB of."""


def run(
    steps: Sequence[Step],
    jobs: Jobs,
    hub: Hub,
    code: Code,
    arguments: Callable[[shards.Shard], Sequence[str]],
    *,
    most: int,
    machine: Machine,
    environment: Mapping[str, str],
    say: Callable[[str], None],
) -> list[Outcome]:
    """Trains the models of `steps` in at most `most` new jobs and returns the outcome of every step.

    Jobs that run already are followed for the models they hold. `arguments` are those of `bot apply` for a part.
    """
    by_name = {step.name: step for step in steps}
    try:
        running = jobs.running()
    except (HubError, CredentialsError) as error:
        return [_not_started(step, error) for step in steps]
    holding = {job: names for job, names in running.items() if by_name.keys() & names}
    for job, names in holding.items():
        say(f"job {jobs.url(job)} is on its way already, for {', '.join(names)}")
    taken = {name for names in holding.values() for name in names}
    new = [step for step in steps if step.name not in taken]
    fit = most * MOST_MODELS
    known = {
        step.name: Outcome(
            step.name, step.action, "skipped", f"waits for the next run: jobs take {fit:,} models in this one"
        )
        for step in new[fit:]
    }
    parts = shards.assign(new[:fit], most)
    try:
        for index, part in enumerate(parts, start=1):
            names = tuple(step.name for step in part)
            asked = arguments(shards.Shard(index, len(parts)))
            try:
                job = jobs.start(names, code, asked, machine, environment)
            except CredentialsError as error:  # no later job would be started either
                known |= {
                    step.name: _not_started(step, error) for rest in parts[index - 1 :] for step in rest
                }
                break
            except HubError as error:
                known |= {step.name: _not_started(step, error) for step in part}
                continue
            holding[job] = names
            say(f"job {jobs.url(job)} on {machine.flavor} for {', '.join(names)}")
        known |= _followed(by_name, holding, jobs, hub, say)
    except KeyboardInterrupt:
        for job in holding:
            say(
                f"job {jobs.url(job)} goes on, if it has not ended: hf jobs cancel --namespace {jobs.namespace} {job}"
            )
        if holding:
            say(
                "interrupted: jobs are paid for until they end; the same command again follows them to their end"
            )
        raise
    return [known[step.name] for step in steps]


def _followed(
    steps: Mapping[str, Step],
    holding: Mapping[str, tuple[str, ...]],
    jobs: Jobs,
    hub: Hub,
    say: Callable[[str], None],
) -> dict[str, Outcome]:
    """Outcomes by name, once every job has ended."""
    outcomes: dict[str, Outcome] = {}
    lost: dict[str, str] = {}
    for job, stage, message in jobs.follow(list(holding), say):
        found = {outcome.name: outcome for outcome in jobs.outcomes(job)}
        for name in steps.keys() & holding[job]:
            if name in found:
                outcomes[name] = found[name]
            else:
                lost[name] = (
                    f"its job ended as {stage.lower()}{f' ({message})' if message else ''}: {jobs.url(job)}"
                )
    try:
        heads = {name: repo.head for name, repo in hub.listing().repos.items()} if lost else {}
    except BotError as error:
        heads = {}
        lost = {name: f"{why}; whether it was published is not known: {error}" for name, why in lost.items()}
    for name, why in lost.items():
        step, head = steps[name], heads.get(name.lower())
        if head is not None and head != step.head:
            outcomes[name] = Outcome(name, step.action, "done", f"published, {why}", head)
        else:
            outcomes[name] = Outcome(name, step.action, "failed", why)
    return outcomes


def _not_started(step: Step, error: BotError) -> Outcome:
    refused = isinstance(error, CredentialsError)
    reason = f"no job was started for it: {error}"
    return Outcome(step.name, step.action, "failed", reason, refused=refused)
