"""What a fleet's repository on GitHub is set up with: for each setting the calls that make it, and how it is verified.

`bot init --github` prints and runs the calls, `bot doctor --github` verifies and names the calls that are missing.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bot.github import proposal, tracking_issue
from bot.github.api import GitHub, GitHubError

CHECK = "registry"
"""The job that a pull request must pass."""
USER_ID = re.compile(r"\$\(gh api (user|users/[\w-]+) --jq \.id\)")
"""In the text of a call: the number of an account, which GitHub is asked for when the call is made."""
Check = Callable[[GitHub], str | None]
"""Returns what is wrong with a setting, None for nothing. Raises GitHubError where that is not known."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of `gh` or `hf`. `body` is JSON for its input; a `secret` is asked for and given as its input."""

    words: tuple[str, ...]
    body: str = ""
    secret: str = ""

    def __str__(self) -> str:
        """The call as a shell takes it."""
        line = shlex.join(self.words)
        if self.body:
            text = self.body.replace('"', '\\"')
            quoted = f'"{text}"' if USER_ID.search(self.body) else shlex.quote(self.body)
            return f"echo {quoted} | {line}"
        return f"{line}  # asks for {self.secret}" if self.secret else line


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing to set up: its name, the calls that make it, and its check, None where GitHub cannot say."""

    what: str
    calls: tuple[Call, ...]
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a repository is to be set up.

    `reviewers` are logins of people who approve removals, empty for the one who is logged in. `bucket` is the store's
    Storage Bucket, NAMESPACE/NAME. `paid` says that posts are read through X's API.
    """

    repository: str
    branch: str = "main"
    public: bool = False
    reviewers: tuple[str, ...] = ()
    bucket: str | None = None
    paid: bool = False
    runner: str | None = None


def settings(wanted: Wanted) -> Iterator[Setting]:
    """Every setting, in the order in which they can be made."""
    yield _repository(wanted)
    yield _environment(wanted, "hub", ())
    yield _environment(wanted, "takedown", wanted.reviewers or ("",))
    secrets = [("hub", "HF_TOKEN"), ("takedown", "HF_TOKEN")]
    for environment, name in [*secrets, *([("hub", "X_BEARER_TOKEN")] if wanted.paid else [])]:
        yield _secret(wanted, environment, name)
    yield _label(wanted, proposal.LABEL, "Somebody asks for a model by the issue form")
    yield _label(wanted, tracking_issue.LABEL, "The bot's list of what fails")
    if wanted.runner:
        yield _variable(wanted, "GPU_RUNNER", wanted.runner)
    yield _permissions(wanted)
    yield _ruleset(wanted)
    if wanted.bucket:
        yield Setting(
            f"bucket {wanted.bucket}",
            (Call(("hf", "buckets", "create", wanted.bucket, "--private", "--exist-ok")),),
        )
    yield _pages(wanted)


def _repository(wanted: Wanted) -> Setting:
    kind = "--public" if wanted.public else "--private"
    words = ("gh", "repo", "create", wanted.repository, kind, "--source", ".", "--push")

    def check(hub: GitHub) -> str | None:
        return _there(hub, "", "contents: read", "there is no such repository, or the token may not see it")

    return Setting(f"repository {wanted.repository}", (Call(words),), check)


def _environment(wanted: Wanted, name: str, reviewers: tuple[str, ...]) -> Setting:
    people = [
        f'{{"type": "User", "id": $(gh api {f"users/{login}" if login else "user"} --jq .id)}}'
        for login in reviewers
    ]
    policy = '"deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true}'
    path = f"repos/{wanted.repository}/environments/{name}"
    calls = (
        _api("PUT", path, f'{{"reviewers": [{", ".join(people)}], {policy}}}'),
        _api("POST", f"{path}/deployment-branch-policies", json.dumps({"name": wanted.branch})),
    )
    return Setting(
        f"environment {name}",
        calls,
        partial(_check_environment, name=name, branch=wanted.branch, reviewed=bool(reviewers)),
    )


def _check_environment(hub: GitHub, *, name: str, branch: str, reviewed: bool) -> str | None:
    try:
        branches = hub.environment_branches(name)
        rules = hub.get(f"environments/{name}", "actions: read").get("protection_rules") or ()
    except GitHubError as error:
        if error.status != 404:
            raise
        return "there is no such environment"
    if branches is None:
        return "any branch may use its secrets"
    if branches != (branch,):
        others = ", ".join(branches) or "a protection rule"
        return f"branches that match {others} may use its secrets: only {branch} should"
    if reviewed and not any(rule.get("type") == "required_reviewers" for rule in rules):
        return "nobody must approve what runs there"
    return None


