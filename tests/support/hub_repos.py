"""What the test Hub stores: repos, their commits and the rules by which the real one accepts them. In memory."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from typing import Any

import yaml

GITATTRIBUTES = (
    b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n*tfevents* filter=lfs diff=lfs merge=lfs -text\n"
)
_NAME = re.compile(r"^(?!.*(--|\.\.))[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$")


class Refusal(Exception):
    """An answer other than 200: the Hub's status, words and code."""

    def __init__(
        self, status: int, words: str, code: str | None = None, headers: dict[str, str] | None = None
    ):
        super().__init__(words)
        self.status, self.words = status, words
        self.headers = {
            "X-Error-Message": words,
            **({"X-Error-Code": code} if code else {}),
            **(headers or {}),
        }


@dataclass(frozen=True, slots=True)
class File:
    data: bytes
    lfs: bool

    @property
    def oid(self) -> str:
        if self.lfs:
            return hashlib.sha256(self.data).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(self.data) + self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    title: str
    author: str
    date: str
    tree: dict[str, File]
    card: dict[str, Any] | None


@dataclass(slots=True)
class Repo:
    id: str
    private: bool = False
    gated: bool = False
    commits: list[Commit] = field(default_factory=list)
    stored: dict[str, bytes] = field(default_factory=dict)
    """Big files that were uploaded, by their SHA-256, committed or not."""

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    def commit(self, tree: dict[str, File], title: str, author: str) -> Commit:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        card = self.head.card if self.commits else None
        if not self.commits or tree.get("README.md") != self.head.tree.get("README.md"):
            card = front_matter(tree["README.md"].data)[0] if "README.md" in tree else None
        made = Commit(hashlib.sha1(uuid.uuid4().bytes).hexdigest(), title, author, now, tree, card)
        self.commits.append(made)
        return made

    def at(self, revision: str) -> Commit:
        if revision == "main":
            return self.head
        for commit in self.commits:
            if commit.sha == revision:
                return commit
        raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def apply(self, lines: list[dict[str, Any]], author: str) -> Commit:
        """One commit out of the lines that the client sends; raises Refusal as the Hub would."""
        header = lines[0]["value"]
        if header.get("parentCommit") not in (None, self.head.sha):
            raise Refusal(412, "A commit has happened since. Please refresh and try again.")
        tree = dict(self.head.tree)
        for line in lines[1:]:
            value, path = line["value"], line["value"]["path"]
            match line["key"]:
                case "file":
                    tree[path] = File(base64.b64decode(value["content"]), lfs=False)
                    if path == "README.md" and (errors := front_matter(tree[path].data)[1]):
                        raise Refusal(400, f"Invalid metadata in README.md: {errors[0]}")
                case "lfsFile":
                    if value["oid"] not in self.stored:
                        raise Refusal(400, f"an LFS pointer pointed to a file that does not exist: {path}")
                    tree[path] = File(self.stored[value["oid"]], lfs=True)
                case "deletedFile":
                    if tree.pop(path, None) is None:
                        raise Refusal(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")
                case other:
                    raise Refusal(400, f"unknown key {other!r}")
        return self.commit(tree, header["summary"], author)

    def is_big(self, path: str, size: int, sample: bytes) -> bool:
        """Whether the Hub wants a file through large-file storage."""
        patterns = [line.split()[0] for line in self.head.tree[".gitattributes"].data.decode().splitlines()]
        name = path.rsplit("/", 1)[-1]
        return any(fnmatch(name, pattern) for pattern in patterns) or size > 10 << 20 or b"\0" in sample

    def ignores(self, path: str, gitignore: str | None) -> bool:
        """Whether the repo's own `.gitignore`, or the one sent with the request, keeps a file out."""
        if gitignore is None:
            gitignore = self.head.tree[".gitignore"].data.decode() if ".gitignore" in self.head.tree else ""
        rules = [line.rstrip("/") for line in gitignore.splitlines() if line and not line.startswith("#")]
        return any(fnmatch(path, rule) or path.startswith(f"{rule}/") for rule in rules)

    def row(self, commit: Commit, expand: list[str]) -> dict[str, Any]:
        """What the listing and the info of a model say of it."""
        card = commit.card or {}
        values: dict[str, Any] = {
            "sha": commit.sha,
            "lastModified": commit.date,
            "cardData": commit.card,
            "tags": [*(card.get("tags") or ()), "region:us"],
            "private": self.private,
            "gated": "auto" if self.gated else False,
            "siblings": [{"rfilename": path} for path in sorted(commit.tree)],
        }
        return {
            "_id": "0",
            "id": self.id,
            **{key: values[key] for key in expand or values if values.get(key) is not None},
        }


@dataclass(frozen=True, slots=True)
class Token:
    """Whose it is and what it may do: `role` read, write or fineGrained (then only what `grants` says)."""

    user: str
    role: str = "write"
    orgs: tuple[tuple[str, str], ...] = ()
    grants: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    expired: bool = False
    groups: tuple[tuple[str, str], ...] = ()
    """Roles in resource groups: (organisation, role)."""

    def sees(self, namespace: str) -> bool:
        return namespace in (self.user, *(name for name, _ in self.orgs))

    def writes(self, repo_id: str) -> bool:
        namespace = repo_id.split("/")[0]
        if self.grants is not None:
            return any(entity in (namespace, repo_id) and "repo.write" in may for entity, may in self.grants)
        role = dict(self.orgs).get(namespace, "admin" if namespace == self.user else "none")
        in_groups = {role for organisation, role in self.groups if organisation == namespace}
        return self.role == "write" and bool({role, *in_groups} - {"read", "no_access", "none"})

    def whoami(self) -> dict[str, Any]:
        access: dict[str, Any] = {"displayName": "test", "role": self.role}
        if self.grants is not None:
            access["fineGrained"] = {
                "global": [],
                "scoped": [{"entity": {"name": name}, "permissions": list(may)} for name, may in self.grants],
            }
        orgs = [
            {
                "type": "org",
                "name": name,
                "roleInOrg": role,
                "resourceGroups": [
                    {"id": "1", "name": "g", "role": own} for org, own in self.groups if org == name
                ],
            }
            for name, role in self.orgs
        ]
        return {"type": "user", "name": self.user, "orgs": orgs, "auth": {"accessToken": access}}


@dataclass(slots=True)
class Store:
    repos: dict[str, Repo] = field(default_factory=dict)
    """By id in lower case, as the Hub tells them apart."""
    renamed: dict[str, str] = field(default_factory=dict)

    def add(self, repo_id: str, files: dict[str, bytes] | None = None, **marks: bool) -> str:
        """Puts a repo there without HTTP, with one commit of `files` if any; returns its head."""
        repo = self.repos.get(repo_id.lower()) or self.create(repo_id, "setup")
        for mark, value in marks.items():
            setattr(repo, mark, value)
        if files is not None:
            tree = {path: File(data, lfs=path.endswith(".safetensors")) for path, data in files.items()}
            repo.commit({**repo.head.tree, **tree}, "setup", "setup")
        return repo.head.sha

    def create(self, repo_id: str, author: str) -> Repo:
        if repo_id.lower() in self.repos:
            raise Refusal(409, "You already created this model repo")
        if not _NAME.match(repo_id.split("/")[1]):
            raise Refusal(400, f"Invalid repo name: {repo_id}")
        repo = self.repos[repo_id.lower()] = Repo(repo_id)
        self.renamed.pop(repo_id.lower(), None)
        repo.commit({".gitattributes": File(GITATTRIBUTES, lfs=False)}, "initial commit", author)
        return repo

    def rename(self, old: str, new: str) -> None:
        self.repos[new.lower()] = replace(self.repos.pop(old.lower()), id=new)
        self.renamed[old.lower()] = new

    def find(self, repo_id: str, token: Token | None) -> Repo:
        repo = self.repos.get(repo_id.lower())
        if repo is None or (repo.private and not (token and token.sees(repo.id.split("/")[0]))):
            words = "Repository not found" if token else "Invalid username or password."
            raise Refusal(404 if token else 401, words, "RepoNotFound")
        return repo


def front_matter(card: bytes) -> tuple[dict[str, Any] | None, list[str]]:
    """A card's metadata as the Hub shows it, None when it cannot be parsed, and what is wrong with it."""
    found = re.match(
        r"\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(\r?\n|$)", card.decode(errors="replace"), re.DOTALL
    )
    if not found:
        return None, []
    try:
        value = yaml.load(found[1], getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        return None, [str(error).replace("\n", " ")]
    if not isinstance(value, dict):
        return None, ["YAML metadata should be an object"]
    tags = value.get("tags", [])
    errors = [] if isinstance(tags, list) else ['"tags" must be an array of strings']
    return json.loads(json.dumps(value, default=str)), errors
