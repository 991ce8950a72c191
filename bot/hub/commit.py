"""One publication on the Hub: exactly one commit on the parent that was read, or an error that says why not.

An answer can be lost after the commit landed. So before a commit is repeated the history is read: a commit with
exactly our manifest and card is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from bot.errors import ConflictError, HubError
from bot.hub.client import Operation
from bot.hub.errors import translated
from bot.hub.protocol import checked_path
from bot.hub.published import FILENAME
from bot.hub.repo_status import GITATTRIBUTES

Change = CommitOperationAdd | CommitOperationCopy | CommitOperationDelete

_PROOF = (FILENAME, "README.md")
_GITIGNORE = ".gitignore"


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication of `files` to `repo_id`. `read(path, revision)` returns a file of it, or None."""

    api: HfApi
    repo_id: str
    files: Mapping[str, Path | bytes]
    secret: str | None
    operation: Operation
    read: Callable[[str, str], bytes | None]

    def run(self, *, parent: str | None, message: str, remove: Collection[str] = ()) -> str:
        """Commits, without the files in `remove`, and returns the commit's id.

        ConflictError names who committed first; nothing of ours landed then.
        """
        for path in self.files:
            checked_path(path)
        ignores = False
        if parent is None:
            parent, complete = self._create()
            if complete:  # another run of ours made the same version
                return parent
        else:
            ignores = self.read(_GITIGNORE, parent) is not None
        operations = self._operations(remove, ignores=ignores)
        attempt = 0
        while True:
            attempt += 1
            self.operation.commit_sent = False
            try:
                return self._commit(operations, parent, message)
            except HubError as error:
                if not self.operation.commit_sent or not (
                    error.transient or isinstance(error, ConflictError)
                ):
                    raise
                landed = self._landed(parent, error)
                if landed is not None:
                    return landed
                if error.retry_at is not None or not self.operation.pause(attempt, None):
                    raise

    def _operations(self, remove: Collection[str], *, ignores: bool) -> list[Change]:
        removed = sorted(path for path in remove if path not in self.files)
        with translated(f"publish {self.repo_id}", self.secret):
            additions = [CommitOperationAdd(path, content) for path, content in self.files.items()]
            if ignores:  # rules that somebody added would silently keep files of ours out of the commit
                self.api.preupload_lfs_files(
                    self.repo_id, additions, gitignore_content="# nothing\n", free_memory=False
                )
        return [*additions, *(CommitOperationDelete(path, is_folder=False) for path in removed)]

    def _commit(self, operations: list[Change], parent: str, message: str) -> str:
        with translated(f"publish {self.repo_id}", self.secret):
            commit = self.api.create_commit(
                self.repo_id, operations, commit_message=message, parent_commit=parent or None
            )
            return str(commit.oid)

    def _create(self) -> tuple[str, bool]:
        """Creates the repo, or takes an empty one: its commit, and whether our files are there already."""
        attempt = 0
        while True:
            attempt += 1
            failure: HubError | None = None
            try:
                with translated(f"create {self.repo_id}", self.secret):
                    self.api.create_repo(self.repo_id)
            except ConflictError:
                pass  # it exists: left by a run that was killed, or somebody was faster
            except HubError as error:
                if not error.transient or error.retry_at is not None:
                    raise
                failure = error
            state = self._state()
            if state is not None:
                return state
            failure = failure or HubError(
                f"{self.repo_id} was created and cannot be seen: run again", transient=True
            )
            if not self.operation.pause(attempt, None):
                raise failure

    def _state(self) -> tuple[str, bool] | None:
        """The head of a repo, and whether it holds our files rather than none; None if there is no repo.

        ConflictError for a repo with any other files.
        """
        with translated(f"look at {self.repo_id}", self.secret):
            try:
                info = self.api.model_info(self.repo_id, expand=["sha", "siblings"])
            except RepositoryNotFoundError as error:
                if error.response.status_code != 404:
                    raise
                return None
            siblings = info.siblings
            if siblings is None:  # an endpoint that does not name a repo's files there
                tree = self.api.list_repo_tree(self.repo_id, recursive=True)
                head, paths = info.sha or "", {entry.path for entry in tree}
            else:
                head, paths = info.sha or "", {sibling.rfilename for sibling in siblings}
        if info.id.lower() != self.repo_id.lower():
            raise HubError(f"{self.repo_id} was renamed to {info.id} on the Hub: rename it back or delete it")
        if paths <= {GITATTRIBUTES}:
            return head, False
        if not self._is_ours_at(head):
            raise ConflictError(
                f"{self.repo_id} exists already, at {head[:8]} with {len(paths)} files, and was missing when the "
                "namespace was listed: run the plan again"
            )
        return head, True

    def _landed(self, parent: str, failure: HubError) -> str | None:
        """The id of our commit after a lost answer; None if the repo is unchanged, else ConflictError."""
        try:
            with translated(f"read the history of {self.repo_id}", self.secret):
                commits = self.api.list_repo_commits(self.repo_id)
            ids = [commit.commit_id for commit in commits]
            if not ids or ids[0] == parent:
                return None
            first = commits[ids.index(parent) - 1] if parent in ids else commits[0]
            if self._is_ours_at(first.commit_id):
                return first.commit_id
        except HubError as again:
            raise HubError(
                f"{failure}; whether the commit landed could not be read either ({again}): the next run will see",
                transient=True,
                retry_at=again.retry_at or failure.retry_at,
            ) from None
        raise ConflictError(
            f"{self.repo_id} moved while this was published: {', '.join(first.authors) or 'somebody'} committed "
            f"{first.commit_id[:8]} ({first.title!r}); run the plan again"
        )

    def _is_ours_at(self, revision: str) -> bool:
        """Whether the repo holds our manifest and card at this revision, byte for byte."""
        paths = [path for path in _PROOF if path in self.files] or list(self.files)[:1]
        return all(self.read(path, revision) == _bytes(self.files[path]) for path in paths)


def _bytes(content: Path | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()
