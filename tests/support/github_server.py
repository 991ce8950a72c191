"""A GitHub for tests: the calls that the bot makes, over HTTP on loopback, for one repository `org/fleet`.

    with GitHubServer({"registry.yaml": TEXT}) as github:
        GitHub(github.url, "org/fleet", "token").comment_once(1, "<!-- x -->", "<!-- x --> hello")
        assert github.comments[1][0]["body"] == "<!-- x --> hello"

Refusals are put in beforehand: `github.refuse["PUT /contents"] = 403`, for the next call that begins so.
What a repository is set up with (environments, secrets, rulesets, …) is `github.settings`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from github_settings import Refusal, Settings

WORKFLOW = {"__typename": "Bot", "login": "github-actions"}


class GitHubServer:
    """A running GitHub; its state is plain attributes."""

    def __init__(self, files: dict[str, str] | None = None, repository: str = "org/fleet") -> None:
        self.repository = repository
        self.branches: dict[str, dict[str, str]] = {"main": dict(files or {})}
        self.messages: list[str] = []
        self.commits: dict[str, list[str]] = {}
        self._starts: dict[str, dict[str, str]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.issues: list[dict[str, Any]] = []
        self.pulls: list[dict[str, Any]] = []
        self.pull_files: dict[int, list[dict[str, Any]]] = {}
        self.schedule = "active"
        self.settings = Settings()
        self.environments = self.settings.branches
        self.artifacts: dict[int, list[dict[str, Any]]] = {}
        self.permissions: dict[str, str] = {}
        """What people may do, by login; nothing for others."""
        self.edits: dict[int, list[dict[str, Any] | None]] = {}
        """Who edited an issue's text, the first edit first; None for an account that is gone."""
        self.refuse: dict[str, int] = {}
        self.calls: list[str] = []
        self.tokens: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def head(self, branch: str) -> str:
        return _commit(self.branches[branch])

    def edit_issue(self, number: int, body: str, by: str | None) -> None:
        """Somebody edits an issue's text."""
        self.issues[number - 1]["body"] = body
        self.edits.setdefault(number, []).append({"__typename": "User", "login": by} if by else None)

    def tick(self, number: int, name: str, by: str | None) -> None:
        """Somebody ticks an entry's box."""
        body = self.issues[number - 1]["body"]
        assert f"- [ ] `{name}`" in body
        self.edit_issue(number, body.replace(f"- [ ] `{name}`", f"- [x] `{name}`"), by)

    def _graphql(self, number: int) -> Any:
        edits = [
            {"id": str(at), "editedAt": f"2026-01-01T{at // 60:02}:{at % 60:02}:00Z", "editor": editor}
            for at, editor in enumerate(self.edits.get(number, []))
        ]
        issue = self.issues[number - 1]
        found = {
            "body": issue["body"],
            "author": issue.get("author", WORKFLOW),
            "first": {"totalCount": len(edits), "nodes": edits[:50]},
            "last": {"nodes": edits[-50:]},
        }
        return {"data": {"repository": {"issue": found}}}

    def answer(self, method: str, path: str, query: dict[str, str], value: Any) -> Any:
        for prefix, status in list(self.refuse.items()):
            if f"{method} {path}".startswith(prefix):
                del self.refuse[prefix]
                raise Refusal(status, "Resource not accessible by integration")
        if found := re.fullmatch(r"/issues/(\d+)/comments", path):
            comments = self.comments.setdefault(int(found[1]), [])
            if method == "GET":
                return _page(comments, query)
            made = {
                "id": len(comments) + 1000 * int(found[1]),
                "body": value["body"],
                "user": {"type": "Bot"},
                "html_url": f"https://github.example/{self.repository}/issues/{found[1]}#c{len(comments)}",
            }
            comments.append(made)
            return made
        if found := re.fullmatch(r"/issues/comments/(\d+)", path):
            made = next(one for each in self.comments.values() for one in each if one["id"] == int(found[1]))
            made["body"] = value["body"]
            return made
        if path == "/issues" and method == "GET":
            ours = [one for one in reversed(self.issues) if query["labels"] in one["labels"]]
            return _page(
                [{**one, "labels": [{"name": name} for name in one["labels"]]} for one in ours], query
            )
        if path == "/issues":
            made = {"number": len(self.issues) + 1, "state": "open", **value}
            self.issues.append(made)
            return made
        if path == "/graphql":
            return self._graphql(value["variables"]["number"])
        if found := re.fullmatch(r"/collaborators/([^/]+)/permission", path):
            if found[1] not in self.permissions:
                raise Refusal(404, "Not Found")
            return {"permission": self.permissions[found[1]]}
        if found := re.fullmatch(r"/actions/runs/(\d+)/artifacts", path):
            listed = self.artifacts.get(int(found[1]), [])
            return {"artifacts": [one for one in listed if query.get("name") in (None, one["name"])]}
        if found := re.fullmatch(r"/issues/(\d+)", path):
            made = self.issues[int(found[1]) - 1]
            if value.get("body", made["body"]) != made["body"]:
                self.edits.setdefault(int(found[1]), []).append(WORKFLOW)
            made.update(value)
            return made
        if path == "" and self.settings.exists:
            return {"default_branch": "main", "private": self.settings.private}
        if found := re.fullmatch(r"/compare/main\.\.\.(.+)", path):
            return self._compared(found[1])
        if found := re.fullmatch(r"/git/ref/heads/(.+)", path):
            if found[1] not in self.branches:
                raise Refusal(404, "Not Found")
            return {"object": {"sha": self.head(found[1])}}
        if path == "/git/refs":
            name = value["ref"].removeprefix("refs/heads/")
            if name in self.branches:
                raise Refusal(422, "Reference already exists")
            self._start(name, value["sha"])
            return {}
        if found := re.fullmatch(r"/git/refs/heads/(.+)", path):
            self._start(found[1], value["sha"])
            return {}
        if found := re.fullmatch(r"/contents/(.+)", path):
            return self._contents(method, found[1], query, value)
        if path == "/pulls" and method == "GET":
            return _page([one for one in self.pulls if self._listed(one, query)], query)
        if path == "/pulls":
            head = {"ref": value["head"], "repo": {"full_name": self.repository}}
            made = {**value, "number": 100 + len(self.pulls), "state": "open", "head": head}
            made["html_url"] = f"https://github.example/{self.repository}/pull/{made['number']}"
            self.pulls.append(made)
            return made
        if found := re.fullmatch(r"/pulls/(\d+)/files", path):
            return _page(self.pull_files.get(int(found[1]), []), query)
        if found := re.fullmatch(r"/pulls/(\d+)", path):
            pull = next((one for one in self.pulls if one["number"] == int(found[1])), None)
            if pull is None:
                raise Refusal(404, "Not Found")
            pull.update(value or {})
            return {"changed_files": len(self.pull_files.get(pull["number"], [])), **pull}
        if path == "/actions/workflows/schedule.yml":
            return {"state": self.schedule}
        return self.settings.answer(method, path, value)

    def _listed(self, pull: dict[str, Any], query: dict[str, str]) -> bool:
        """As GitHub filters: by state, and by `OWNER:BRANCH` where a head is given."""
        owner = pull["head"]["repo"]["full_name"].partition("/")[0]
        heads = (None, f"{owner}:{pull['head']['ref']}")
        return pull["state"] == query["state"] and query.get("head") in heads

    def _contents(self, method: str, path: str, query: dict[str, str], value: Any) -> Any:
        ref = query.get("ref") or value["branch"]
        files = self.branches[ref] if ref in self.branches else self._at(ref)
        if path not in files:
            raise Refusal(404, "Not Found")
        blob = hashlib.sha1(files[path].encode()).hexdigest()
        if method == "GET":
            return {"content": base64.encodebytes(files[path].encode()).decode(), "sha": blob}
        if value["sha"] != blob:
            raise Refusal(409, f"{path} does not match {value['sha']}")
        files[path] = base64.b64decode(value["content"]).decode()
        self.messages.append(value["message"])
        self.commits.setdefault(value["branch"], []).append(value["message"])
        return {"commit": {"sha": self.head(value["branch"])}}

    def push(self, branch: str, path: str, text: str, message: str = "by hand") -> None:
        """A commit that somebody else makes."""
        self.branches[branch][path] = text
        self.commits.setdefault(branch, []).append(message)

    def _start(self, branch: str, head: str) -> None:
        self.branches[branch] = self._at(head)
        self._starts[branch] = dict(self.branches[branch])
        self.commits[branch] = []

    def _compared(self, branch: str) -> dict[str, Any]:
        """What a branch has since it was started from main."""
        files, start = self.branches[branch], self._starts.get(branch, {})
        changed = sorted(path for path in {*files, *start} if files.get(path) != start.get(path))
        commits = [{"commit": {"message": message}} for message in self.commits.get(branch, [])]
        return {
            "merge_base_commit": {"sha": _commit(start)},
            "ahead_by": len(commits),
            "commits": commits,
            "files": [{"filename": path} for path in changed],
        }

    def _at(self, head: str) -> dict[str, str]:
        every = [*self.branches.values(), *self._starts.values()]
        return dict(next(files for files in every if _commit(files) == head))


def _commit(files: dict[str, str]) -> str:
    return hashlib.sha1(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _page(items: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    size, page = int(query["per_page"]), int(query["page"])
    return items[size * (page - 1) : size * page]


def _handler(github: GitHubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(size)
            url = urlsplit(self.path)
            github.tokens.add(self.headers.get("Authorization") or "")
            path = url.path.removeprefix(f"/repos/{github.repository}")
            github.calls.append(f"{self.command} {path}")
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            try:
                answer, status = (
                    github.answer(self.command, path, query, json.loads(body) if body else None),
                    200,
                )
            except Refusal as refusal:
                answer, status = {"message": str(refusal)}, refusal.status
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815 - names of the library

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
