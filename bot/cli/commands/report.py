"""`bot report`: the results of a whole run, once all its shards ended."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.commands.options import count
from bot.errors import BotError
from bot.github import workflow_commands

if TYPE_CHECKING:
    from bot.github.api import GitHub
    from bot.github.tracking_issue import Verdict
    from bot.plan.outcome import Outcome
    from bot.plan.steps import Plan

LOST = "its machine failed or was cancelled first; nothing is half-published, and the next run finds it"

MOST_NAMED = 10
"""Names of new failures on one line."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--plan-result", default="success", metavar="RESULT", help="How the job that plans ended.")
@click.option("--apply-result", default="success", metavar="RESULT", help="How the jobs that apply ended.")
@click.option("--partial", is_flag=True, help="The plan was of some entries only.")
@click.option("--dry-run", is_flag=True, help="The run was a dry run.")
@click.option("--track", is_flag=True, help="Keep the issue on lasting failures, and look at the schedule.")
def report(
    folder: Path, plan_result: str, apply_result: str, partial: bool, dry_run: bool, track: bool
) -> int:
    """Summarise a run from its shards' outcomes.

    FOLDER holds what the jobs left: plan/plan.json, and outcomes-N/ with what bot apply --report wrote. With --track
    it exits 1 if something failed, was deferred or is held that the issue did not list before.
    """
    from bot.apply import outcome_file
    from bot.github import api, summaries
    from bot.plan import file
    from bot.plan.steps import Plan

    path = folder / "plan" / "plan.json"
    hub = api.from_environment(os.environ) if track else None
    schedule = _schedule(hub) if hub is not None else []
    if plan_result != "success" or not path.is_file():
        lines = [_no_plan(plan_result), *schedule]
        workflow_commands.annotate("warning", lines, os.environ)
        workflow_commands.summary("\n\n".join(["## Fleet", *lines]) + "\n", os.environ)
        click.echo("\n".join(lines))
        return 0
    plan = Plan(tuple(file.read(path)))
    left = sorted(folder.glob("outcomes-*/*.json"))
    outcomes, wrong = outcome_file.read_all(left)
    plan, outcomes = workflow_commands.redact_for_display(plan, outcomes, os.environ)
    spent = outcome_file.spent(left)
    sentences = [*_how(apply_result, dry_run), *schedule]
    sentences += [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in wrong]
    cost = f"{spent.reads:,} posts and profiles were read, for {spent.usd:.2f} USD." if spent.reads else ""
    sentences += [cost] if cost else []
    workflow_commands.annotate("warning", [*schedule, *wrong], os.environ)
    workflow_commands.summary(
        summaries.of_outcomes(plan, outcomes, sentences=sentences, lost="" if dry_run else LOST), os.environ
    )
    for sentence in sentences:
        click.echo(sentence)
    click.echo(f"{count(len(outcomes), 'outcome')} of {count(len(plan.steps), 'step')}")
    if hub is None or dry_run:
        return 0
    return _track(hub, plan, outcomes, partial=partial, spent=cost)


def _no_plan(result: str) -> str:
    if result == "cancelled":
        return (
            "The run was cancelled before there was a plan; nothing was published, and the next run starts from the "
            "beginning."
        )
    return (
        "There is no plan, so nothing was published; the log of the job `plan` says why. "
        "Nothing is lost: the next run starts from the beginning."
    )


def _how(apply_result: str, dry_run: bool) -> list[str]:
    if dry_run:
        return ["A dry run: nothing was done."]
    if apply_result == "cancelled":
        return ["The run was cancelled."]
    return []


def _schedule(hub: GitHub) -> list[str]:
    """A sentence when the schedule has stopped, which GitHub does after 60 days without a commit."""
    from bot.github.api import GitHubError

    try:
        state = hub.workflow_state("schedule.yml")
    except GitHubError as error:
        return [] if error.status == 404 else [f"Whether the schedule runs is not known: {error}."]
    if state == "active":
        return []
    why = " after 60 days without a commit" if state == "disabled_inactivity" else ""
    return [f"The schedule is switched off{why}: switch it on again with `gh workflow enable schedule.yml`."]


def _track(hub: GitHub, plan: Plan, outcomes: Sequence[Outcome], *, partial: bool, spent: str) -> int:
    """Opens, edits or closes the one issue on failures. Returns the exit code: 1 for what is new."""
    from bot.github import ticks, tracking_issue

    known = ticks.find_issue(hub)
    memory = tracking_issue.memory_of(str(known.get("body") or "")) if known is not None else None
    asked = ticks.read(hub, known["number"]) if known is not None else ticks.Ticks()
    verdict = tracking_issue.judge(plan.steps, outcomes, memory, partial=partial)
    if asked.refusal:
        workflow_commands.annotate("warning", [asked.refusal], os.environ)
        click.echo(asked.refusal)
    click.echo(_write_issue(hub, known, verdict, asked.names, spent))
    if not verdict.is_new:
        return 0
    what = _what_is_new(verdict)
    workflow_commands.annotate("error", [what], os.environ)
    click.echo(what)
    return BotError.exit_code


def _write_issue(
    hub: GitHub, known: dict[str, Any] | None, verdict: Verdict, asked: Sequence[str], spent: str
) -> str:
    """Brings the issue up to date, whose ticks are `asked`. Returns what was done, as a sentence."""
    from bot.github import tracking_issue
    from bot.github.api import run_address

    text = tracking_issue.body(verdict, run_address(os.environ), spent, asked)
    listed = count(len(verdict.failing) + len(verdict.removals or {}), "entry", "entries")
    if known is None:
        if verdict.is_empty:
            return "nothing fails or waits"
        number = hub.create_issue(tracking_issue.TITLE, text, tracking_issue.LABEL)
        return f"issue #{number} was opened for {listed}"
    state = "closed" if verdict.is_empty else "open"
    if known.get("state") != "closed" or state != "closed":
        hub.update_issue(known["number"], state=state, body=text)
    return f"issue #{known['number']} is {state}: {listed}"


def _what_is_new(verdict: Verdict) -> str:
    names = ", ".join((*verdict.new[:MOST_NAMED], *(verdict.removals or {})))
    more = f" and {len(verdict.new) - MOST_NAMED:,} more" if len(verdict.new) > MOST_NAMED else ""
    parts = [f"failed or deferred: {names}{more}"] if names else []
    parts += ["steps are held back by a guard"] if verdict.new_hold else []
    return f"New in this run, therefore it fails: {'; '.join(parts)}. The issue lists all."
