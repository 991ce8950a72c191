"""Tracking elsewhere: a run's curve, settings and counts at Weights & Biases or Trackio, when an entry asks for it.

The run is sent after training; a failure is a warning and costs the model nothing.
A run is named by a random id, and neither its settings nor its counts name a person or the model; the manifest
knows the id, see `bot.training.tracker_runs`. No text of a post and nothing of the machine or the code goes out, and
the console is not captured.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import os
import secrets
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huggingface_hub import constants

from bot.corpus import Corpus
from bot.io.installing import install_command
from bot.manifest import Base, Copying, Evaluation, Point, Tracking, Training
from bot.registry.recipe import Recipe
from bot.sources.files import shown
from bot.training.tracker_runs import FAULTS, FOLDER

PROJECT = "mynah"
"""Where runs are kept, unless WANDB_PROJECT or TRACKIO_PROJECT names another project."""

PATIENCE = 60
"""Seconds that a tracker may take to begin and again to end a run."""

SECRETS = ("WANDB_API_KEY", "HF_TOKEN", "TRACKIO_WRITE_TOKEN")


@dataclass(frozen=True, slots=True)
class Request:
    """The service (`wandb`, `trackio`, `none`) that a run is sent to; `say` takes what a person should know.

    Of the corpus only counts are used, and `name`, the model's, is for what is said here alone: at the service the
    run is called `run`. `environment` holds the service's own variables.
    """

    service: str
    name: str
    corpus: Corpus
    say: Callable[[str], None]
    run: str = field(default_factory=lambda: secrets.token_hex(6))
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


@dataclass(frozen=True, slots=True)
class Record:
    """What a tracker receives: settings and counts, figures of the finished model, and the curve."""

    config: dict[str, Any]
    summary: dict[str, float]
    curve: tuple[Point, ...]

    @property
    def rows(self) -> list[tuple[int, dict[str, float]]]:
        """The curve as steps and what was measured there."""
        named = [
            (point, {"epoch": point.epoch, "loss/train": point.train, "loss/held_out": point.held_out})
            for point in self.curve
        ]
        return [
            (point.step, {name: value for name, value in row.items() if value is not None})
            for point, row in named
        ]


def record(
    request: Request,
    recipe: Recipe,
    asked: str,
    base: Base,
    training: Training,
    evaluation: Evaluation,
    curve: Sequence[Point],
    copying: Copying | None,
) -> Record:
    """Settings, counts and figures; no text, and no name of a person or of the model.

    `recipe` is the one that was used, `asked` the digest of the one that the registry asks for.
    """
    corpus = request.corpus
    accounts = {
        f"account {number}": {
            "downloaded": account.downloaded,
            **account.dropped,
            "kept": account.kept,
            "characters": account.characters,
        }
        for number, account in enumerate(corpus.accounts, 1)
    }
    summary = {
        f"{whose}/{name}": value
        for whose, score in (("base", evaluation.base), ("tuned", evaluation.tuned))
        for name, value in score.model_dump(exclude_none=True).items()
    }
    if copying is not None:
        shares = copying.model_dump(include={"runs", "whole", "text", "natural_runs", "natural_text"})
        summary |= {f"copying/{name}": value for name, value in shares.items()}
    return Record(
        config={
            "recipe": recipe.model_dump(),
            "recipe_digest": asked,
            "base": base.model_dump(include={"name", "identity", "revision", "digest", "parameters"}),
            "dataset": {"accounts": accounts, "languages": corpus.languages, "characters": corpus.characters},
            "training": training.model_dump(exclude={"versions"}),
            "versions": training.versions,
        },
        summary=summary,
        curve=tuple(curve),
    )


def track(request: Request, record: Record) -> Tracking | None:
    """Sends the run to its service and returns its links, which exist only online. Never raises for a fault."""
    send = {"wandb": _wandb, "trackio": _trackio}.get(request.service)
    if send is None:
        return None
    if importlib.util.find_spec(request.service) is None:
        request.say(
            f"{request.name}: warning: tracking: {request.service} needs a package that is not installed; "
            f"{install_command(request.service)}; this model is not tracked there"
        )
        return None
    try:
        return send(request, record)
    except FAULTS as error:
        request.say(
            f"{request.name}: warning: {request.service} did not get the run of this model "
            f"({_first_line(error, request.environment)}); the model itself is not affected"
        )
        return None


def _wandb(request: Request, record: Record) -> Tracking:
    """One run and one artifact with the counts. Offline without a key, or when WANDB_MODE says so."""
    environment = request.environment
    mode = environment.get("WANDB_MODE") or ("online" if environment.get("WANDB_API_KEY") else "offline")
    os.environ.setdefault(
        "WANDB_ERROR_REPORTING", "false"
    )  # read when it is imported; reports describe the machine
    wandb = importlib.import_module("wandb")
    folder = Path(environment.get("WANDB_DIR") or FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    private = wandb.Settings(
        silent=True,
        console="off",
        disable_git=True,
        disable_code=True,
        disable_job_creation=True,
        save_code=False,
        host="",
        program="",
        init_timeout=PATIENCE,
        finish_timeout=PATIENCE,
        finish_timeout_raises=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
        x_save_requirements=False,
    )
    run_url = data_url = None
    project = environment.get("WANDB_PROJECT") or PROJECT
    try:
        with wandb.init(
            project=project,
            id=request.run,
            name=request.run,
            config=record.config,
            dir=str(folder.resolve()),
            mode=mode,
            settings=private,
        ) as run:
            for step, row in record.rows:
                run.log(row, step=step)
            run.summary.update(record.summary)
            dataset = wandb.Artifact(
                f"{request.run}-posts", type="dataset", metadata=record.config["dataset"]
            )
            logged = run.log_artifact(dataset)
            if not run.offline and not run.disabled:
                data_url = logged.wait(timeout=PATIENCE).url
                run_url = run.url
    except wandb.Error as error:
        raise RuntimeError(_first_line(error, environment)) from error
    if mode == "offline":
        request.say(
            f"{request.name}: Weights & Biases keeps this run offline in {folder / 'wandb'}: set WANDB_API_KEY, "
            "or send it later with: wandb sync"
        )
    return Tracking(service="wandb", run=request.run, project=project, run_url=run_url, data_url=data_url)


def _trackio(request: Request, record: Record) -> Tracking:
    """One run: in the Space that TRACKIO_SPACE_ID names, else in Trackio's own folder on this machine."""
    environment = request.environment
    trackio = importlib.import_module("trackio")
    space = environment.get("TRACKIO_SPACE_ID")
    tracked = Tracking(
        service="trackio", run=request.run, project=(project := environment.get("TRACKIO_PROJECT") or PROJECT)
    )
    # It talks on standard output, which belongs to the command's own result, and warns where others raise.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(record=True) as on_outcome:
        warnings.simplefilter("always")
        trackio.init(
            project=project,
            name=request.run,
            space_id=space,
            config=record.config,
            embed=False,
            auto_log_gpu=False,
            auto_log_cpu=False,
        )
        try:
            for step, row in record.rows:
                trackio.log(row, step=step)
            trackio.log(record.summary, step=record.curve[-1].step)
        finally:
            trackio.finish()
    if space and not on_outcome:
        return tracked.model_copy(update={"run_url": f"{shown(constants.ENDPOINT)}/spaces/{space}"})
    if space:
        request.say(
            f"{request.name}: warning: Trackio could not reach the Space {space} "
            f"({_first_line(str(on_outcome[0].message), environment)}); the run waits in its folder on this machine"
        )
    else:
        request.say(
            f"{request.name}: Trackio keeps this run on this machine; set TRACKIO_SPACE_ID to show it on the Hub"
        )
    return tracked


def _first_line(error: Exception | str, environment: Mapping[str, str]) -> str:
    line = shown((str(error).strip().splitlines() or [type(error).__name__])[0])
    for name in SECRETS:
        if secret := environment.get(name):
            line = line.replace(secret, "***")
    return line[:200]
