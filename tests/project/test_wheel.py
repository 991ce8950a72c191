"""What the wheel holds: the typed package and its data, and none of the developers' scripts."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Every path in a wheel that was built from this checkout."""
    pytest.importorskip("hatchling", reason="the build backend; `make test` installs it from locks/build.txt")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_says_that_it_is_typed(names: set[str]) -> None:
    assert "bot/py.typed" in names


def test_the_wheel_holds_every_module_the_templates_and_the_demo(names: set[str]) -> None:
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "bot").rglob("*.py")}
    assert modules <= names
    assert {"bot/templates/model_card.md.j2", "bot/cli/demo/archives/poor_richard.zip"} <= names


def test_the_wheel_holds_nothing_but_the_package(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"bot"}
