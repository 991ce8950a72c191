"""The review of a pull request: what it changes in the registry, what is wrong with that, what follows from it. Pure.

The value travels to another workflow as JSON, and is untrusted there: every field has a largest size.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.errors import Problem
from bot.github import token_code
from bot.github.upgrade import Upgrade
from bot.io.bounded import Bounds
from bot.plan import training_time
from bot.plan.shards import needed
from bot.plan.steps import Estimate, Plan, Step
from bot.registry import Entry, FaultyEntry, Registry

VERSION = 2
"""The version of a review as JSON: a new field is a new version, so that an older bot says why it cannot read it."""

BOUNDS = Bounds(4 << 20, depth=16)
"""Size of a review as JSON, when it is read again."""
NEW = "new: there is no public model of this name yet"
"""Why a model is trained that a reader without a token does not see: `missing` would sound like a fault."""
MANY = 0.2
"""Share of the fleet whose loss is said loudly, from two models on."""

Text = Annotated[str, Field(max_length=2000)]
Name = Annotated[str, Field(max_length=400)]
Texts = Annotated[tuple[Text, ...], Field(max_length=200)]


class Fault(BaseModel):
    """A problem on a line of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    path: Name
    line: int
    column: int
    message: Text


class Row(BaseModel):
    """What would become of one model. `reads` are paid reads of posts at most, `usd` their price, `minutes` those
    of training, None where not known.

    `listed`: what blocks it stands among the faults of the review.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    action: Annotated[str, Field(max_length=20)]
    name: Name
    reason: Text
    reads: Annotated[int, Field(ge=0, le=10**9)]
    usd: Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)]
    minutes: Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)] | None = None
    held: bool
    listed: bool = False


class Voice(BaseModel):
    """An account of a model that is added or changed. `consent` is the entry's: `self`, an address, or None."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: Name
    handle: Name
    source: Annotated[str, Field(max_length=20)]
    consent: Name | None = None


class Review(BaseModel):
    """What a pull request does to the registry. `head` is the commit that was looked at, `pull` its number.

    `voices` are the accounts of the sound models that are added or changed.
    `faults` are those of what the pull request touches, `elsewhere` counts the others. `loud` are sentences
    that nobody should miss. `rows` are None when nobody knows what would happen: the hub did not answer, or the
    registry cannot be read. `upgrade` is there where the pull request may change the bot itself. `time` says how long
    the trainings will take.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: int = VERSION
    pull: int
    head: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    added: Annotated[tuple[Name, ...], Field(max_length=20_000)] = ()
    changed: Annotated[tuple[Name, ...], Field(max_length=20_000)] = ()
    removed: Annotated[tuple[Name, ...], Field(max_length=20_000)] = ()
    faults: Annotated[tuple[Fault, ...], Field(max_length=20_000)] = ()
    elsewhere: int = 0
    voices: Annotated[tuple[Voice, ...], Field(max_length=20_000)] = ()
    loud: Texts = ()
    notes: Texts = ()
    rows: Annotated[tuple[Row, ...], Field(max_length=20_000)] | None = ()
    upgrade: Upgrade | None = None
    time: Text = ""

    @property
    def touches(self) -> bool:
        """Whether the pull request has any bearing on the fleet."""
        return bool(self.added or self.changed or self.removed or self.faults or self.rows or self.loud)


def of_unreadable(pull: int, head: str, problems: Sequence[Problem]) -> Review:
    """The review of a registry that cannot be read as a whole."""
    return Review(pull=pull, head=head, faults=tuple(map(_fault, problems)), rows=None)


def of_registries(
    pull: int,
    head_commit: str,
    base: Registry | None,
    head: Registry,
    *,
    files: Sequence[str],
    broken: Callable[[Sequence[str]], Iterable[Problem]],
) -> Review:
    """The review as far as the registries show it. `files` are the paths that the pull request changes.

    `base` is None where the base branch had none that could be read. `broken` looks into the local files of
    the entries with these names.
    """
    before, after = _by_name(base), _by_name(head)
    added = [name for name in after if name not in before]
    removed = [name for name in before if name not in after]
    places = (base.path.parent if base is not None else head.path.parent, head.path.parent)
    changed = [name for name in after if name in before and _differ(before[name], after[name], places)]
    touched = {*added, *changed}
    known = {problem.identity for problem in base.problems} if base is not None else set()
    faults = [p for p in head.problems if p.identity not in known or _belongs(p, after, touched)]
    return Review(
        pull=pull,
        head=head_commit,
        added=tuple(added),
        changed=tuple(changed),
        removed=tuple(removed),
        faults=tuple(map(_fault, sorted({*faults, *broken(sorted(touched))}))),
        elsewhere=len(set(head.problems) - set(faults)),
        voices=tuple(_voices(head, [*added, *changed]))[:20_000],
        loud=tuple(_loud(base, head, removed, files)),
    )


def with_plans(review: Review, base: Plan | None, head: Plan) -> Review:
    """The review with what would become of the models it touches, and of those that it touches by a default.

    Both plans are of one moment, so that ages and counts in their reasons are the same.
    """
    before = {step.name: _comparable(step) for step in base.steps} if base is not None else {}
    touched = {*review.added, *review.changed, *review.removed}
    listed = set(review.faults)
    steps = [
        step for step in head.steps if step.name in touched or before.get(step.name) != _comparable(step)
    ]
    rows = [_row(step, listed) for step in steps]
    time = training_time.total(steps)
    notes = [note.text for note in head.notes if base is None or note not in base.notes]
    return review.model_copy(
        update={"rows": tuple(rows), "notes": (*review.notes, *notes)[:200], "time": time}
    )


def with_faults(review: Review, problems: Iterable[Problem]) -> Review:
    """The review with more that is wrong, each once."""
    faults = dict.fromkeys((*review.faults, *map(_fault, problems)))
    return review.model_copy(update={"faults": tuple(faults)[:20_000]})


def without_plan(review: Review, why: str) -> Review:
    """The review where the hub did not answer."""
    return review.model_copy(update={"rows": None, "notes": (*review.notes, why[:2000])})


def counts(rows: Iterable[Row]) -> Mapping[str, int]:
    """How many models would be trained, rendered again, removed, are blocked, and how many steps are held back."""
    numbers = {"train": 0, "card": 0, "remove": 0, "blocked": 0, "held": 0}
    for row in rows:
        if row.held:
            numbers["held"] += 1
        elif row.action in numbers:
            numbers[row.action] += 1
    return numbers


def _by_name(registry: Registry | None) -> dict[str, Entry | FaultyEntry]:
    if registry is None:
        return {}
    items: tuple[Entry | FaultyEntry, ...] = (*registry.entries, *registry.faulty)
    return {item.name: item for item in items}


def _voices(head: Registry, names: Sequence[str]) -> Iterable[Voice]:
    """The accounts of the sound entries with these names, in their order."""
    entries = {entry.name: entry for entry in head.entries}
    for entry in (entries[name] for name in names if name in entries):
        for handle in entry.handles:
            consent = entry.consent[:400] if entry.consent else None
            yield Voice(model=entry.name, handle=handle, source=entry.source, consent=consent)


def _differ(before: Entry | FaultyEntry, after: Entry | FaultyEntry, folders: tuple[Path, Path]) -> bool:
    """Whether anything but the place in the file is another; the two checkouts lie in two `folders`."""
    match before, after:
        case Entry(), Entry():
            return _placeless(before, folders[0]) != _placeless(after, folders[1])
        case FaultyEntry(), FaultyEntry():
            return before.handles != after.handles or _identities(before) != _identities(after)
    return True


def _placeless(entry: Entry, folder: Path) -> Entry:
    files = {handle: tuple(_inside(path, folder) for path in paths) for handle, paths in entry.files.items()}
    return replace(entry, files=files, base=_inside(entry.base, folder), line=0, column=0)


def _inside(path: str, folder: Path) -> str:
    """A path or URL below the registry's folder as it reads from there."""
    return path.replace(str(folder.absolute()), ".", 1)


