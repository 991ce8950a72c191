"""The pin of a fleet repository: which commit of the bot its workflows use, written as `OWNER/REPO@SHA # vX.Y.Z`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot import __version__
from bot.errors import UsageError
from bot.io import git
from bot.io.origin import NOWHERE, Origin

_ACTION = re.compile(r"([A-Za-z0-9][\w-]*/[\w.-]+)@([0-9a-f]{40})")
_LOCAL = re.compile(r"(?m)^(\s*(?:- )?uses: )\./$")
_USES = re.compile(
    r"(?m)^\s*(?:- )?uses: (?!actions/)([\w-]+/[\w.-]+)@([\w./-]+)(?:[ \t]+#[ \t]*v(\d+\.\d+\.\d+\S*))?[ \t]*$"
)
_TAGS = re.compile(r"(?m)^([0-9a-f]{40})\trefs/tags/v[\w.+-]+(\^\{\})?$")


@dataclass(frozen=True, slots=True)
class Pin:
    """A commit of the bot's repository on GitHub, and the version that it holds (without the `v`)."""

    repository: str
    commit: str
    version: str

    def __str__(self) -> str:
        """Returns what follows `uses: `."""
        return f"{self.repository}@{self.commit} # v{self.version}"


@dataclass(frozen=True, slots=True)
class Use:
    """The bot as a workflow uses it: `ref` is a commit, or a tag or branch; `version` stands in the comment."""

    path: str
    repository: str
    ref: str
    version: str | None

    @property
    def is_commit(self) -> bool:
        """Whether it is a full commit, which cannot move."""
        return re.fullmatch(r"[0-9a-f]{40}", self.ref) is not None


def parse(text: str) -> Pin:
    """Returns the pin that `--action` gives. UsageError for anything but OWNER/REPO@SHA with a full commit."""
    given = _ACTION.fullmatch(text)
    if given is None:
        raise UsageError(
            f"--action {text!r} is not OWNER/REPO@SHA with all 40 digits of a commit (a tag or a branch can move): "
            "git rev-parse v1.2.3^{commit} says a tag's commit"
        )
    return Pin(given[1], given[2], __version__)


def of_origin(origin: Origin, server: str = "https://github.com") -> Pin:
    """Returns the pin of the bot that runs. UsageError, which names the flag, where nothing certain is known."""
    place = re.fullmatch(rf"{re.escape(server)}/([\w-]+/[\w.-]+)", origin.address or "", re.IGNORECASE)
    if place and origin.commit:
        return Pin(place[1], origin.commit, __version__)
    if origin.commit and origin.address:
        why = f"{origin.address} is no repository on {server}, where workflows would find the action"
    else:
        why = origin.problem or NOWHERE
    raise UsageError(
        "the workflows of a fleet repository use the bot at one commit of its repository, which is not known: "
        f"{why}; name it with --action OWNER/REPO@SHA"
    )


def pinned(workflow: str, pin: Pin) -> str:
    """Returns a workflow of the bot's own repository with its local action replaced by the pin."""
    return _LOCAL.sub(lambda found: f"{found[1]}{pin}", workflow)


def uses(texts: Mapping[str, str]) -> list[Use]:
    """Returns where these files (path -> text) use an action that is not GitHub's own: the bot."""
    return [Use(path, *found.groups()) for path, text in texts.items() for found in _USES.finditer(text)]


def warnings(found: list[Use], server: str = "https://github.com") -> list[str]:
    """Returns what is wrong with pins: a reference that can move, and a tag that has moved since.

    Asks the repositories (git, without credentials) where the tags are that the comments name. A repository that
    does not answer is no finding.
    """
    said = [
        f"{use.path} uses {use.repository} at {use.ref}, which can move: pin a commit, as bot init --update does"
        for use in found
        if not use.is_commit
    ]
    for repository, ref, version in sorted(
        {(u.repository, u.ref, u.version) for u in found if u.is_commit and u.version}
    ):
        now = tag_commit(f"{server}/{repository}", f"v{version}")
        if now and now != ref:
            said.append(
                f"the workflows pin {ref[:12]} as v{version} of {repository}, and that tag is at {now[:12]} now: it "
                "was moved, or the comment is wrong; see what changed before you follow it"
            )
    return said


def refuse_older(found: list[Use], pin: Pin) -> None:
    """UsageError if the workflows use a newer version of the bot than the one that would replace them."""
    newer = sorted(
        {use.version for use in found if use.version and _order(use.version) > _order(pin.version)}
    )
    if newer:
        raise UsageError(
            f"the workflows are those of bot {newer[-1]}, and this is {pin.version}: install the newer one first"
        )


def _order(version: str) -> tuple[int, ...]:
    """A version's numbers, by which it is older or newer."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def tag_commit(address: str, tag: str) -> str | None:
    """Returns the commit of a tag in a repository elsewhere; None for no such tag, or no answer in 10 s."""
    arguments = ("-c", "core.askPass=true", "-c", "credential.helper=", "ls-remote", address)
    answer = git.answer(Path.cwd(), *arguments, f"refs/tags/{tag}", f"refs/tags/{tag}^{{}}", timeout_s=10)
    commits = {peeled: commit for commit, peeled in _TAGS.findall(answer or "")}
    return commits.get("^{}") or commits.get("")
