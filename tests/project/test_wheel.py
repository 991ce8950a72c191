"""What the wheel holds: the typed package and its data, and none of the developers' scripts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from clones import clone, commit, git

from bot.github.fleet_repo.files import FOLLOWS
from bot.io.origin import DISTRIBUTION

ROOT = Path(__file__).parents[2]


SHA = "0123456789abcdef0123456789abcdef01234567"
ADDRESS = "https://github.com/org/mynah"


def build(source: Path, folder: Path, target: str = "wheel", **environment: str) -> Path:
    """A wheel or sdist of a source tree, built into the folder."""
    pytest.importorskip("hatchling", reason="the build backend; `make test` installs it from locks/build.txt")
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    clean = {name: value for name, value in os.environ.items() if name not in ("BOT_ORIGIN", "PYTHONPATH")}
    subprocess.run(command, cwd=source, check=True, capture_output=True, env=clean | environment)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, as an action builds it that is used at a commit."""
    return build(ROOT, tmp_path_factory.mktemp("wheel"), BOT_ORIGIN=f"{ADDRESS}@{SHA}")


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Every path in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked, as in site-packages."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def bot(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed bot, away from this checkout."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    environment.pop("GITHUB_SERVER_URL", None)
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=installed,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_says_that_it_is_typed(names: set[str]) -> None:
    assert "bot/py.typed" in names


def test_the_wheel_holds_every_module_the_templates_and_the_demo(names: set[str]) -> None:
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "bot").rglob("*.py")}
    assert modules <= names
    assert {"bot/templates/model_card.md.j2", "bot/cli/demo/archives/poor_richard.zip"} <= names


def test_the_wheel_holds_nothing_but_the_package(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"bot"}


def test_the_wheel_has_the_name_that_is_ours(wheel: Path) -> None:
    assert wheel.name.startswith(f"{DISTRIBUTION.replace('-', '_')}-")


def test_the_wheel_knows_the_commit_that_it_was_built_from(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert json.loads(archive.read("bot/origin.json")) == {"address": ADDRESS, "commit": SHA}


def test_a_wheel_makes_the_fleet_repository_that_this_checkout_makes(installed: Path, tmp_path: Path) -> None:
    ran = bot(installed, "init", str(tmp_path / "fleet"), "--yes", "--namespace", "acme", "--templates")
    assert ran.returncode == 0, ran.stderr
    for path in FOLLOWS:
        text = (ROOT / path).read_text()
        written = (tmp_path / "fleet" / path).read_text()
        assert written.replace(f"uses: org/mynah@{SHA}", "uses: ./").count("uses: ./") == text.count(
            "uses: ./"
        )
    assert f"uses: org/mynah@{SHA} # v" in (tmp_path / "fleet/.github/workflows/publish.yml").read_text()
    assert (tmp_path / "fleet/templates/model_card.md.j2").is_file()


def test_a_wheel_of_unknown_origin_writes_no_pin(installed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(installed, copy)
    (copy / "bot" / "origin.json").unlink()
    ran = bot(copy, "init", str(tmp_path / "fleet"), "--yes")
    assert ran.returncode == 2
    assert "--action OWNER/REPO@SHA" in ran.stderr
    assert not (tmp_path / "fleet").exists()
    ran = bot(copy, "init", str(tmp_path / "fleet"), "--yes", "--action", f"org/mynah@{SHA}")
    assert ran.returncode == 0, ran.stderr


def test_a_clone_builds_wheels_that_know_its_commit_and_an_sdist_that_passes_it_on(tmp_path: Path) -> None:
    """From the project's own files: what git tracks here, in a repository with one commit that its remote has."""
    parts = "bot templates tools .github pyproject.toml README.md LICENSE registry.yaml registry.schema.json action.yml"
    listed = subprocess.run(
        ["git", "ls-files", "-z", *parts.split()],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this copy of the project has no git history")
    source = clone(tmp_path / "mynah")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file() and not name.startswith("bot/cli/demo/archives/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    head = commit(source)
    git(source, "tag", "v9.9.9")

    sdist = build(source, tmp_path / "sdist", "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    for number, tree in enumerate((source, unpacked)):
        built = build(tree, tmp_path / str(number))
        with zipfile.ZipFile(built) as archive:
            assert json.loads(archive.read("bot/origin.json")) == {
                "address": "https://github.com/org/mynah",
                "commit": head,
                "tag": "v9.9.9",
            }
    assert git(source, "status", "--porcelain") == ""  # a build leaves nothing behind
