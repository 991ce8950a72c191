"""The history of a store in a repo of the Hub: every revision with its files, read before and after a squash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from bot.store.hub_api import hub_api
from bot.store.layout import is_ours
from bot.store.places import Place

if TYPE_CHECKING:
    from huggingface_hub import HfApi

HUBS_OWN = frozenset({".gitattributes", "README.md"})
"""Files that the Hub creates with a repo. They do not prevent a squash, and stay as they are."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One file of a revision: `blob` is git's digest of it, `large` the SHA-256 of a large-file object."""

    blob: str
    large: str | None


@dataclass(frozen=True, slots=True)
class Refs:
    """Commits by name: branches, tags, pull requests (by number), and the Hub's own conversions of the files."""

    branches: Mapping[str, str]
    tags: Mapping[str, str]
    pulls: Mapping[str, str]
    converts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class History:
    """The files of each revision that a ref of the repo reaches, by path."""

    refs: Refs
    revisions: Mapping[str, Mapping[str, Stored]]

    @property
    def heads(self) -> frozenset[str]:
        """The commits that branches are at."""
        return frozenset(self.refs.branches.values())

    @property
    def former(self) -> dict[str, Mapping[str, Stored]]:
        """The revisions that are no branch's head."""
        return {commit: files for commit, files in self.revisions.items() if commit not in self.heads}

    def foreign(self, prefix: str) -> list[str]:
        """Paths of any revision that the store below `prefix` did not write, sorted."""
        paths = {path for files in self.revisions.values() for path in files}
        return sorted(path for path in paths - HUBS_OWN if not _is_ours(path, prefix))

    def holding_deleted(self, prefix: str) -> list[str]:
        """Earlier revisions with files of the store that no branch shows any more, or shows otherwise."""
        current = {pair for commit in self.heads for pair in self.revisions[commit].items()}
        return [
            commit
            for commit, files in self.former.items()
            if any(pair not in current and _is_ours(pair[0], prefix) for pair in files.items())
        ]


def _is_ours(path: str, prefix: str) -> bool:
    below = f"{prefix}/" if prefix else ""
    return path.startswith(below) and is_ours(path.removeprefix(below))


@dataclass(frozen=True, slots=True)
class RepoStore:
    """The repo that a store lies in, asked through the Hub's own client. Every method raises HubError or
    CredentialsError.
    """

    place: Place
    api: HfApi = field(repr=False)

    @property
    def kind(self) -> Literal["dataset", "model"]:
        """The repo's type, as the Hub's client names it."""
        return "model" if self.place.kind == "model" else "dataset"

    @property
    def repo_id(self) -> str:
        """NAMESPACE/NAME."""
        return self.place.container

    @property
    def shown(self) -> str:
        """The repo in messages, as in `datasets/NAMESPACE/NAME`."""
        return f"{self.kind}s/{self.repo_id}"

    @contextmanager
    def calling(self, what: str) -> Iterator[None]:
        """Wraps calls of the client: retries them, and raises every failure as "could not `what`: …"."""
        from bot.hub.client import install, operation
        from bot.hub.errors import translated
        from bot.io.retry import RetryPolicy

        install()
        token = self.api.token
        with (
            operation(RetryPolicy()),
            translated(f"{what} of {self.shown}", token if isinstance(token, str) else None),
        ):
            yield

    def is_public(self) -> bool:
        """Whether everybody can read the repo."""
        with self.calling("look at the visibility"):
            return not self.api.repo_info(self.repo_id, repo_type=self.kind).private

    def refs(self) -> Refs:
        """The commits of the repo's branches, tags and pull requests."""
        with self.calling("list the branches and tags"):
            found = self.api.list_repo_refs(self.repo_id, repo_type=self.kind, include_pull_requests=True)
        return Refs(
            {one.name: one.target_commit for one in found.branches},
            {one.name: one.target_commit for one in found.tags},
            {one.ref.rpartition("/")[2]: one.target_commit for one in found.pull_requests or ()},
            {one.ref: one.target_commit for one in found.converts},
        )

    def read(self) -> History:
        """Every revision that a branch, a tag or a pull request reaches. Two calls a revision, at the most."""
        refs = self.refs()
        revisions: dict[str, Mapping[str, Stored]] = {}
        for tip in (*refs.branches.values(), *refs.tags.values(), *refs.pulls.values()):
            if tip in revisions:
                continue
            for commit in self.commits(tip):
                if commit not in revisions:
                    revisions[commit] = self.files(commit)
        return History(refs, revisions)

    def commits(self, tip: str) -> list[str]:
        """The commits that one reaches, itself first."""
        with self.calling("list the commits"):
            found = self.api.list_repo_commits(self.repo_id, repo_type=self.kind, revision=tip)
        return [commit.commit_id for commit in found]

    def files(self, commit: str) -> Mapping[str, Stored]:
        """The files of one revision, by path."""
        from huggingface_hub.hf_api import RepoFile

        with self.calling(f"list revision {commit[:12]}"):
            tree = self.api.list_repo_tree(self.repo_id, repo_type=self.kind, revision=commit, recursive=True)
            found = [one for one in tree if isinstance(one, RepoFile)]
        return {one.path: Stored(one.blob_id, one.lfs.sha256 if one.lfs else None) for one in found}

    def is_gone(self, commit: str, path: str | None = None) -> bool:
        """Whether the Hub answers that there is no such revision, or no such file in it."""
        from huggingface_hub import hf_hub_url
        from huggingface_hub.errors import EntryNotFoundError, RevisionNotFoundError

        with self.calling(f"ask for revision {commit[:12]}"):
            try:
                if path is None:
                    list(self.api.list_repo_tree(self.repo_id, repo_type=self.kind, revision=commit))
                else:
                    address = hf_hub_url(
                        self.repo_id, path, repo_type=self.kind, revision=commit, endpoint=self.api.endpoint
                    )
                    self.api.get_hf_file_metadata(url=address)
            except (EntryNotFoundError, RevisionNotFoundError):
                return True
        return False


def open_repo(place: Place) -> RepoStore:
    """The repo of a store at `hf://datasets/…` or `hf://models/…`, with the token of this machine."""
    return RepoStore(place, hub_api())