def _identities(of: FaultyEntry | Step) -> frozenset[str]:
    """The problems without lines, which move when something is written above."""
    return frozenset(problem.identity for problem in of.problems)


def _belongs(problem: Problem, after: Mapping[str, Entry | FaultyEntry], touched: Iterable[str]) -> bool:
    items = (after[name] for name in touched)
    return any(isinstance(item, FaultyEntry) and problem in item.problems for item in items)


def _loud(base: Registry | None, head: Registry, removed: Sequence[str], files: Sequence[str]) -> list[str]:
    said = []
    if base is not None:
        fleet = len(base.entries) + len(base.faulty)
        left = {handle for tombstone in head.removed for handle in tombstone.handles}
        back = [handle for tombstone in base.removed for handle in tombstone.handles if handle not in left]
        if len(removed) >= max(2, MANY * fleet):
            said.append(
                f"It takes {len(removed):,} of {fleet:,} models out of the registry. Their repos stay as they are; "
                "nobody keeps them up to date after that."
            )
        if back:
            people = (
                "a person who asked to be removed"
                if len(back) == 1
                else f"{len(back)} people who asked to be removed"
            )
            said.append(f"It takes the tombstone of {people} away, so that they could be imitated again.")
        for what, old, new in (
            ("namespace", base.namespace, head.namespace),
            ("hub", *(_inside(each.hub or "", each.path.parent) for each in (base, head))),
            ("contact", base.contact, head.contact),
            ("store", _inside(base.store.url, base.path.parent), _inside(head.store.url, head.path.parent)),
            ("policy", base.policy, head.policy),
        ):
            if old is not None and old != new:
                said.append(f"It changes {what}: for the whole fleet.")
    if sentence := token_code.caution(files):
        said.append(sentence)
    return said


def _comparable(step: Step) -> tuple[object, ...]:
    """What two plans of one moment are compared by: a step with the same here is not touched."""
    return step.action, step.kind, step.changes, step.handles, step.held, _identities(step) or step.reason


def _row(step: Step, faults: Collection[Fault]) -> Row:
    spent = step.estimate if needed(step) else Estimate()
    return Row(
        action=step.action,
        name=step.name,
        reason=NEW if step.cause == "missing" else step.reason[:2000],
        reads=spent.reads,
        usd=spent.usd,
        minutes=spent.minutes,
        held=step.held,
        listed=bool(step.problems) and all(_fault(problem) in faults for problem in step.problems),
    )


def _fault(problem: Problem) -> Fault:
    return Fault(path=problem.path, line=problem.line, column=problem.column, message=problem.message[:2000])
