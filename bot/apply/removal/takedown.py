"""Finds the models that hold a person, hides or deletes them, and checks that they are gone.

Nothing here says that nobody is there because something could not be read: such a repo is reported, and hidden where
its name may be theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot import manifest
from bot.errors import CredentialsError, HubError
from bot.hub import Hub, Listing, Repo, repo_people
from bot.hub.published import CARD, FILENAME
from bot.hub.repo_status import of_card, of_files, of_manifest
from bot.manifest import Manifest, Tracking
from bot.sources.handles import repo_name
from bot.training import tracker_runs

Removal = Literal["private", "delete"]

_FAILURES = (HubError, CredentialsError)


@dataclass(slots=True)
class Survey:
    """The repos that may hold a person, by name.

    `named`: they name the person. `possible`: their name may be theirs, and they cannot be read or the name was
    chosen freely. `unread`: of ours, and not to be read, so that they prove nothing; some are possible, too.
    `strangers`: they bear the person's name, and nothing shows that this bot made them. `manifests` are what the
    models that name the person were published with, earlier versions too where there is a history.
    """

    named: list[str] = field(default_factory=list)
    possible: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    manifests: list[Manifest] = field(default_factory=list)

    @property
    def runs(self) -> list[Tracking]:
        """The runs of trackers that those models were made with."""
        return [made.tracking for made in self.manifests if made.tracking is not None]


@dataclass(slots=True)
class Unpublished:
    """Names of models by what was done, and those still visible afterwards, with the reason."""

    deleted: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def survey(person: str, hub: Hub) -> Survey:
    """Looks for a person in every repo of the namespace: in the listing, and where that is not enough, in the files
    and the history. Raises HubError when the namespace cannot be listed.
    """
    found = Survey()
    for repo in hub.listing().repos.values():
        _look(person, repo, hub, found)
    for name in found.named:
        found.manifests += _manifests(name, hub)
    return found


def _look(person: str, repo: Repo, hub: Hub, found: Survey) -> None:
    listed, bears = repo_people.of_repo(repo), repo_people.in_name(person, repo.name)
    if listed is None and not bears:
        return
    if listed is not None and listed.complete:
        if person in listed.named or _manifest_names(person, repo, listed.named, hub):
            found.named.append(repo.name)
        elif person in listed.possible:
            found.possible.append(repo.name)
        return
    named, complete, ours = _read(repo, hub)
    named |= set(listed.named if listed else ())
    if person in named:
        found.named.append(repo.name)
    elif listed is None and not ours:
        found.strangers.append(repo.name)
    elif bears and not (complete and repo_name(named) == repo.name.lower()):
        found.possible.append(repo.name)
    if not complete and person not in named and (listed is not None or ours):
        found.unread.append(repo.name)


def _manifest_names(person: str, repo: Repo, handles: tuple[str, ...], hub: Hub) -> bool:
    """Whether the manifest of a repo names the person, where its name was chosen or does not fit its card."""
    if repo_name(handles) == repo.name.lower():
        return False
    try:
        data = hub.read(repo.name, FILENAME)
    except _FAILURES:
        return repo_people.in_name(person, repo.name)
    return data is not None and person in repo_people.of_damaged(data)


def _read(repo: Repo, hub: Hub) -> tuple[set[str], bool, bool]:
    """Returns the handles that a repo's files and history name, whether they are all, and whether it is ours."""
    named: set[str] = set()
    ours = False
    try:
        data = hub.read(repo.name, FILENAME)
        verdict = of_files(data, lambda: hub.read(repo.name, CARD))
        ours = verdict.published is not None or verdict.problem is not None
        named |= {*verdict.named, *(verdict.published.handles if verdict.published else ())}
        if verdict.published is not None or verdict.complete:
            return named, True, True
        for handles, whole in _earlier(repo.name, hub):
            ours = ours or bool(handles)
            named |= set(handles)
            if whole:
                return named, True, True
    except _FAILURES:
        return named, False, ours
    return named, False, ours


def _earlier(name: str, hub: Hub) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yields the handles that earlier versions of a repo name, newest first, and whether they are all."""
    for data in hub.earlier(name, FILENAME):
        published, problem = of_manifest(data)
        if published is not None:
            yield published.handles, True
        elif problem is not None:
            yield repo_people.of_damaged(data), False
    for data in hub.earlier(name, CARD):
        published, _, handles = of_card(data)
        yield (published.handles, True) if published is not None else (handles, False)


def _manifests(name: str, hub: Hub) -> list[Manifest]:
    """Every manifest of a model that can be read: the current one, and those that its history keeps."""
    found: list[Manifest] = []
    try:
        data = hub.read(name, FILENAME)
        for each in (*((data,) if data is not None else ()), *hub.earlier(name, FILENAME)):
            try:
                found.append(manifest.parse(each))
            except ValueError:
                continue
    except _FAILURES:
        pass  # for tracked runs and accounts alone; the repo itself is removed all the same
    return found


def remove_model(name: str, hub: Hub, *, deletes: bool) -> bool:
    """Deletes or hides a model, and returns whether a visitor without a token does not see it any more.

    Raises HubError and CredentialsError.
    """
    if deletes:
        hub.delete(name)
    else:
        hub.hide(name)
    return not hub.visible(name)


def unpublish(person: str, found: Survey, hub: Hub, removal: Removal) -> Unpublished:
    """Hides or deletes every model of the person, then asks for each as a stranger would, and lists again.

    What only may be theirs is hidden, never deleted. One repo's failure stops no other.
    """
    done = Unpublished()
    for name in (*found.named, *found.possible):
        deletes = removal == "delete" and name in found.named
        try:
            if remove_model(name, hub, deletes=deletes):
                (done.deleted if deletes else done.hidden).append(name)
            else:
                done.left[name] = "a stranger can still see it"
        except _FAILURES as error:
            done.left[name] = str(error)
    for name in _public(person, hub.listing()):
        done.left.setdefault(name, "it is listed, and not as private; another run may have published it")
    return done


def _public(person: str, listing: Listing) -> list[str]:
    """The repos that name the person and are listed as public."""
    return [
        repo.name
        for repo in listing.repos.values()
        if not repo.private and (held := repo_people.of_repo(repo)) is not None and person in held.named
    ]


def noted_runs(person: str, notes: Mapping[str, Mapping[str, Any]]) -> list[Tracking]:
    """The runs that the store's notes remember of models that hold the person."""
    return [
        run
        for name, note in notes.items()
        if person in repo_people.of_values(note.get("handles")) or repo_people.in_name(person, name)
        for run in tracker_runs.of_note(note)
    ]