def _secret(wanted: Wanted, environment: str, name: str) -> Setting:
    words = ("gh", "secret", "set", name, "--env", environment, "--repo", wanted.repository)

    def check(hub: GitHub) -> str | None:
        try:
            found = hub.get(f"environments/{environment}/secrets?per_page=100", "environments: read")
        except GitHubError as error:
            if error.status != 404:
                raise
            return "there is no such environment"
        there = any(one.get("name") == name for one in found["secrets"])
        return None if there else f"the environment {environment} has no secret {name}"

    return Setting(f"secret {name} of {environment}", (Call(words, secret=name),), check)


def _label(wanted: Wanted, name: str, description: str) -> Setting:
    words = ("gh", "label", "create", name, "--description", description, "--repo", wanted.repository)
    check = partial(
        _there, path=f"labels/{name}", permission="issues: read", missing="there is no such label"
    )
    return Setting(f"label {name}", (Call(words),), check)


def _variable(wanted: Wanted, name: str, value: str) -> Setting:
    call = _api(
        "POST", f"repos/{wanted.repository}/actions/variables", json.dumps({"name": name, "value": value})
    )

    def check(hub: GitHub) -> str | None:
        found = hub.get("actions/variables?per_page=30", "variables: read")["variables"]
        values = [one.get("value") for one in found if one.get("name") == name]
        if not values:
            return "it is not set"
        return None if values == [value] else "it has another value: gh variable set changes it"

    return Setting(f"variable {name}", (call,), check)


def _permissions(wanted: Wanted) -> Setting:
    value = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": True}
    call = _api("PUT", f"repos/{wanted.repository}/actions/permissions/workflow", json.dumps(value))

    def check(hub: GitHub) -> str | None:
        found = hub.get("actions/permissions/workflow", "administration: read")
        if not found.get("can_approve_pull_request_reviews"):
            return "workflows may open no pull requests, so that issue forms and removals cannot propose any"
        return None if found.get("default_workflow_permissions") == "read" else "they may write by default"

    return Setting("permissions of workflows", (call,), check)


def _ruleset(wanted: Wanted) -> Setting:
    pull = {
        "required_approving_review_count": 0,
        "dismiss_stale_reviews_on_push": False,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_review_thread_resolution": False,
    }
    checks = {
        "strict_required_status_checks_policy": False,
        "required_status_checks": [{"context": CHECK}],
    }
    value = {
        "name": "fleet",
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {"type": "pull_request", "parameters": pull},
            {"type": "required_status_checks", "parameters": checks},
        ],
    }
    call = _api("POST", f"repos/{wanted.repository}/rulesets", json.dumps(value))
    return Setting(f"ruleset for {wanted.branch}", (call,), partial(_check_rules, branch=wanted.branch))


def _check_rules(hub: GitHub, *, branch: str) -> str | None:
    rules = hub.get(f"rules/branches/{branch}?per_page=100", "metadata: read")
    if not any(rule["type"] == "pull_request" for rule in rules):
        return f"commits reach {branch} without a pull request"
    contexts = {
        one["context"]
        for rule in rules
        if rule["type"] == "required_status_checks"
        for one in rule["parameters"]["required_status_checks"]
    }
    return None if CHECK in contexts else f"pull requests are merged without the check {CHECK}"


def _pages(wanted: Wanted) -> Setting:
    def check(hub: GitHub) -> str | None:
        try:
            found = hub.get("pages", "pages: read")
        except GitHubError as error:
            if error.status != 404:
                raise
            return "Pages is switched off"
        return None if found.get("build_type") == "workflow" else "Pages is built from a branch"

    return Setting(
        "Pages",
        (_api("POST", f"repos/{wanted.repository}/pages", json.dumps({"build_type": "workflow"})),),
        check,
    )


def _api(method: str, path: str, body: str) -> Call:
    return Call(("gh", "api", "--method", method, path, "--input", "-"), body)


def _there(hub: GitHub, path: str, permission: str, missing: str) -> str | None:
    try:
        hub.get(path, permission)
    except GitHubError as error:
        if error.status != 404:
            raise
        return missing
    return None


def faults(setting: Setting, hub: GitHub) -> str | None:
    """What is wrong with a setting by its check. Raises GitHubError where that is not known."""
    assert setting.check is not None  # noqa: S101 - asked of those that have one
    try:
        return setting.check(hub)
    except (KeyError, TypeError, AttributeError):
        raise GitHubError(f"GitHub answered in another form than expected about: {setting.what}") from None
