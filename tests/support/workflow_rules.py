"""The rules that every workflow of this repository keeps, as functions from a file's text to what breaks them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

SECRETS = {
    ("publish.yml", "plan", "Plan"): {"HF_TOKEN"},
    ("publish.yml", "apply", "Apply"): {"HF_TOKEN", "X_BEARER_TOKEN", "WANDB_API_KEY"},
    ("takedown.yml", "takedown", "Take down"): {"HF_TOKEN"},
    ("add-handle.yml", "propose", "Become the App"): {"APP_PRIVATE_KEY"},
}
"""The only steps that see a secret, and which."""

PERMISSIONS: dict[tuple[str, str], dict[str, str]] = {
    ("ci.yml", "lint"): {"contents": "read"},
    ("ci.yml", "test"): {"contents": "read"},
    ("registry.yml", "registry"): {"contents": "read"},
    ("registry-comment.yml", "comment"): {"contents": "read", "actions": "read", "pull-requests": "write"},
    ("publish.yml", "plan"): {"contents": "read", "issues": "read"},
    ("publish.yml", "apply"): {"contents": "read", "id-token": "write"},
    ("publish.yml", "report"): {"contents": "read", "actions": "read", "issues": "write"},
    ("schedule.yml", "publish"): {
        "contents": "read",
        "actions": "read",
        "issues": "write",
        "id-token": "write",
    },
    ("takedown.yml", "takedown"): {"contents": "write", "pull-requests": "write"},
    ("pages.yml", "build"): {"contents": "read"},
    ("pages.yml", "deploy"): {"pages": "write", "id-token": "write"},
    ("add-handle.yml", "propose"): {"contents": "write", "issues": "write", "pull-requests": "write"},
    ("release.yml", "build"): {"contents": "read", "id-token": "write", "attestations": "write"},
    ("release.yml", "attach"): {"contents": "write"},
    ("release.yml", "publish"): {"contents": "read", "id-token": "write"},
}
"""What each job may do, and nothing else."""

EVENT = {
    "github.event.issue.number",
    "github.event.issue.state",
    "github.event.issue.labels.*.name",
    "github.event.pull_request.number",
    "github.event.repository.default_branch",
    "github.event.workflow_run.conclusion",
    "github.event.workflow_run.event",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.head_repository.full_name",
    "github.event.workflow_run.id",
}
"""What expressions may take of an event; a stranger's branch and fork only for the group of a concurrency."""
GROUP_ONLY = {"github.event.workflow_run.head_branch", "github.event.workflow_run.head_repository.full_name"}

_CACHES = {"publish.yml": "publish-", "pages.yml": "pages-"}
"""What begins the names of a workflow's caches; the others have none."""

_PIN = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_RUN = re.compile(r"(bot [a-z]+|make (lint|test|coverage)$|\.ci/release [a-z]+$)")


def load(text: str) -> dict[str, Any]:
    """A workflow with its triggers under `on`, which YAML 1.1 reads as a boolean."""
    value: dict[Any, Any] = yaml.safe_load(text)
    value["on"] = value.pop(True)
    return value


def triggers(workflow: dict[str, Any]) -> set[str]:
    on = workflow["on"]
    return {on} if isinstance(on, str) else set(on)


def problems(name: str, text: str) -> list[str]:
    """Everything in a workflow that breaks a rule, as a sentence."""
    return list(_problems(name, text))


def _problems(name: str, text: str) -> Iterator[str]:
    workflow = load(text)
    on = triggers(workflow)
    if workflow.get("permissions") != {}:
        yield "the workflow itself has permissions: only jobs have"
    if "pull_request_target" in on:
        yield "pull_request_target runs a stranger's code with the repository's rights"
    if "workflow_run" in on and name not in ("registry-comment.yml", "pages.yml"):
        yield "workflow_run is for the comment and the page alone"
    if "schedule" in on and on != {"schedule"}:
        yield "a schedule stands in a file of its own, which GitHub may switch off"
    for line in text.splitlines():
        if (found := re.search(r"uses: (\S+)(.*)", line)) and not found[1].startswith("./"):
            if not _PIN.fullmatch(found[1]):
                yield f"{found[1]} is not pinned to a commit"
            elif not re.match(r" # v\d+\.\d+\.\d+$", found[2]):
                yield f"{found[1]} does not say which version that is"
    yield from _expressions(workflow, text)
    for job_id, job in workflow["jobs"].items():
        for problem in _job_problems(name, on, job_id, job):
            yield f"{job_id}: {problem}"


