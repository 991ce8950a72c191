"""Which code a job runs: this registry, at a commit that it can clone, with posts that it can reach."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot import registry
from bot.errors import UsageError
from bot.job_code import MARKER, code_of, outcomes_in, script

HOSTILE = "a'; touch /tmp/owned; '"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone with one commit, whose registry lies in a folder and whose store is elsewhere."""
    folder = tmp_path / "fleet"
    (folder / "conf").mkdir(parents=True)
    (folder / "conf" / "registry.yaml").write_text(
        "version: 1\nnamespace: org\nstore: s3://bucket/store\nmodels: []\n"
    )
    git(folder, "init", "--quiet")
    git(folder, "remote", "add", "origin", "git@github.com:org/fleet.git")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "begin")
    return folder


def git(folder: Path, *arguments: str) -> str:
    asked = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return asked.stdout.strip()


def read(folder: Path) -> registry.Registry:
    return registry.load(folder / "conf" / "registry.yaml")


def test_a_clone_is_told_by_its_remote_its_commit_and_where_the_registry_lies(checkout: Path) -> None:
    code = code_of(read(checkout), {})
    assert code.repository == "https://github.com/org/fleet.git"
    assert code.commit == git(checkout, "rev-parse", "HEAD")
    assert code.registry == "conf/registry.yaml"


def test_a_workflow_tells_its_own_repository(checkout: Path) -> None:
    environment = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "o/r"}
    assert code_of(read(checkout), environment).repository == "https://github.example/o/r"


def test_a_token_in_the_remote_is_not_passed_on(checkout: Path) -> None:
    git(checkout, "remote", "set-url", "origin", "https://user:secret@example.org/o/r.git")
    assert code_of(read(checkout), {}).repository == "https://example.org/o/r.git"


def test_what_a_job_could_not_see_is_said(checkout: Path, tmp_path: Path) -> None:
    path = checkout / "conf" / "registry.yaml"
    path.write_text(path.read_text() + "# changed\n")
    with pytest.raises(UsageError, match="changes that no commit holds"):
        code_of(read(checkout), {})
    path.write_text("version: 1\nnamespace: org\nmodels: []\n")
    git(checkout, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-am", "local")
    with pytest.raises(UsageError, match=r"is on this machine.*set store: to a URL such as s3://"):
        code_of(read(checkout), {})
    git(checkout, "remote", "set-url", "origin", "/somewhere/local")
    with pytest.raises(UsageError, match="no https address"):
        code_of(read(checkout), {})
    (tmp_path / "registry.yaml").write_text("version: 1\nmodels: []\n")
    with pytest.raises(UsageError, match="is in no git repository"):
        code_of(registry.load(tmp_path / "registry.yaml"), {})


def test_the_script_is_sound_shell_whatever_names_it_holds(checkout: Path) -> None:
    text = script(code_of(read(checkout), {}), ["--only", HOSTILE])
    checked = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
    shell = next(line for line in text.splitlines() if line.startswith("bot apply")).split(" || ")[0]
    words = subprocess.run(
        ["bash", "-c", f'bot() {{ printf "%s\\n" "$@"; }}; {shell}'],
        text=True,
        capture_output=True,
        check=True,
    )
    assert HOSTILE in words.stdout.splitlines()


def test_the_script_prints_the_outcomes_and_ends_as_apply_did(checkout: Path, tmp_path: Path) -> None:
    code = code_of(read(checkout), {})
    lines = script(code, []).splitlines()
    start = next(index for index, line in enumerate(lines) if line == "status=0")
    body = "\n".join(
        ["set -eu", "bot() { echo '{\"outcomes\": []}' > outcomes.json; return 3; }", *lines[start:]]
    )
    ran = subprocess.run(["bash", "-c", body], cwd=tmp_path, text=True, capture_output=True, check=False)
    assert ran.returncode == 3
    assert outcomes_in(ran.stdout.splitlines()) == '{"outcomes": []}'


def test_the_last_outcomes_of_a_log_count() -> None:
    assert outcomes_in(["x", MARKER + "1", "y", MARKER + "2"]) == "2"
    assert outcomes_in(["x"]) is None
