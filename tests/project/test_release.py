"""A release is made of one version: that of bot/__init__.py, of the tag, and of a section of the changelog."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.version import Version

from bot import __version__

ROOT = Path(__file__).parents[2]
SECTIONS = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


@pytest.fixture
def gh(tmp_path: Path) -> Path:
    """A `gh` that notes how it was called and knows no release, and two files to attach."""
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\ntest "$2" != view\n')
    program.chmod(0o755)
    return tmp_path


def release(
    command: str, tag: str, folder: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [".ci/release", command],
        cwd=folder,
        env={**os.environ, "GITHUB_REF_NAME": tag, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def copied(folder: Path, changelog: str) -> Path:
    """The files that the script reads, with another changelog."""
    for path in (".ci/release", "bot/__init__.py"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes((ROOT / path).read_bytes())
    (folder / ".ci/release").chmod(0o755)
    (folder / "CHANGELOG.md").write_text(changelog)
    return folder


def test_the_version_stands_in_one_place() -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "bot/__init__.py"


def test_the_changelog_has_real_versions_newest_first_below_what_is_not_released() -> None:
    assert SECTIONS[0] == "Unreleased"
    released = [re.fullmatch(r"(\d+\.\d+\.\d+) - (20\d\d-\d\d-\d\d)", section) for section in SECTIONS[1:]]
    assert all(released)
    versions = [Version(found[1]) for found in released if found]
    assert versions == sorted(versions, reverse=True)
    assert versions[0] == Version(__version__)


def test_the_tag_of_this_version_may_be_released() -> None:
    assert release("check", f"v{__version__}").returncode == 0


def test_a_tag_of_another_version_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    folder = copied(tmp_path, (ROOT / "CHANGELOG.md").read_text())
    for command in ("check", "build"):
        done = release(command, "v99.0.0", folder)
        assert done.returncode == 2
        assert f"is not v{__version__}" in done.stderr
    assert not (folder / "dist").exists()


def test_a_version_without_a_section_in_the_changelog_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path, "# Changelog\n\n## Unreleased\n\n- x\n")
    done = release("check", f"v{__version__}", folder)
    assert done.returncode == 2
    assert f"no section '## {__version__} - " in done.stderr


def test_the_release_gets_its_section_as_notes_and_both_files(gh: Path) -> None:
    sections = ("Unreleased\n\n- not yet", f"{__version__} - 2026-01-02\n\n- now", "0.0.1 - x\n\n- old")
    changelog = "# Changelog\n\n" + "".join(f"## {section}\n\n" for section in sections)
    folder = copied(gh / "repo", changelog)
    (folder / "dist").mkdir()
    for name in ("x.tar.gz", "x.whl"):
        (folder / "dist" / name).write_bytes(b"")
    path = f"{gh / 'bin'}:{os.environ['PATH']}"
    assert release("attach", f"v{__version__}", folder, PATH=path, RUNNER_TEMP=str(gh)).returncode == 0
    assert (gh / "notes.md").read_text().split() == ["-", "now"]
    calls = (gh / "calls").read_text().splitlines()
    assert [call.split()[1] for call in calls] == ["view", "create", "upload"]
    assert "--verify-tag" in calls[1]
    assert calls[2].endswith("dist/x.tar.gz dist/x.whl")


def test_the_index_is_asked_only_where_the_owner_switched_it_on() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    assert "vars.PUBLISH_TO_INDEX == 'true'" in workflow["jobs"]["publish"]["if"]
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text()
    assert workflow["jobs"]["publish"]["environment"] == "index"
    (attest,) = (step for step in workflow["jobs"]["build"]["steps"] if step.get("name") == "Attest")
    assert attest["with"]["subject-path"] == "dist/*"