def _job_problems(name: str, on: set[str], job_id: str, job: dict[str, Any]) -> Iterator[str]:
    if job.get("permissions") != PERMISSIONS.get((name, job_id)):
        yield f"permissions are {job.get('permissions')}, expected {PERMISSIONS.get((name, job_id))}"
    if "uses" in job:
        if job.get("secrets") == "inherit":
            yield "secrets are inherited: name them"
        return
    if "timeout-minutes" not in job:
        yield "no timeout"
    if "needs" in job and not re.search(r"!cancelled\(\)|always\(\)", str(job.get("if"))):
        yield "a job that needs others says !cancelled() or always(), or a skipped ancestor skips it"
    strategy = job.get("strategy", {})
    if "fromJSON" in str(strategy):
        if strategy.get("fail-fast") is not False:
            yield "one shard that fails would end the others: fail-fast: false"
        if ".outputs.count != '0'" not in str(job.get("if")):
            yield "an empty matrix fails the run: look at the count first"
        if ".result == 'success'" not in str(job.get("if")):
            yield "it would run although the plan failed"
    if any(key.startswith("secrets.") for key in _names({k: v for k, v in job.items() if k != "steps"})):
        yield "a secret outside of steps"
    seen = {each for step in job["steps"] for each in _names(step) if each.startswith("secrets.")}
    if seen and "environment" not in job:
        yield "a secret without an environment"
    if "pull_request" in on and (seen or any(each.startswith("vars.") for each in _names(job))):
        yield "a pull request sees a secret or a variable"
    if "always()" in str(job.get("if")) and not all(
        "always()" in str(step.get("if")) for step in job["steps"]
    ):
        yield "a cancelled run skips its steps: always() on each"
    for step in job["steps"]:
        for problem in _step_problems(name, on, job_id, step):
            yield f"{step.get('name') or step.get('uses')}: {problem}"


def _step_problems(name: str, on: set[str], job_id: str, step: dict[str, Any]) -> Iterator[str]:
    uses, run = str(step.get("uses", "")), str(step.get("run", ""))
    if uses.startswith("actions/checkout@"):
        if step.get("with", {}).get("persist-credentials") is not False:
            yield "the token stays on the disk: persist-credentials: false"
        if (
            "workflow_run" in on
            and step["with"].get("ref") != "${{ github.event.repository.default_branch }}"
        ):
            yield "not main's code"
    if "${{" in run:
        yield "an expression in a script: give it through env"
    if run and (not _RUN.match(run) or "\n" in run.strip()):
        yield "a step is one call of bot"
    secrets = {each.removeprefix("secrets.") for each in _names(step) if each.startswith("secrets.")}
    allowed = SECRETS.get((name, job_id, str(step.get("name"))), set())
    if secrets - allowed:
        yield f"sees {', '.join(sorted(secrets - allowed))}, which is not for it"
    if "actions/cache" in uses and not step["with"]["key"].startswith(_CACHES.get(name, "no cache")):
        yield "a cache that publish could take from another workflow, or leave to one"


def _expressions(workflow: dict[str, Any], text: str) -> Iterator[str]:
    used = {each for expression in _EXPRESSION.findall(text) for each in _contexts(expression)}
    for each in sorted(used):
        if each.startswith("github.event.") and each not in EVENT:
            yield f"{each} in an expression: what people typed is read from the event's file"
        if each in ("github.head_ref", "github.event") or each.startswith("github.event["):
            yield f"{each} in an expression"
    group = str(workflow.get("concurrency", {}).get("group", ""))
    outside = text.replace(group, "") if group else text
    for each in GROUP_ONLY:
        if each in outside:
            yield f"{each} outside of a concurrency group"


def _names(value: object) -> set[str]:
    """Every context that an expression anywhere in this part names."""
    match value:
        case str():
            return {each for expression in _EXPRESSION.findall(value) for each in _contexts(expression)}
        case dict():
            return set().union(*map(_names, value.values()))
        case list():
            return set().union(*map(_names, value))
    return set()


def _contexts(expression: str) -> set[str]:
    return set(
        re.findall(r"\b(?:github|secrets|vars|inputs|needs|steps|matrix|env|runner)\.[\w.*-]+", expression)
    ) | set(re.findall(r"\bgithub\.event\b(?!\.)|toJSON\((github)\)", expression))
