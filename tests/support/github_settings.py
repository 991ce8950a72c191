"""What a repository on GitHub is set up with, as plain attributes, and the API's calls that read and change it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any


class Refusal(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Settings:
    """`branches` by environment: the names that may use it, None where all may, [] for protected branches."""

    exists: bool = True
    private: bool = False
    branches: dict[str, list[str] | None] = field(default_factory=dict)
    reviewers: dict[str, list[int]] = field(default_factory=dict)
    secrets: dict[str, list[str]] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    rulesets: list[dict[str, Any]] = field(default_factory=list)
    pages: dict[str, Any] | None = None
    workflow_permissions: dict[str, Any] = field(
        default_factory=lambda: {
            "default_workflow_permissions": "read",
            "can_approve_pull_request_reviews": False,
        }
    )
    users: dict[str, int] = field(default_factory=lambda: {"maintainer": 42})

    def answer(self, method: str, path: str, value: Any) -> Any:
        if found := re.fullmatch(r"/users/(.+)", path):
            if found[1] not in self.users:
                raise Refusal(404, "Not Found")
            return {"login": found[1], "id": self.users[found[1]]}
        if path == "/user/repos":
            self.exists = True
            return {}
        if not self.exists:
            raise Refusal(404, "Not Found")
        if found := re.fullmatch(r"/environments/(\w+)(/\S+)?", path):
            return self._environment(method, found[1], found[2] or "", value)
        if found := re.fullmatch(r"/labels/(.+)", path):
            if found[1] not in self.labels:
                raise Refusal(404, "Not Found")
            return {"name": found[1]}
        return self._repository(method, path, value)

    def _repository(self, method: str, path: str, value: Any) -> Any:
        match method, path:
            case "POST", "/labels":
                self.labels.append(value["name"])
                return value
            case "GET", "/actions/variables":
                listed = [{"name": name, "value": each} for name, each in self.variables.items()]
                return {"variables": listed}
            case "POST", "/actions/variables":
                self.variables[value["name"]] = value["value"]
                return {}
            case "GET", "/rules/branches/main":
                return [rule for ruleset in self.rulesets for rule in ruleset["rules"]]
            case "POST", "/rulesets":
                self.rulesets.append(value)
                return {"id": len(self.rulesets)}
            case "GET", "/pages":
                if self.pages is None:
                    raise Refusal(404, "Not Found")
                return self.pages
            case "POST", "/pages":
                self.pages = dict(value)
                return self.pages
            case "GET", "/actions/permissions/workflow":
                return self.workflow_permissions
            case "PUT", "/actions/permissions/workflow":
                self.workflow_permissions = dict(value)
                return {}
        raise Refusal(404, "Not Found")

    def _environment(self, method: str, name: str, below: str, value: Any) -> Any:
        if method == "PUT" and not below:
            policy = value["deployment_branch_policy"]
            custom = policy is not None and policy["custom_branch_policies"]
            kept = self.branches.get(name) if custom else None
            self.branches[name] = (kept or []) if custom else None
            self.reviewers[name] = [one["id"] for one in value.get("reviewers") or ()]
            return {"name": name}
        if name not in self.branches:
            raise Refusal(404, "Not Found")
        if method == "PUT" and below.startswith("/secrets/"):
            self.secrets.setdefault(name, []).append(below.removeprefix("/secrets/"))
            return {}
        branches = self.branches[name]
        if below == "/deployment-branch-policies" and method == "POST":
            assert branches is not None
            branches.append(value["name"])
            return {}
        if below == "/deployment-branch-policies":
            return {"branch_policies": [{"name": each} for each in branches or ()]}
        if below == "/secrets":
            return {"secrets": [{"name": each} for each in self.secrets.get(name, [])]}
        custom = {"protected_branches": branches == [], "custom_branch_policies": branches != []}
        ids = self.reviewers.get(name, [])
        rule = {"type": "required_reviewers", "reviewers": [{"reviewer": {"id": each}} for each in ids]}
        return {
            "name": name,
            "deployment_branch_policy": custom if branches is not None else None,
            "protection_rules": [rule] if ids else [],
        }
