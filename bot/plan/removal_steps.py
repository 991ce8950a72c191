"""Which repos hold somebody who asked to be removed, and the step that hides or deletes each of them. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from bot.hub import Repo, repo_people
from bot.plan.steps import Step

ASKED = "a person asked to be removed"
PRIVATE_ALREADY = ": private already"


@dataclass(frozen=True, slots=True)
class Leaving:
    """People with a tombstone whom a repo names, and those whom only its name may stand for."""

    named: tuple[str, ...]
    possible: tuple[str, ...]


def leaving(repo: Repo, registered: tuple[str, ...], removed: Container[str]) -> Leaving | None:
    """The removed people that a repo holds or may hold; None for nobody.

    `registered` are the handles that the registry gives an entry of the repo's name: they say whose accounts
    the name stands for, where none of them is removed.
    """
    held = repo_people.of_repo(repo)
    if held is None:
        return None
    named, possible = held.among(removed)
    if not held.complete and registered and not any(handle in removed for handle in registered):
        possible = repo_people.of_chosen_name(repo.name, registered).among(removed)[1]
    return Leaving(tuple(named), tuple(possible)) if named or possible else None


def step(repo: Repo, found: Leaving, repo_id: str, state: str, *, deletes: bool) -> Step:
    """The step for such a repo. Where nothing but its name may name them it is hidden, whatever the policy."""
    removed = found.named or found.possible
    hides = not found.named
    hidden = repo.private and (hides or not deletes)
    reason = f"{people(removed)} asked to be removed"
    if hides:
        unread = f", and it cannot be read ({repo.problem})" if repo.problem else ""
        reason = f"its name may be that of {people(removed)}, who asked to be removed{unread}"
    voices_of_it = repo.published.handles if repo.published else repo.named
    return Step(
        repo.name.lower(),
        repo_id,
        "ok" if hidden else "remove",
        reason + (PRIVATE_ALREADY if hidden else ""),
        tuple(dict.fromkeys((*voices_of_it, *removed))),
        head=repo.head,
        cause="tombstone",
        kind="tombstone",
        state=state,
        hides=hides,
    )


def public_reason(step: Step) -> str:
    """Why a removal's model is removed, without naming anybody."""
    reason = "its name may be that of a person who asked to be removed" if step.hides else ASKED
    return reason + (PRIVATE_ALREADY if step.action == "ok" else "")


def people(handles: Iterable[str]) -> str:
    """Handles for a sentence."""
    return " and ".join(f"@{handle}" for handle in handles)
