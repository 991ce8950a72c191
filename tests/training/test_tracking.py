from __future__ import annotations

import socket
import sys
import time
import warnings
from datetime import UTC, datetime
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import card_facts
import pytest

from bot import corpus
from bot.manifest import Tracking
from bot.registry.recipe import Recipe
from bot.sources.posts import Post, Profile, Timeline
from bot.training import tracking

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TEXT = "zebras whisper about the moonlit harbour"
KEY = "0123456789" * 4
RUN = "5a1dc0ffee42"


class Said(list[str]):
    """Collects what a person is told."""

    def __call__(self, text: str) -> None:
        self.append(text)


def request(service: str, **environment: str) -> tuple[tracking.Request, Said]:
    posts = [Post(str(number), f"{TEXT} {number}", NOW) for number in range(20)]
    cleaned = corpus.build([Timeline(Profile("ada_example", "Ada Example", "x"), posts)])
    said = Said()
    return tracking.Request(service, "ada_example", cleaned, said, RUN, environment), said


def told(wanted: tracking.Request) -> tracking.Record:
    facts = card_facts.manifest()
    assert facts.training is not None
    assert facts.evaluation is not None
    return tracking.record(
        wanted,
        Recipe(),
        "digest",
        facts.base,
        facts.training,
        facts.evaluation,
        facts.curve,
        facts.copying,
    )


def fake(name: str, monkeypatch: pytest.MonkeyPatch, **members: Any) -> None:
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    vars(module).update(members)
    monkeypatch.setitem(sys.modules, name, module)


