"""The code that a job runs: the registry's repository and the bot, each at one commit, as a job can reach them."""

from __future__ import annotations

import base64
import binascii
import re
import shlex
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.apply.outcome_file import BOUNDS
from bot.errors import UsageError
from bot.io import git, origin
from bot.registry import Entry, Registry
from bot.store.places import place_of

MARKER = "mynah-outcomes "
"""Begins the lines of a job's log that hold its outcomes: JSON, packed and cut, since logs cut long lines."""
_ADDRESS = re.compile(r"https://[\w.-]+(?::\d+)?/[\w./~-]+")


@dataclass(frozen=True, slots=True)
class Code:
    """A repository's https address, a commit of it, where the registry lies in it, and the extras to install.

    `bot` is where the bot itself comes from, or None where the registry's repository holds it.
    """

    repository: str
    commit: str
    registry: str
    extras: tuple[str, ...] = ("train",)
    bot: origin.Origin | None = None


def code_of(registry: Registry, entries: Sequence[Entry], store: str, environment: Mapping[str, str]) -> Code:
    """The code and the registry that jobs take for these entries, as a workflow or git reports them.

    Raises UsageError where a job could not get at exactly this registry, at its files, or at the posts.
    """
    path = registry.path.absolute()
    folder = path.parent
    top, commit = git.answer(folder, "rev-parse", "--show-toplevel"), git.answer(folder, "rev-parse", "HEAD")
    if not top or not commit or not _tracks(folder, path):
        raise UsageError(
            f"{registry.path} is in no git repository's commit: jobs clone one, so commit and push it"
        )
    if git.answer(folder, "status", "--porcelain", "--untracked-files=no"):
        raise UsageError(
            f"the repository of {registry.path} has changes that no commit holds, and jobs would not see them: "
            "commit and push"
        )
    server, repository = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    on_github = server and repository
    address = f"{server}/{repository}" if on_github else git.answer(folder, "remote", "get-url", "origin")
    address = git.https_address(address or "")
    if not _ADDRESS.fullmatch(address):
        raise UsageError(
            f"the repository of {registry.path} has no https address that a job could clone: set the remote origin"
        )
    if not on_github and not git.answer(folder, "branch", "--remotes", "--contains", commit):
        raise UsageError(
            f"commit {commit[:8]} is not on {address} as far as this clone knows: git push it first"
        )
    if place_of(store).kind == "folder":
        raise UsageError(
            f"the store {store} is on this machine, and a job elsewhere cannot reach it: set store: to a private "
            "Storage Bucket, hf://buckets/NAMESPACE/NAME, and carry it over with `bot store move`"
        )
    if "@" in store.partition("://")[2].partition("/")[0]:
        raise UsageError(
            "the store's URL holds credentials, and a job shows its command: put them into variables"
        )
    for entry in entries:
        _check_files(entry, folder)
    bot = None if _holds_the_bot(Path(top)) else _pinned(origin.find())
    return Code(
        address, commit, path.relative_to(Path(top).absolute()).as_posix(), _extras(entries, store), bot
    )


def _holds_the_bot(top: Path) -> bool:
    """Whether the repository is the bot's own, which is a fleet too."""
    return _tracks(top, top / ".ci" / "install") and _tracks(top, top / "bot" / "__main__.py")


def _pinned(bot: origin.Origin) -> origin.Origin:
    """The origin, if a job can install exactly this bot from it. UsageError otherwise."""
    if bot.address and bot.commit:
        return bot
    raise UsageError(
        f"a job installs the bot at the commit that runs here, which is not known: {bot.problem or origin.NOWHERE}"
    )


def _check_files(entry: Entry, folder: Path) -> None:
    """UsageError for a file or a base on this machine that is not in the commit."""
    for file in (file for several in entry.files.values() for file in several):
        if "://" not in file and not _tracks(folder, Path(file)):
            raise UsageError(
                f"{entry.name} is made of {file}, which a job cannot read: put the posts into the store with "
                "bot import, and take the path out of the entry"
            )
    if Path(entry.base).is_absolute() and not _tracks(folder, Path(entry.base)):
        raise UsageError(
            f"{entry.name} starts from {entry.base}, which a job cannot read: commit that folder, or put the base "
            "on the Hub and name it"
        )


def _extras(entries: Sequence[Entry], store: str) -> tuple[str, ...]:
    """The project's extras that training these entries takes."""
    files = [file for entry in entries for several in entry.files.values() for file in several]
    asked = {entry.tracking for entry in entries} - {"none"}
    if any(url.startswith("s3://") for url in (store, *files)):
        asked.add("s3")
    if any(entry.recipe.lora_rank for entry in entries):
        asked.add("lora")
    return ("train", *sorted(asked))


def script(code: Code, arguments: Sequence[str]) -> str:
    """What a job's shell does: clone, install, `bot apply` with these arguments, and print the outcomes."""
    apply = shlex.join(["bot", "apply", "--registry", code.registry, *arguments, "--report", "outcomes.json"])
    site = "/".join(code.repository.split("/")[:3])
    lines = [
        "set -eu",
        f'test -z "${{REPOSITORY_TOKEN:-}}" || git config --global {shlex.quote(f"http.{site}/.extraHeader")} '
        '"Authorization: Basic $(printf "x-access-token:%s" "$REPOSITORY_TOKEN" | base64 -w0)"',
        "git init --quiet mynah && cd mynah",
        f"git fetch --quiet --depth 1 {shlex.quote(code.repository)} {shlex.quote(code.commit)}",
        "git checkout --quiet FETCH_HEAD",
        "python3 -m venv --system-site-packages .venv && . .venv/bin/activate",
        *_installation(code),
        "status=0",
        f"{apply} || status=$?",
        f"test ! -f outcomes.json || gzip -c outcomes.json | base64 -w 4000 | sed 's/^/{MARKER}/'",
        "exit $status",
    ]
    return "\n".join(lines)


def _installation(code: Code) -> list[str]:
    """The lines that install the bot: from the clone, or from one commit of its own repository.

    git verifies what it fetches by the commit, and `.ci/install` takes packages by the digests in locks/.
    """
    if code.bot is None or code.bot.address is None or code.bot.commit is None:
        return [shlex.join([".ci/install", *code.extras])]
    bot = shlex.quote(code.bot.address)
    return [
        f"git init --quiet ../bot && git -C ../bot fetch --quiet --depth 1 {bot} {code.bot.commit}",
        "git -C ../bot checkout --quiet FETCH_HEAD",
        f"BOT_ORIGIN={shlex.quote(f'{code.bot.address}@{code.bot.commit}')} "
        + shlex.join(["../bot/.ci/install", *code.extras]),
    ]


def outcomes_in(log: Iterable[str]) -> str | None:
    """The JSON that a job printed last, or None. Raises ValueError where that is damaged."""
    pieces: list[str] = []
    ended = True
    for line in log:
        ours = line.startswith(MARKER)
        if ours:
            pieces = [*([] if ended else pieces), line.removeprefix(MARKER).strip()]
        ended = not ours
    if not pieces:
        return None
    unpacking = zlib.decompressobj(wbits=31)
    try:
        data = unpacking.decompress(base64.b64decode("".join(pieces), validate=True), BOUNDS.size)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"the outcomes in the log are damaged: {error}") from None
    if not unpacking.eof:
        raise ValueError("the outcomes in the log are cut")
    return data.decode()


def _tracks(folder: Path, path: Path) -> bool:
    """Whether git's commit holds the file, or something of the folder."""
    return bool(git.answer(folder, "ls-files", "--", str(path)))
