"""Runs at Weights & Biases and Trackio, found again and deleted when the person of their model is removed.

A run is named by a random id, which stands in the model's manifest and in the store's note on the model: nothing at
the tracker names the person. The trackers' packages are imported only where there is a run to delete.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from bot.manifest import Tracking

FOLDER = Path(".bot")
"""Where Weights & Biases keeps its files, unless WANDB_DIR says otherwise."""
MOST = 100
"""Runs of one model that a note remembers."""
PATIENCE = 30
"""Seconds that a tracker may take for an answer."""

FAULTS = (OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, EOFError)
"""What a tracker raises when it cannot do its work, or has changed; none of it may end a removal."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PROJECT = re.compile(r"[\w.-]{1,128}", re.ASCII)
_URL = re.compile(r"https?://[\w.:/%~-]{1,300}", re.ASCII)
_WANDB_PATH = re.compile(r"/([^/]{1,128})/([^/]{1,128})/runs/([A-Za-z0-9_-]{1,64})/?")


@dataclass(frozen=True, slots=True)
class Deletion:
    """The state of one run at its service: `gone` once it was looked for and not found. `sentence` names no person."""

    gone: bool
    sentence: str


def added(note: Mapping[str, Any], new: Tracking) -> list[dict[str, Any]]:
    """The runs that the note of a model remembers, and one more."""
    runs = [*of_note(note), new]
    return [run.model_dump(exclude_none=True) for run in runs[-MOST:]]


def of_note(note: Mapping[str, Any]) -> list[Tracking]:
    """The runs in a note; what is damaged is left out."""
    found = []
    listed = note.get("runs")
    for value in listed if isinstance(listed, list) else ():
        with suppress(ValueError):
            found.append(Tracking.model_validate(value))
    return found


def delete(runs: Iterable[Tracking], environment: Mapping[str, str]) -> list[Deletion]:
    """Deletes every run where the environment's credentials may, and looks for it again; one sentence a run."""
    unique = {(run.service, run.run, run.run_url): run for run in runs}
    known: list[Deletion] = []
    for run in unique.values():
        match run.service:
            case "wandb":
                known += _wandb(run, environment)
            case "trackio":
                known.append(_trackio(run))
            case _:
                where = _address(run) or "its own place"
                known.append(Deletion(False, f"{run.service}: a run at {where}: delete it there"))
    return known


def _wandb(run: Tracking, environment: Mapping[str, str]) -> list[Deletion]:
    known = []
    folder = Path(environment.get("WANDB_DIR") or FOLDER) / "wandb"
    identifier = _identifier(run)
    local = list(folder.glob(f"*run-*-{identifier}")) if identifier else []
    for place in local:
        shutil.rmtree(place, ignore_errors=True)
    if local:
        left = [place for place in local if place.exists()]
        known.append(
            Deletion(not left, f"Weights & Biases: {left[0]} could not be deleted")
            if left
            else Deletion(True, f"Weights & Biases: the run kept in {folder} was deleted")
        )
    path = _wandb_path(run)
    if path is not None:
        known.append(_wandb_online(path, environment))
    elif not local or run.run_url is not None:
        where = (
            _address(run) or f"run {identifier or 'of this model'} in {folder} of the machine that trained it"
        )
        known.append(
            Deletion(False, f"Weights & Biases: {where}: delete it there, and where it was synced to")
        )
    return known


def _wandb_online(path: str, environment: Mapping[str, str]) -> Deletion:
    call = f"python -c \"import wandb; wandb.Api().run('{path}').delete(delete_artifacts=True)\""
    if not environment.get("WANDB_API_KEY"):
        return Deletion(False, f"Weights & Biases: run {path} stays, WANDB_API_KEY is not set: {call}")
    if importlib.util.find_spec("wandb") is None:
        return Deletion(False, f"Weights & Biases: run {path} stays, the package wandb is missing: {call}")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    os.environ.setdefault("WANDB_SILENT", "true")
    wandb = importlib.import_module("wandb")
    try:
        api = wandb.Api(timeout=PATIENCE)
        api.run(path).delete(delete_artifacts=True)
    except (wandb.Error, *FAULTS) as error:
        if _is_missing(error):
            return Deletion(True, f"Weights & Biases: run {path} is not there any more")
        return Deletion(False, f"Weights & Biases: run {path} could not be deleted; look at it, or: {call}")
    try:
        wandb.Api(timeout=PATIENCE).run(path)
    except (wandb.Error, *FAULTS) as error:
        if _is_missing(error):
            return Deletion(True, f"Weights & Biases: run {path} was deleted, and is not found any more")
    return Deletion(False, f"Weights & Biases: run {path} was deleted and is still shown; look again: {call}")


def _is_missing(error: Exception) -> bool:
    text = str(error).lower()
    return "could not find run" in text or "404" in text


def _trackio(run: Tracking) -> Deletion:
    """A run on this machine is deleted; one in a Space can be deleted there alone."""
    identifier = _identifier(run)
    if run.run_url is not None:
        return Deletion(
            False, f"Trackio: run {identifier or 'of this model'} at {run.run_url}: delete it there"
        )
    project = run.project if run.project and _PROJECT.fullmatch(run.project) else "mynah"
    call = (
        f'python -c "import trackio; [r.delete() for r in trackio.Api().runs({project!r}) '
        f'if r.name == {identifier!r}]"'
    )
    if not identifier:
        return Deletion(
            False, f"Trackio: a run of this model in project {project}: delete it with trackio.Api()"
        )
    if importlib.util.find_spec("trackio") is None:
        return Deletion(False, f"Trackio: on the machine that trained it, run: {call}")
    try:
        with redirect_stdout(StringIO()):
            trackio = importlib.import_module("trackio")
            found = [one for one in trackio.Api().runs(project) if one.name == identifier]
            for one in found:
                one.delete()
            left = [one for one in trackio.Api().runs(project) if one.name == identifier]
    except FAULTS:
        return Deletion(False, f"Trackio: run {identifier} could not be looked for; run: {call}")
    if left:
        return Deletion(False, f"Trackio: run {identifier} is still shown; run: {call}")
    if not found:
        return Deletion(
            False, f"Trackio: run {identifier} is not on this machine; where it was trained, run: {call}"
        )
    return Deletion(
        True, f"Trackio: run {identifier} was deleted from this machine, and is not found any more"
    )


def _address(run: Tracking) -> str | None:
    """The run's link if it reads as one; a manifest may have been edited by anybody who may write to its repo."""
    return run.run_url if _URL.fullmatch(run.run_url or "") else None


def _identifier(run: Tracking) -> str | None:
    """The run's id if it is one that is safe to look for."""
    found = run.run or (path.rpartition("/")[2] if (path := _wandb_path(run)) else None)
    return found if found and _ID.fullmatch(found) else None


def _wandb_path(run: Tracking) -> str | None:
    """ENTITY/PROJECT/ID of a run that went online; it comes from a file that anybody may have edited."""
    found = (
        _WANDB_PATH.fullmatch(unquote(urlsplit(run.run_url or "").path)) if run.service == "wandb" else None
    )
    if found is None or not all(re.fullmatch(r"[\w .-]+", part) for part in found.groups()):
        return None
    return "/".join(found.groups())
