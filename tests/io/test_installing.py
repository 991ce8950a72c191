from __future__ import annotations

import importlib.util
import shlex
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from bot.io import installing, origin
from bot.io.origin import Origin

ADDRESS = "https://github.com/org/mynah"


def test_the_name_is_that_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["name"] == origin.DISTRIBUTION
    assert project["scripts"]["bot"] == project["scripts"]["mynah"]


@pytest.mark.parametrize(
    ("source", "requirement"),
    [
        (origin.UNKNOWN, ".[s3]"),
        (Origin(problem="changes"), ".[s3]"),
        (Origin(ADDRESS, "a" * 40, "v1.2.3"), f"mynah-bot[s3] @ git+{ADDRESS}@v1.2.3"),
        (Origin(ADDRESS, "a" * 40), f"mynah-bot[s3] @ git+{ADDRESS}@{'a' * 40}"),
        (Origin(ADDRESS), f"mynah-bot[s3] @ git+{ADDRESS}"),
    ],
)
def test_a_command_installs_from_a_clone_or_from_where_this_copy_comes_from(
    source: Origin, requirement: str
) -> None:
    said = installing.command("s3", source)
    assert shlex.split(said[said.index("pip install") :]) == ["pip", "install", requirement]


def test_training_without_a_gpu_takes_the_cpu_build_of_pytorch() -> None:
    said = installing.command("train", origin.UNKNOWN, cpu=True)
    assert shlex.split(said[said.index("pip install") :])[-2:] == ["--extra-index-url", installing.TORCH_CPU]


@pytest.mark.parametrize(("gpu", "torch", "cpu"), [(None, None, True), ("/x", None, False), (None, 1, False)])
def test_the_cpu_build_is_named_where_torch_and_a_gpu_are_missing(
    gpu: str | None, torch: object, cpu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda _: gpu)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: torch)
    assert (installing.TORCH_CPU in installing.install_command("train")) is cpu
    assert installing.TORCH_CPU not in installing.install_command("s3")
