"""Stages overlap: posts are fetched ahead, files go up behind, and nothing is fetched that may not be trained."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch
from fleets import Fleet

from bot import registry
from bot.apply import pipeline
from bot.apply.context import Limits, RunContext
from bot.apply.execute import execute
from bot.errors import CredentialsError, HubError
from bot.hub.folder import FolderHub
from bot.plan.make import make_plan
from bot.plan.outcome import Outcome
from bot.store import Store
from bot.training import loop, memory
from bot.training.progress import Progress


class Watched:
    """Remembers what was said, in its order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def stage(self, name: str, stage: str, detail: str = "") -> None:
        self.events.append((name, stage))

    def progress(self, name: str, progress: Progress) -> None:
        pass

    def done(self, name: str, result: str) -> None:
        self.events.append((name, "done"))

    def say(self, text: str) -> None:
        pass

    def before(self, first: tuple[str, str], second: tuple[str, str]) -> bool:
        return self.events.index(first) < self.events.index(second)


class Refusing(FolderHub):
    """A hub that takes no files."""

    error: HubError | CredentialsError = CredentialsError("the token was refused")

    def publish(self, *args: Any, **options: Any) -> str:
        raise self.error


HANDLES = ("ada", "bob", "cleo", "dora")


@pytest.fixture
def fleet(tmp_path: Path, tiny_base: Path) -> Fleet:
    fleet = Fleet(tmp_path, tiny_base)
    for seed, handle in enumerate(HANDLES, start=1):
        fleet.posts(handle, 250, seed=seed)
        fleet.entry(handle)
    fleet.write()
    return fleet


def run(fleet: Fleet, limits: Limits, hub: FolderHub | None = None) -> tuple[Watched, list[Outcome]]:
    found = registry.load(fleet.folder / "registry.yaml")
    hub = hub or FolderHub(fleet.folder / "hub", "org")
    made = make_plan(found, hub, found.store.url)
    watched = Watched()
    context = RunContext(found, hub, Store(found.store.url), lambda: datetime.now(UTC), watched, limits)
    told: list[int] = []
    outcomes = execute(made, context, lambda known: told.append(len(known)))
    assert told == sorted(told)
    assert told[-1] == len(outcomes)
    return watched, outcomes


def test_the_next_posts_are_there_when_a_model_is_trained_and_order_is_kept(fleet: Fleet) -> None:
    watched, outcomes = run(fleet, Limits())
    assert [(o.name, o.result) for o in outcomes] == [(handle, "done") for handle in HANDLES]
    assert watched.before(("dora", "clean"), ("ada", "render"))
    trained = [name for name, stage in watched.events if stage == "train"]
    published = [name for name, stage in watched.events if stage == "publish"]
    assert trained == published == list(HANDLES)
    assert all(outcome.seconds > 0 for outcome in outcomes)


def test_no_posts_are_fetched_for_models_that_may_not_be_trained(fleet: Fleet) -> None:
    watched, outcomes = run(fleet, Limits(max_models=2))
    assert [outcome.result for outcome in outcomes] == ["done", "done", "skipped", "skipped"]
    assert {name for name, stage in watched.events if stage == "fetch"} == {"ada", "bob"}


def test_a_model_that_is_not_made_leaves_its_place_to_the_next(fleet: Fleet) -> None:
    fleet.posts("ada", 5)
    _, outcomes = run(fleet, Limits(max_models=2))
    assert [outcome.result for outcome in outcomes] == ["skipped", "done", "done", "skipped"]


def test_a_refused_token_ends_training_and_every_step_is_accounted_for(fleet: Fleet) -> None:
    watched, outcomes = run(fleet, Limits(), Refusing(fleet.folder / "hub", "org"))
    assert [outcome.name for outcome in outcomes] == list(HANDLES)
    assert outcomes[0].refused
    assert {outcome.result for outcome in outcomes} == {"failed", "skipped"}
    assert outcomes[-1].reason == "the Hub refused the token before"
    assert sum(stage == "train" for _, stage in watched.events) < len(HANDLES)


def test_a_gpu_that_fails_ends_its_step_and_defers_the_rest_without_fetching_more(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def fails(*arguments: Any, **options: Any) -> Any:
        tried.append(1)
        if len(tried) == 2:
            raise torch.AcceleratorError("CUDA error: the launch timed out and was terminated")
        return plainly(*arguments, **options)

    plainly = loop.train
    monkeypatch.setattr(loop, "train", fails)
    monkeypatch.setattr(pipeline, "AHEAD", 1)
    watched, outcomes = run(fleet, Limits())
    assert [outcome.result for outcome in outcomes] == ["done", "failed", "deferred", "deferred"]
    assert "failed while it trained: CUDA error: the launch timed out" in outcomes[1].reason
    assert {outcome.reason for outcome in outcomes[2:]} == {pipeline.DEVICE_LOST}
    assert len(tried) == 2
    assert ("dora", "fetch") not in watched.events


def test_a_base_too_large_for_the_machine_is_said_before_posts_are_fetched(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "of_machine", lambda: 300_000)
    watched, outcomes = run(fleet, Limits())
    assert {outcome.result for outcome in outcomes} == {"failed"}
    assert "16 bytes each" in outcomes[0].reason
    assert not any(stage in {"fetch", "load"} for _, stage in watched.events)


def test_a_failed_publication_is_one_entrys_own_and_leaves_no_files_behind(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    hub = Refusing(fleet.folder / "hub", "org")
    hub.error = HubError("the Hub is down", transient=True)
    _, outcomes = run(fleet, Limits(), hub)
    assert {(outcome.result, outcome.reason) for outcome in outcomes} == {("failed", "the Hub is down")}
    assert list(place.iterdir()) == []
