"""A Hub for tests: real HTTP on loopback, the part of the protocol that the bot uses, and faults on demand.

    with HubServer() as hub:
        hub.store.add("tester/ada", {"README.md": b"..."})
        hub.fault(path="/commit/", cut="after")       # the commit lands, its answer is lost
        open_hub(hub.url, "tester", token=hub.token)
        assert hub.count("/commit/") == 1

Only the standard library; every request is logged in `calls`, whatever becomes of it.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from hub_http import Answer, Call, Fault, Handler, Server
from hub_repos import File, Refusal, Repo, Store, Token, front_matter


class HubServer:
    """A running Hub. `token` may write to `tester` and to the organisation `acme`; add others to `tokens`."""

    token = "hf_testtokenthatmustnotleak"

    def __init__(self, page_size: int = 100) -> None:
        self.page_size = page_size
        self.store = Store()
        self.tokens = {self.token: Token("tester", orgs=(("acme", "write"),))}
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.bugs: list[Exception] = []
        self.lock = threading.RLock()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.hub = self
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        if self.bugs:
            raise ExceptionGroup("the test Hub itself failed", self.bugs)

    def fault(self, **options: Any) -> Fault:
        """Adds a fault, see `Fault`."""
        fault = Fault(**options)
        self.faults.append(fault)
        return fault

    def clear(self) -> None:
        """Forgets faults and calls; the repos stay."""
        self.faults.clear()
        self.calls.clear()

    def count(self, path: str = ".", method: str | None = None) -> int:
        """How many requests matched."""
        return sum(bool(re.search(path, c.path)) and method in (None, c.method) for c in self.calls)

    def titles(self, repo_id: str) -> list[str]:
        """The commits of a repo, oldest first, without the one that created it."""
        return [commit.title for commit in self.store.repos[repo_id.lower()].commits[1:]]

    def files(self, repo_id: str) -> dict[str, bytes]:
        """The current files of a repo, without `.gitattributes`."""
        tree = self.store.repos[repo_id.lower()].head.tree
        return {path: file.data for path, file in tree.items() if path != ".gitattributes"}

    def answer(self, method: str, target: str, token: Token | None, body: bytes) -> Answer:
        """Carries a request out."""
        url = urlsplit(target)
        query = parse_qs(url.query)
        path = [unquote(part) for part in url.path.strip("/").split("/")]
        match method, path:
            case "GET", ["api", "whoami-v2"]:
                if token is None:
                    raise Refusal(401, "Invalid username or password.")
                return _json(token.whoami())
            case "GET", ["api", "models"]:
                return self._listing(token, query)
            case "POST", ["api", "validate-yaml"]:
                _, errors = front_matter(json.loads(body)["content"].encode())
                answer = _json({"errors": [{"message": error} for error in errors], "warnings": []})
                return Answer(answer.body, 400 if errors else 200)
            case "POST", ["api", "repos", "create"]:
                return self._create(token, json.loads(body))
            case "DELETE", ["api", "repos", "delete"]:
                value = json.loads(body)
                repo = self._writable(f"{value['organization']}/{value['name']}", token)
                del self.store.repos[repo.id.lower()]
                return Answer(b"OK")
            case _, ["api", "models", namespace, name, *rest]:
                if moved := self.store.renamed.get(f"{namespace}/{name}".lower()):
                    where = "/".join(["/api/models", moved, *rest]) + (f"?{url.query}" if url.query else "")
                    return Answer(b"", 307, {"Location": self.url + where})
                return self._model(method, f"{namespace}/{name}", rest, token, query, body)
            case "POST", [namespace, git, "info", "lfs", "objects", "batch"] if git.endswith(".git"):
                repo = self._writable(f"{namespace}/{git.removesuffix('.git')}", token)
                return self._batch(repo, json.loads(body))
            case "PUT", ["_lfs", namespace, name, oid]:
                if hashlib.sha256(body).hexdigest() != oid:
                    raise Refusal(400, "sha256 mismatch")
                self.store.repos[f"{namespace}/{name}".lower()].stored[oid] = body
                return Answer(b"")
            case "POST", ["_lfs", namespace, name, oid, "verify"]:
                if oid not in self.store.repos[f"{namespace}/{name}".lower()].stored:
                    raise Refusal(404, "object not found")
                return _json({})
            case "GET" | "HEAD", [namespace, name, "resolve", revision, *file]:
                return self._resolve(f"{namespace}/{name}", revision, "/".join(file), token)
        raise Refusal(404, f"Sorry, we can't find {method} {url.path}")

    def _listing(self, token: Token | None, query: dict[str, list[str]]) -> Answer:
        author = query.get("author", [""])[0].lower()
        repos = [repo for key, repo in self.store.repos.items() if key.split("/")[0] == author]
        shown = [repo for repo in repos if not repo.private or (token and token.sees(repo.id.split("/")[0]))]
        start = int(query.pop("cursor", ["0"])[0])
        rows = [
            repo.row(repo.head, query.get("expand", [])) for repo in shown[start : start + self.page_size]
        ]
        headers = {}
        if start + self.page_size < len(shown):
            following = urlencode({**query, "cursor": start + self.page_size}, doseq=True)
            headers["Link"] = f'<{self.url}/api/models?{following}>; rel="next"'
        return Answer(json.dumps(rows).encode(), headers=headers)

    def _create(self, token: Token | None, value: dict[str, Any]) -> Answer:
        repo_id = f"{value.get('organization') or (token and token.user)}/{value['name']}"
        if token is None:
            raise Refusal(401, "Invalid username or password.")
        if not token.writes(repo_id):
            raise Refusal(403, f"You don't have the rights to create a model under {repo_id.split('/')[0]}")
        repo = self.store.create(repo_id, token.user)
        return _json({"url": f"{self.url}/{repo.id}", "name": repo.id, "id": "0"})

    def _writable(self, repo_id: str, token: Token | None) -> Repo:
        repo = self.store.find(repo_id, token)
        if token is None or not token.writes(repo.id):
            raise Refusal(403 if token else 401, "Forbidden: you must use a write token")
        return repo

    def _model(
        self,
        method: str,
        repo_id: str,
        rest: list[str],
        token: Token | None,
        query: dict[str, list[str]],
        body: bytes,
    ) -> Answer:
        match method, rest:
            case "GET", [] | ["revision", _]:
                repo = self.store.find(repo_id, token)
                return _json(repo.row(repo.at(rest[1] if rest else "main"), query.get("expand", [])))
            case "GET", ["tree", revision, *_]:
                commit = self.store.find(repo_id, token).at(revision)
                return _json([_entry(path, file) for path, file in sorted(commit.tree.items())])
            case "GET", ["commits", revision]:
                repo = self.store.find(repo_id, token)
                repo.at(revision)
                return _json(
                    [
                        {
                            "id": c.sha,
                            "title": c.title,
                            "message": "",
                            "date": c.date,
                            "authors": [{"user": c.author}],
                        }
                        for c in reversed(repo.commits)
                    ]
                )
            case "POST", ["preupload", _]:
                return self._preupload(self._writable(repo_id, token), json.loads(body))
            case "POST", ["commit", "main"]:
                repo = self._writable(repo_id, token)
                lines = [json.loads(line) for line in body.splitlines() if line]
                commit = repo.apply(lines, token.user if token else "?")
                return _json(
                    {"commitOid": commit.sha, "commitUrl": f"{self.url}/{repo.id}/commit/{commit.sha}"}
                )
            case "PUT", ["settings"]:
                self._writable(repo_id, token).private = json.loads(body)["visibility"] == "private"
                return _json({})
        raise Refusal(404, f"Sorry, we can't find {method} {rest}")

    def _preupload(self, repo: Repo, value: dict[str, Any]) -> Answer:
        files = []
        for item in value["files"]:
            before = repo.head.tree.get(item["path"])
            big = repo.is_big(item["path"], item["size"], item.get("sample", "").encode())
            files.append(
                {
                    "path": item["path"],
                    "uploadMode": "lfs" if big else "regular",
                    "shouldIgnore": repo.ignores(item["path"], value.get("gitIgnore")),
                    "oid": before.oid if before else None,
                }
            )
        return _json({"files": files, "commitOid": repo.head.sha})

    def _batch(self, repo: Repo, value: dict[str, Any]) -> Answer:
        objects = []
        for item in value["objects"]:
            href = f"{self.url}/_lfs/{quote(repo.id)}/{item['oid']}"
            actions = {"upload": {"href": href + "?signature=secret"}, "verify": {"href": f"{href}/verify"}}
            have = item["oid"] in repo.stored
            objects.append(
                {"oid": item["oid"], "size": item["size"], **({} if have else {"actions": actions})}
            )
        return _json({"transfer": "basic", "objects": objects})

    def _resolve(self, repo_id: str, revision: str, path: str, token: Token | None) -> Answer:
        repo = self.store.find(repo_id, token)
        if repo.gated and not (token and token.sees(repo.id.split("/")[0])):
            raise Refusal(403 if token else 401, f"Access to model {repo.id} is restricted.", "GatedRepo")
        commit = repo.at(revision)
        if path not in commit.tree:
            raise Refusal(404, "Entry not found", "EntryNotFound")
        file = commit.tree[path]
        return Answer(file.data, headers={"X-Repo-Commit": commit.sha, "ETag": f'"{file.oid}"'})


def _entry(path: str, file: File) -> dict[str, Any]:
    entry = {"type": "file", "path": path, "oid": file.oid, "size": len(file.data)}
    return (
        {**entry, "lfs": {"oid": file.oid, "size": len(file.data), "pointerSize": 100}} if file.lfs else entry
    )


def _json(value: object) -> Answer:
    return Answer(json.dumps(value).encode())
