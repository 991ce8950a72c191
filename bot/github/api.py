"""GitHub's REST API, as much of it as the workflows need: comments, issues, branches with one file, pull requests.

The token is the job's own and goes to the runner's API alone; every refusal says which permission it takes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.errors import BotError, Deferred, SourceError, UsageError
from bot.io.retry import RetryPolicy

if TYPE_CHECKING:
    from bot.io.http import Answer

POLICY = RetryPolicy(read_s=30.0, answer_s=90.0, tries=3, pause_s=1.0, wait_s=60.0)
PAGES = 10
"""Pages of 100 items that are looked through for one of ours."""
MOST_FILES = 3000
"""Files of a pull request that GitHub lists; of a larger one the rest is not listed."""
LONGEST_COMMENT = 60_000
"""Characters in a comment or an issue; GitHub takes 65,536."""


class GitHubError(BotError):
    """A call to GitHub failed; `status` is the answer's, 0 when there was none."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Ahead:
    """A branch beside another one: the commit that both have, the messages of its own commits, the files in them."""

    start: str
    messages: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GitHub:
    """One repository. Every method raises GitHubError only."""

    url: str
    repository: str
    token: str = field(repr=False)
    policy: RetryPolicy = POLICY

    def comments(self, issue: int) -> Iterator[dict[str, Any]]:
        """The comments of an issue or pull request, oldest first."""
        return self._pages(f"issues/{issue}/comments")

    def comment_once(self, issue: int, mark: str, body: str) -> str:
        """Writes the one comment that begins with `mark`: edits it where it is ours and there. Returns its address."""
        body = body[:LONGEST_COMMENT]
        for comment in self.comments(issue):
            ours = comment.get("user", {}).get("type") == "Bot"
            if ours and str(comment.get("body", "")).startswith(mark):
                if comment["body"] != body:
                    self._call("PATCH", f"issues/comments/{comment['id']}", {"body": body}, "issues: write")
                return str(comment["html_url"])
        made = self._call("POST", f"issues/{issue}/comments", {"body": body}, "issues: write")
        return str(made["html_url"])

    def issues(self, label: str) -> Iterator[dict[str, Any]]:
        """Issues with this label, open and closed, the newest first; no pull requests."""
        found = self._pages(f"issues?labels={label}&state=all&sort=created&direction=desc")
        return (issue for issue in found if "pull_request" not in issue)

    def create_issue(self, title: str, body: str, label: str) -> int:
        """Opens an issue and returns its number."""
        value = {"title": title, "body": body[:LONGEST_COMMENT], "labels": [label]}
        return int(self._call("POST", "issues", value, "issues: write")["number"])

    def update_issue(self, number: int, **values: str) -> None:
        """Changes an issue's `title`, `body` or `state`."""
        self._call("PATCH", f"issues/{number}", values, "issues: write")

    def graphql(self, query: str, variables: Mapping[str, Any], permission: str) -> Any:
        """The answer to a query of GraphQL about this repository, whose `owner` and `name` are given with it."""
        owner, _, name = self.repository.partition("/")
        value = {"query": query, "variables": {"owner": owner, "name": name, **variables}}
        return self._call("POST", "graphql", value, permission)

    def permission(self, login: str) -> str:
        """What somebody may do here: `admin`, `maintain`, `write`, `triage`, `read`; `none` for strangers."""
        try:
            found = self._call(
                "GET", f"collaborators/{quote(login, safe='')}/permission", None, "metadata: read"
            )
        except GitHubError as error:
            if error.status == 404:
                return "none"
            raise
        return str(found["permission"])

    def pull(self, number: int) -> dict[str, Any]:
        """A pull request."""
        found: dict[str, Any] = self._call("GET", f"pulls/{number}", None, "pull-requests: read")
        return found

    def pull_files(self, number: int) -> tuple[list[str], int]:
        """The paths that a pull request changes or renames away, and how many files of at most `MOST_FILES` it has."""
        files = list(self._pages(f"pulls/{number}/files", MOST_FILES // 100))
        names = ("filename", "previous_filename")
        return [str(file[key]) for file in files for key in names if file.get(key)], len(files)

    def open_pulls(self, branch: str | None = None) -> list[dict[str, Any]]:
        """Open pull requests, the newest first: all, or those of `OWNER:BRANCH`, of this repository or a fork."""
        head = f"head={quote(branch, safe=':')}&" if branch is not None else ""
        return list(self._pages(f"pulls?{head}state=open"))

    def default_branch(self) -> str:
        """The branch that pull requests go to."""
        return str(self._call("GET", "", None, "contents: read")["default_branch"])

    def file(self, path: str, branch: str) -> tuple[str, str]:
        """A file's text on a branch or at a commit, and its blob's id."""
        found = self._call("GET", f"contents/{path}?ref={branch}", None, "contents: read")
        return base64.b64decode(found["content"]).decode(), str(found["sha"])

    def commit_file(self, path: str, text: str, *, branch: str, blob: str, message: str) -> str:
        """One commit that replaces one file; GitHubError with status 409 when the branch moved. Returns the commit."""
        value = {
            "message": message,
            "content": base64.b64encode(text.encode()).decode(),
            "branch": branch,
            "sha": blob,
        }
        made = self._call("PUT", f"contents/{path}", value, "contents: write")
        return str(made["commit"]["sha"])

    def head(self, branch: str) -> str | None:
        """The commit that a branch is at; None where there is no such branch."""
        try:
            found = self._call("GET", f"git/ref/heads/{branch}", None, "contents: read")
        except GitHubError as error:
            if error.status == 404:
                return None
            raise
        return str(found["object"]["sha"])

    def ahead(self, base: str, branch: str) -> Ahead:
        """What a branch has that `base` has not."""
        found = self._call("GET", f"compare/{base}...{branch}", None, "contents: read")
        return Ahead(
            str(found["merge_base_commit"]["sha"]),
            tuple(str(each["commit"]["message"]) for each in found["commits"]),
            tuple(str(file["filename"]) for file in found.get("files", ())),
        )

    def start_branch(self, name: str, at: str) -> None:
        """A branch at the head of the branch `at`: made, or put back there."""
        head = self._call("GET", f"git/ref/heads/{at}", None, "contents: read")["object"]["sha"]
        try:
            self._call("POST", "git/refs", {"ref": f"refs/heads/{name}", "sha": head}, "contents: write")
        except GitHubError as error:
            if error.status != 422:
                raise
            self._call("PATCH", f"git/refs/heads/{name}", {"sha": head, "force": True}, "contents: write")

    def propose(self, *, branch: str, base: str, title: str, body: str) -> str:
        """The open pull request of the branch, made or brought up to date. Returns its address."""
        owner = self.repository.split("/")[0]
        body = body[:LONGEST_COMMENT]
        for pull in self._pages(f"pulls?head={owner}:{branch}&state=open"):
            self._call(
                "PATCH", f"pulls/{pull['number']}", {"title": title, "body": body}, "pull-requests: write"
            )
            return str(pull["html_url"])
        value = {"title": title, "body": body, "head": branch, "base": base}
        return str(self._call("POST", "pulls", value, "pull-requests: write")["html_url"])

    def workflow_state(self, file: str) -> str:
        """What GitHub says of a workflow: `active`, `disabled_inactivity`, `disabled_manually` and others."""
        return str(self._call("GET", f"actions/workflows/{file}", None, "actions: read")["state"])

    def artifact(self, run: int, name: str) -> int | None:
        """The id of a workflow run's artifact of that name; None where it has none."""
        found = self._call("GET", f"actions/runs/{run}/artifacts?name={quote(name)}", None, "actions: read")
        ids = [one["id"] for one in found["artifacts"] if not one.get("expired")]
        return max(ids) if ids and all(isinstance(each, int) for each in ids) else None

    def get(self, path: str, permission: str) -> Any:
        """What GitHub answers to a path of the repository; `permission` is what a token needs for it."""
        return self._call("GET", path, None, permission)

    def environment_branches(self, name: str) -> tuple[str, ...] | None:
        """Name patterns of the branches and tags that may use an environment, at most 100; None where any may.

        Empty where the rule is "protected branches only". GitHubError with status 404 where there is none.
        """
        path = f"environments/{name}"
        policy = self._call("GET", path, None, "actions: read").get("deployment_branch_policy")
        if not policy:
            return None
        if not policy.get("custom_branch_policies"):
            return ()
        listed = self._call("GET", f"{path}/deployment-branch-policies?per_page=100", None, "actions: read")
        return tuple(str(one["name"]) for one in listed["branch_policies"])

    def _pages(self, path: str, pages: int = PAGES) -> Iterator[dict[str, Any]]:
        for page in range(1, pages + 1):
            mark = "&" if "?" in path else "?"
            items = self._call(
                "GET", f"{path}{mark}per_page=100&page={page}", None, "a token of this repository"
            )
            if not isinstance(items, list):
                raise GitHubError(f"GitHub answered {path.partition('?')[0]} with something that is no list")
            yield from items
            if len(items) < 100:
                return

    @property
    def _graphql(self) -> str:
        """Where GraphQL is asked: beside the REST API, which an own server has under /api/v3."""
        return f"{self.url.removesuffix('/v3')}/graphql"

    def _call(self, method: str, path: str, value: Mapping[str, Any] | None, permission: str) -> Any:
        """The JSON that GitHub answers to a call. Raises GitHubError."""
        from bot.io.http import Client, NoAnswer

        what = f"GitHub: {method} {path.partition('?')[0] or 'the repository'}"
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        address = (
            self._graphql if path == "graphql" else f"{self.url}/repos/{self.repository}/{path}".rstrip("/")
        )
        try:
            answer = Client(headers=headers, policy=self.policy, trusted=True).json(
                address, method=method, value=value
            )
        except (SourceError, Deferred) as error:
            status = error.status if isinstance(error, NoAnswer) else 0
            raise GitHubError(f"{what}: {error}", status) from None
        if answer.status >= 400:
            raise GitHubError(_sentence(what, answer, permission), answer.status)
        return answer.value


def from_environment(environment: Mapping[str, str]) -> GitHub:
    """The repository that the workflow runs in. Raises UsageError outside of Actions, or without GITHUB_TOKEN."""
    token, repository = environment.get("GITHUB_TOKEN"), environment.get("GITHUB_REPOSITORY")
    if not token or not repository or not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise UsageError("this runs in a GitHub workflow: give the step GITHUB_TOKEN: ${{ github.token }}")
    return GitHub(environment.get("GITHUB_API_URL") or "https://api.github.com", repository, token)


def run_address(environment: Mapping[str, str]) -> str | None:
    """The page of this workflow run; None outside of Actions."""
    parts = [environment.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}" if all(parts) else None


def _sentence(what: str, answer: Answer, permission: str) -> str:
    said = str(answer.value.get("message", ""))[:200] if isinstance(answer.value, dict) else ""
    hint = {
        401: "the token is no longer valid: run the job again",
        403: f"the job needs `{permission}`, and the repository's settings must allow it (see docs/setup.md)",
        404: f"it is not there, or the job does not have `{permission}`",
        409: "the branch moved meanwhile: run the job again",
    }.get(answer.status, "run the job again")
    return f"{what}: {answer.status} {' '.join(said.split())}; {hint}"
