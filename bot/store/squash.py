"""Erases what a store deleted from a repo of the Hub: squashes its history, deletes large files, and verifies both.

Only where every path of every revision is the store's own, since a squash erases the history of all files.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.errors import BotError
from bot.store.erasure import Erasure
from bot.store.layout import is_posts
from bot.store.repo_history import History, RepoStore, Stored

if TYPE_CHECKING:
    from huggingface_hub.hf_api import LFSFileInfo

MAX_SHOWN = 10
"""Foreign paths that a refusal lists; the others are counted."""

BRANCH = "main"
"""The branch that a store reads and writes; every other one is somebody's copy."""

UPLOAD_TIME = timedelta(hours=1)
"""The age up to which a large-file object that no revision names may be an upload of another run."""

_AGAIN = "run the same command again when no other run is at work"


def forget(repo: RepoStore) -> Erasure:
    """Squashes every branch to its current files, deletes other large-file objects, and reads the repo again.

    Returns what was checked and what remains, each with the call that clears it; raises no BotError. Nothing is
    squashed where a path is not the store's, or where a branch moved while the history was read.
    """
    erasure = Erasure()
    try:
        _forget(repo, repo.read(), erasure)
    except BotError as error:
        erasure.remains.append(
            f"{repo.shown}: earlier revisions may still hold what was deleted, since this failed: {error}; run "
            "the same command again"
        )
    return erasure


def _forget(repo: RepoStore, before: History, erasure: Erasure) -> None:
    if foreign := before.foreign(repo.place.prefix):
        if holding := before.holding_deleted(repo.place.prefix):
            erasure.remains.append(_refusal(repo, len(holding), foreign))
        else:
            erasure.checked.append(
                f"{repo.shown}: the history was read, and holds no deleted file of the store"
            )
        return
    if repo.refs() != before.refs:
        erasure.remains.append(
            f"{repo.shown}: another run wrote while the history was read, so it was not squashed and earlier "
            f"revisions still hold what was deleted; {_AGAIN}"
        )
        return
    for name, commit in before.refs.branches.items():
        if len(repo.commits(commit)) > 1:
            with repo.calling("squash the history"):
                repo.api.super_squash_history(
                    repo.repo_id,
                    repo_type=repo.kind,
                    branch=name,
                    commit_message="Keep the current files only",
                )
    current = {name: repo.files(commit) for name, commit in repo.refs().branches.items()}
    if _is_same(repo, before, current, erasure):
        _delete_objects(repo, before, current, erasure)
        _verify(repo, before, erasure)


def _is_same(
    repo: RepoStore, before: History, current: Mapping[str, Mapping[str, Stored]], erasure: Erasure
) -> bool:
    """Whether every branch holds the same files as before, by their digests; reports it where it does not."""
    old = {name: before.revisions[commit] for name, commit in before.refs.branches.items()}
    changed = sum(
        len(old.get(name, {}).items() ^ current.get(name, {}).items()) for name in old.keys() | current.keys()
    )
    if changed:
        erasure.remains.append(
            f"{repo.shown}: {changed:,} files are others than before the squash, since another run wrote; {_AGAIN}"
        )
    return not changed


def _refusal(repo: RepoStore, holding: int, foreign: list[str]) -> str:
    shown = ", ".join(map(_printable, foreign[:MAX_SHOWN]))
    if len(foreign) > MAX_SHOWN:
        shown += f" and {len(foreign) - MAX_SHOWN:,} more"
    return (
        f"{repo.shown}: {holding:,} earlier revisions still hold what was deleted; the history was not squashed, "
        f"since it holds files that are not the store's: {shown}. Carry the store over with `bot store move "
        f"hf://buckets/{repo.repo_id}`; then squash the history yourself, or delete the repo: "
        f"`{_delete_repo(repo)}`"
    )


def _delete_objects(
    repo: RepoStore, before: History, current: Mapping[str, Mapping[str, Stored]], erasure: Erasure
) -> None:
    """Deletes the large-file objects that no branch names, also those of tags and pull requests."""
    kept, known = _large(current.values()), _large(before.revisions.values())
    listed = _listed(repo)
    unnamed = {oid: one for oid, one in listed.items() if oid not in kept}
    old = datetime.now(UTC) - UPLOAD_TIME
    going = {oid: one for oid, one in unnamed.items() if oid in known or one.pushed_at < old}
    if going:
        with repo.calling("delete large files"):
            repo.api.permanently_delete_lfs_files(repo.repo_id, going.values(), repo_type=repo.kind)
    if still := going.keys() & _listed(repo).keys():
        erasure.remains.append(
            f"{repo.shown}: {len(still):,} deleted large-file objects are listed still; look under Settings, "
            f"Storage, at {repo.api.endpoint}/{repo.shown.removeprefix('models/')}/settings"
        )
    elif gone := len(known - kept):
        erasure.checked.append(
            f"{repo.shown}: none of the {gone:,} large-file objects of deleted files is listed any more"
        )
    if young := len(unnamed) - len(going):
        erasure.remains.append(
            f"{repo.shown}: {young:,} large-file objects that no revision names were uploaded within the last hour, "
            "by a run that is at work or was killed; run the same command again in an hour"
        )


