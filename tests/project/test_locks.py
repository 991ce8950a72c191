"""What machines with secrets install: every package pinned, with digests, and nothing built but the bot."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]


def pinned(path: Path) -> dict[str, tuple[str, int]]:
    """Version and number of digests of each package of a lock. A line that is neither fails."""
    found: dict[str, tuple[str, int]] = {}
    name = ""
    for line in path.read_text().splitlines():
        if re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?", line):
            found[name] = (found[name][0], found[name][1] + 1)
        elif not line.startswith("#"):
            requirement = Requirement(line.removesuffix("\\").strip())
            (specifier,) = requirement.specifier
            assert specifier.operator == "=="
            name = f"{canonicalize_name(requirement.name)} {requirement.marker or ''}".strip()
            found[name] = (specifier.version, 0)
    return found


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in requirements}


def test_every_role_has_a_lock() -> None:
    assert {path.stem for path in LOCKS} >= {"build", "light", "train", "torch-cpu", "torch-gpu"}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_package_of_a_lock_is_pinned_with_digests_to_what_ci_tests(path: Path) -> None:
    constraints = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line
    )
    tested = {canonicalize_name(name): version for name, version in constraints.items()}
    packages = pinned(path)
    assert packages
    for name, (version, digests) in packages.items():
        assert digests, name
        plain = canonicalize_name(name.split()[0])
        assert version.partition("+")[0] == tested.get(plain, version.partition("+")[0]), name


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("light", PROJECT["project"]["dependencies"]),
        ("build", PROJECT["build-system"]["requires"]),
        ("train", EXTRAS["train"]),
        ("lora", EXTRAS["lora"]),
        ("s3", EXTRAS["s3"]),
        ("wandb", EXTRAS["wandb"]),
        ("trackio", EXTRAS["trackio"]),
    ],
)
def test_a_lock_holds_what_pyproject_asks_for(lock: str, requirements: list[str]) -> None:
    held = {name.split()[0] for name in pinned(ROOT / "locks" / f"{lock}.txt")}
    assert names(requirements) - {"torch"} <= held
    assert "torch" not in held


def test_torch_has_the_digest_of_each_cpu_build_of_each_python() -> None:
    found = pinned(ROOT / "locks" / "torch-cpu.txt")
    assert {name: digests for name, (_, digests) in found.items()} == {
        'torch sys_platform == "linux"': 6,
        'torch sys_platform == "darwin"': 3,
    }


def install(tmp_path: Path, *roles: str, torch: bool, gpu: bool = False) -> tuple[int, list[str]]:
    """`.ci/install` with a `python` that writes down what it is called with; the exit code and the calls of pip."""
    log = tmp_path / "calls"
    log.write_text("")
    stub = tmp_path / "python"
    stub.write_text(f'#!/bin/sh\necho "$@" >> {log}\n[ "$1" != -c ] || exit {0 if torch else 1}\n')
    stub.chmod(0o755)
    if gpu:
        (tmp_path / "nvidia-smi").symlink_to("/bin/true")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ran = subprocess.run([ROOT / ".ci/install", *roles], env=environment, check=False, capture_output=True)
    return ran.returncode, [line for line in log.read_text().splitlines() if line.startswith("-m pip")]


@pytest.mark.parametrize("roles", [(), ("train",), ("train", "s3", "lora", "wandb", "trackio")])
def test_only_locked_packages_are_installed_and_only_the_bot_is_built(
    roles: tuple[str, ...], tmp_path: Path
) -> None:
    code, calls = install(tmp_path, *roles, torch=False)
    assert code == 0
    *locked, last = calls
    assert all(
        "--require-hashes --no-deps --only-binary :all: --requirement locks/" in call for call in locked
    )
    assert "locks/build.txt" in locked[0]
    assert all(f"locks/{role}.txt" in locked[-1] for role in ("light", *roles))
    assert ("locks/torch-cpu.txt" in " ".join(locked)) == ("train" in roles)
    assert "--no-deps --no-build-isolation ." in last


def test_torch_that_is_there_stays_and_a_gpu_gets_its_own_build(tmp_path: Path) -> None:
    assert "torch-" not in " ".join(install(tmp_path, "train", torch=True)[1])
    assert "locks/torch-gpu.txt" in " ".join(install(tmp_path, "train", torch=False, gpu=True)[1])


@pytest.mark.parametrize("role", ["nothing", "../constraints", "--editable"])
def test_a_role_without_a_lock_installs_nothing(role: str, tmp_path: Path) -> None:
    assert install(tmp_path, role, torch=True) == (2, [])


def cache_key(*roles: str) -> dict[str, str]:
    """The outputs of `.ci/cache-key`."""
    ran = subprocess.run([ROOT / ".ci/cache-key", *roles], check=True, capture_output=True, text=True)
    return dict(line.split("=", 1) for line in ran.stdout.splitlines())


def test_the_cache_of_downloads_is_named_by_the_locks_that_are_installed() -> None:
    keys = {roles: cache_key(*roles)["key"] for roles in [(), ("train",), ("s3",), ("train", "s3")]}
    assert len(set(keys.values())) == len(keys)
    assert cache_key("train") == cache_key("train")
    assert cache_key("../constraints")["key"] == cache_key()["key"]  # .ci/install refuses it
    assert Path(cache_key()["path"]).is_absolute()