class Run(SimpleNamespace):
    """A run of Weights & Biases as far as it is used, or one that fails."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.finished.append(self.url)

    def log(self, row: dict[str, float], step: int) -> None:
        self.rows.append((step, row))

    def log_artifact(self, artifact: SimpleNamespace) -> SimpleNamespace:
        url = f"{self.url}/artifacts/{artifact.name}"
        return SimpleNamespace(wait=lambda timeout: SimpleNamespace(url=url))


def test_counts_and_figures_are_recorded_and_no_text() -> None:
    wanted, _ = request("wandb")
    record = told(wanted)
    assert record.config["dataset"]["accounts"]["account 1"]["kept"] == 20
    assert record.config["recipe_digest"] == "digest"
    assert record.config["base"]["revision"] == "607a30d783dfa663caf39e06633721c8d4cfcd7e"
    assert record.summary["tuned/bits_per_byte"] == 1.3719
    assert [step for step, _ in record.rows] == [point.step for point in record.curve]
    assert "loss/train" not in record.rows[0][1]
    assert record.rows[1][1].keys() == {"epoch", "loss/train", "loss/held_out"}
    assert "zebras" not in repr(record)
    assert "ada" not in repr(record).lower()


def test_weights_and_biases_offline_holds_the_run_and_nothing_of_posts_machine_or_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "gethostname", lambda: "a-telling-host-name")
    wanted, said = request("wandb")
    print("a line on the console")
    assert tracking.track(wanted, told(wanted)) == Tracking(service="wandb", run=RUN, project="mynah")
    (run,) = (tmp_path / ".bot").rglob("run-*.wandb")
    latest = time.monotonic() + 30  # the service of wandb writes the end of the file after the run has ended
    while b'"kept":20' not in run.read_bytes() and time.monotonic() < latest:
        time.sleep(0.05)
    sent_later = [path for path in run.parent.rglob("*") if path.is_file() and path.parent.name != "logs"]
    kept = b"".join(path.read_bytes() for path in sent_later)
    assert b"loss/held_out" in run.read_bytes()
    assert b'"kept":20' in run.read_bytes()
    everything = list((tmp_path / ".bot").rglob("*"))
    assert [path for path in everything if "ada_example" in str(path.relative_to(tmp_path))] == []
    assert [path for path in everything if path.is_file() and b"ada_example" in path.read_bytes()] == []
    wrong = (
        "zebras",
        "a-telling-host-name",
        "a line on the console",
        str(tmp_path),
        sys.executable,
        "pytest",
    )
    assert [word for word in wrong if word.encode() in kept] == []
    assert {path.name for path in tmp_path.iterdir()} == {".bot"}
    assert said == [
        f"ada_example: Weights & Biases keeps this run offline in {Path('.bot/wandb')}: set WANDB_API_KEY, "
        "or send it later with: wandb sync"
    ]
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("a line on the console\n", "")


def test_a_run_that_went_online_gives_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(
        url="https://wandb.example/runs/1", offline=False, disabled=False, rows=[], summary={}, finished=[]
    )
    asked: dict[str, Any] = {}
    fake(
        "wandb",
        monkeypatch,
        Settings=lambda **settings: settings,
        Artifact=lambda name, **more: SimpleNamespace(name=name, **more),
        Error=RuntimeError,
        init=lambda **given: asked.update(given) or run,
    )
    wanted, said = request("wandb", WANDB_API_KEY=KEY, WANDB_DIR=str(tmp_path), WANDB_PROJECT="birds")
    record = told(wanted)
    assert tracking.track(wanted, record) == Tracking(
        service="wandb",
        run=RUN,
        project="birds",
        run_url="https://wandb.example/runs/1",
        data_url=f"https://wandb.example/runs/1/artifacts/{RUN}-posts",
    )
    assert (asked["mode"], asked["project"], asked["name"], asked["id"]) == ("online", "birds", RUN, RUN)
    assert run.rows == record.rows
    assert run.summary == record.summary
    assert run.finished == [run.url]
    assert said == []


def test_the_services_own_mode_wins_over_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, _ = request("wandb", WANDB_API_KEY=KEY, WANDB_MODE="offline", WANDB_DIR=str(tmp_path))
    assert tracking.track(wanted, told(wanted)) == Tracking(service="wandb", run=RUN, project="mynah")
    assert list(tmp_path.rglob("run-*.wandb"))


def test_a_tracker_that_fails_costs_no_model_and_says_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CommError(Exception):
        pass

    def refuse(**_: Any) -> None:
        raise CommError(f"the key {KEY} was refused\nand more")

    fake("wandb", monkeypatch, Settings=dict, Error=CommError, init=refuse)
    wanted, said = request("wandb", WANDB_API_KEY=KEY, WANDB_DIR=str(tmp_path))
    assert tracking.track(wanted, told(wanted)) is None
    assert said == [
        "ada_example: warning: wandb did not get the run of this model (the key *** was refused); "
        "the model itself is not affected"
    ]


@pytest.mark.parametrize("service", ["wandb", "trackio"])
def test_a_package_that_is_missing_is_said(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    wanted, said = request(service)
    assert tracking.track(wanted, told(wanted)) is None
    assert len(said) == 1
    assert f"pip install '.[{service}]'" in said[0]


def test_without_a_service_nothing_is_said() -> None:
    wanted, said = request("none")
    assert tracking.track(wanted, told(wanted)) is None
    assert said == []


class Trackio:
    """Trackio as far as it is used: it talks on standard output, and warns where a Space cannot be reached."""

    def __init__(self, trouble: str = "") -> None:
        self.trouble = trouble
        self.calls: list[tuple[str, Any]] = []

    def init(self, **given: Any) -> None:
        print("* Trackio project initialized")
        self.calls.append(("init", given))
        if self.trouble:
            warnings.warn(self.trouble, UserWarning, stacklevel=1)

    def log(self, row: dict[str, float], step: int) -> None:
        self.calls.append(("log", step))

    def finish(self) -> None:
        print("* Run finished")
        self.calls.append(("finish", None))


@pytest.mark.parametrize(
    ("space", "trouble", "url", "words"),
    [
        ("my-org/runs", "", "https://huggingface.co/spaces/my-org/runs", ""),
        ("my-org/runs", "no such Space", None, "could not reach the Space my-org/runs (no such Space)"),
        ("", "", None, "set TRACKIO_SPACE_ID"),
    ],
)
def test_trackio_links_to_a_space_that_was_reached(
    space: str,
    trouble: str,
    url: str | None,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    service = Trackio(trouble)
    fake("trackio", monkeypatch, init=service.init, log=service.log, finish=service.finish)
    wanted, said = request("trackio", **({"TRACKIO_SPACE_ID": space} if space else {}))
    record = told(wanted)
    assert tracking.track(wanted, record) == Tracking(
        service="trackio", run=RUN, project="mynah", run_url=url
    )
    assert capsys.readouterr().out == ""
    assert [name for name, _ in service.calls] == ["init", *["log"] * (len(record.rows) + 1), "finish"]
    assert service.calls[0][1]["name"] == RUN
    assert service.calls[0][1]["auto_log_gpu"] is service.calls[0][1]["auto_log_cpu"] is False
    assert words in "".join(said)
    assert bool(said) == bool(words)