def _listed(repo: RepoStore) -> dict[str, LFSFileInfo]:
    with repo.calling("list the large files"):
        return {one.file_oid: one for one in repo.api.list_lfs_files(repo.repo_id, repo_type=repo.kind)}


def _large(trees: Iterable[Mapping[str, Stored]]) -> set[str]:
    return {file.large for tree in trees for file in tree.values() if file.large is not None}


def _verify(repo: RepoStore, before: History, erasure: Erasure) -> None:
    """Reads the history again, and requests every revision and file that was listed before and should be gone."""
    after = repo.read()
    current = {name: after.revisions[tip] for name, tip in after.refs.branches.items()}
    if _is_same(repo, before, current, erasure):
        erasure.checked.append(f"{repo.shown}: the current files stand as they were, by their digests")
    erasure.remains += [f"{repo.shown}: {what}" for what in _other_refs(repo, after)]
    reached = {commit for head in after.heads for commit in repo.commits(head)}
    kept = before.former.keys() & reached
    if kept:
        erasure.remains.append(
            f"{repo.shown}: {len(kept):,} earlier revisions are in the history of a branch still; {_AGAIN}"
        )
    gone = {commit: files for commit, files in before.revisions.items() if commit not in after.revisions}
    answers = _requested(repo, gone, after)
    if not answers.present and not answers.failed and not kept:
        erasure.checked.append(
            f"{repo.shown}: the history was read again and reaches none of {len(gone):,} earlier revisions; these "
            f"and their files of posts were asked for ({answers.absent:,} times) and are not there"
        )
    for commit in answers.present:
        erasure.remains.append(
            f"{repo.shown}: revision {commit} is in no history any more and still answers; ask again tomorrow with "
            f"`hf download {repo.repo_id} --type {repo.kind} --revision {commit} --dry-run`, and if it is there still, "
            f"delete the repo after `bot store move`: `{_delete_repo(repo)}`"
        )
    if answers.failed:
        erasure.remains.append(
            f"{repo.shown}: whether {answers.failed:,} earlier files are gone could not be asked; {_AGAIN}"
        )


@dataclass(frozen=True, slots=True)
class _Answers:
    """Requests for what should be gone: how many were absent or failed, and the revisions that are still there."""

    absent: int
    failed: int
    present: tuple[str, ...]


def _requested(repo: RepoStore, gone: Mapping[str, Mapping[str, Stored]], after: History) -> _Answers:
    absent, failed, present = 0, 0, []
    for commit, path in _questions(gone.items(), after):
        try:
            if repo.is_gone(commit, path):
                absent += 1
            else:
                present.append(commit)
        except BotError:  # its sentence may hold the path, which names a person
            failed += 1
    return _Answers(absent, failed, tuple(dict.fromkeys(present)))


def _questions(
    gone: Iterable[tuple[str, Mapping[str, Stored]]], after: History
) -> Iterator[tuple[str, str | None]]:
    """Each revision with one of its files of posts, and each file of posts with at least one revision."""
    current = {path for commit in after.heads for path in after.revisions[commit]}
    seen: set[str] = set()
    for commit, files in gone:
        yield commit, None
        posts = sorted(path for path in files if is_posts(path))
        for path in [path for path in posts if path not in current | seen] or posts[:1]:
            seen.add(path)
            yield commit, path


def _other_refs(repo: RepoStore, after: History) -> Iterator[str]:
    """Each other ref that reaches files that the store's branch does not have, with the call that deletes it."""
    kind = f"--type {repo.kind}"
    shown = after.revisions.get(after.refs.branches.get(BRANCH, ""), {}).items()
    for branch, commit in after.refs.branches.items():
        if after.revisions[commit].items() - shown:
            call = f"hf repos branch delete {repo.repo_id} {shlex.quote(_printable(branch))} {kind}"
            yield (
                f"the branch {_printable(branch)} holds files of the store that {BRANCH} does not; delete it: "
                f"`{call}`"
            )
    for tag, commit in after.refs.tags.items():
        if commit not in after.heads:
            call = f"hf repos tag delete {repo.repo_id} {shlex.quote(_printable(tag))} {kind}"
            yield f"the tag {_printable(tag)} still holds earlier files of the store; delete it: `{call}`"
    for number, commit in after.refs.pulls.items():
        if commit not in after.heads:
            yield (
                f"pull request {_printable(number)} still holds earlier files of the store, and the Hub keeps its "
                f"commits: delete the repo after `bot store move`: `{_delete_repo(repo)}`"
            )
    for ref in after.refs.converts:
        call = f"hf repos branch delete {repo.repo_id} {shlex.quote(_printable(ref))} {kind}"
        yield f"{_printable(ref)} is a copy of the files that the Hub made; delete it: `{call}`"


def _delete_repo(repo: RepoStore) -> str:
    return f"hf repos delete {repo.repo_id} --type {repo.kind}"


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:200]
