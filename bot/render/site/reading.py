"""Reads what the page shows from the hub: manifests, a few at a time, and only those that moved since the last page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot import manifest
from bot.errors import HubError
from bot.hub import Hub, Repo
from bot.hub.published import FILENAME
from bot.plan.states import state_of
from bot.plan.steps import Step
from bot.registry.tombstones import Tombstones
from bot.render.site.data import FOLDER, cached
from bot.render.site.models import Facts, Model, facts_of, shown

READERS = 8
"""Manifests that are read at once."""
PICTURE_SIDE = 96
"""Pixels: twice what the page shows, for screens that are dense."""


@dataclass(slots=True)
class Reading:
    """The models, and how their facts came: `read` from the hub, `kept` from the last page, `unread` with why.

    `pictures` are the paths, from the page, of those that were saved.
    """

    models: list[Model] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    read: int = 0
    kept: int = 0
    unread: dict[str, str] = field(default_factory=dict)


def read(
    steps: Sequence[Step],
    repos: Mapping[str, Repo],
    gone: Tombstones,
    hub: Hub,
    folder: Path,
    *,
    save: Callable[[str, bytes], object] | None = None,
) -> Reading:
    """Every model that may be shown, by name. A manifest that cannot be read leaves that model without numbers.

    `save` takes each new picture's path from the page and its bytes, one at a time; None leaves pictures out.

    When the hub asks for patience nothing further is read: the next run goes on where this one ended.
    """
    made = Reading()
    avatars = save is not None
    known = cached(folder)
    asked: list[Model] = []
    for step in sorted((step for step in steps if shown(step, repos, gone)), key=lambda step: step.name):
        repo = repos.get(step.name)
        published = repo.published if repo is not None else None
        handles = published.handles if published is not None else step.handles
        day = published.trained_at.date() if published is not None else None
        model = Model(step.name, state_of(step), handles, published is not None, trained=day)
        facts, pictures = known.get(step.name, (None, ()))
        if repo is None or repo.published is None or repo.head is None:
            made.models.append(model)
        elif facts is not None and facts.head == repo.head and _complete(folder, pictures, avatars):
            made.kept += 1
            made.models.append(replace(model, facts=facts, pictures=pictures if avatars else ()))
        else:
            asked.append(model)
    for model, facts, copies, problem in _read(asked, repos, hub, avatars=avatars):
        if problem is not None:
            made.unread[model.name] = problem
        made.read += facts is not None
        for path, data in copies:
            if path is not None and save is not None:
                save(path, data)
                made.pictures.append(path)
        made.models.append(replace(model, facts=facts, pictures=tuple(path for path, _ in copies)))
    made.models.sort(key=lambda model: model.name)
    return made


Picture = tuple[str | None, bytes]


def _read(
    models: Sequence[Model], repos: Mapping[str, Repo], hub: Hub, *, avatars: bool
) -> Iterator[tuple[Model, Facts | None, list[Picture], str | None]]:
    busy: list[str] = []

    def one(model: Model) -> tuple[Model, Facts | None, list[Picture], str | None]:
        if busy:
            return model, None, [], busy[0]
        try:
            data = hub.read(model.name, FILENAME, listed=True)
            if data is None:
                return model, None, [], f"it has no {FILENAME}"
            facts = facts_of(manifest.parse(data), str(repos[model.name].head))
            copies = (
                [_picture(model.name, facts.head, path, hub) for path in facts.avatars] if avatars else []
            )
        except HubError as error:
            if error.transient:
                busy.append(str(error))
            return model, None, [], str(error)
        except ValueError as error:
            return model, None, [], str(error)
        return model, facts, copies, None

    with ThreadPoolExecutor(READERS) as pool:
        yield from pool.map(one, models)


def _picture(name: str, head: str, path: str | None, hub: Hub) -> Picture:
    """A small copy of an avatar, and its path from the page; (None, empty) where the repo has none."""
    data = hub.read(name, path) if path is not None else None
    if data is None:
        return None, b""
    from bot.render import pictures

    key = hashlib.sha256(f"{name}\0{path}\0{head}".encode()).hexdigest()[:24]
    return f"{FOLDER}/avatars/{key}.webp", pictures.thumbnail(data, PICTURE_SIDE)


def _complete(folder: Path, pictures: Sequence[str | None], avatars: bool) -> bool:
    """Whether the last page's pictures do: none are wanted, or it had them and they still lie there."""
    if not avatars:
        return True
    return bool(pictures) and all(path is None or (folder / path).is_file() for path in pictures)
