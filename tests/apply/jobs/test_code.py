"""Which code a job runs: this registry, at a commit that it can clone, with posts that it can reach."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from jobs_server import printed

from bot import registry
from bot.apply.jobs.code import MARKER, Code, code_of, outcomes_in, script
from bot.errors import UsageError
from bot.io import origin
from bot.registry import Registry

HOSTILE = "a'; touch /tmp/owned; '"
BOT = origin.Origin("https://github.com/org/mynah", "b" * 40, "v1.2.3")


@pytest.fixture(autouse=True)
def _origin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot that runs is of a known commit, whatever this checkout is."""
    monkeypatch.setattr(origin, "find", lambda: BOT)


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
    commit(folder, "begin")
    return folder


def commit(folder: Path, message: str, *, pushed: bool = True) -> None:
    """Commits what changed; with `pushed` as if the remote had it."""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    git(folder, *who, "commit", "--quiet", "--all", "--message", message)
    if pushed:
        git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")


def asked(registry: Registry, environment: dict[str, str] | None = None, store: str | None = None) -> Code:
    """The code for all entries of the registry."""
    return code_of(registry, registry.entries, store or registry.store.url, environment or {})


def git(folder: Path, *arguments: str) -> str:
    asked = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return asked.stdout.strip()


def read(folder: Path) -> registry.Registry:
    return registry.load(folder / "conf" / "registry.yaml")


def test_a_clone_is_reported_by_its_remote_its_commit_and_where_the_registry_lies(checkout: Path) -> None:
    code = asked(read(checkout))
    assert code.repository == "https://github.com/org/fleet.git"
    assert code.commit == git(checkout, "rev-parse", "HEAD")
    assert code.registry == "conf/registry.yaml"


def test_a_workflow_says_its_own_repository(checkout: Path) -> None:
    environment = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "o/r"}
    assert asked(read(checkout), environment).repository == "https://github.example/o/r"


def test_a_token_in_the_remote_is_not_passed_on(checkout: Path) -> None:
    git(checkout, "remote", "set-url", "origin", "https://user:secret@example.org/o/r.git")
    assert asked(read(checkout)).repository == "https://example.org/o/r.git"


def test_what_a_job_could_not_see_is_said(checkout: Path, tmp_path: Path) -> None:
    path = checkout / "conf" / "registry.yaml"
    path.write_text(path.read_text() + "# changed\n")
    with pytest.raises(UsageError, match="changes that no commit holds"):
        asked(read(checkout))
    path.write_text("version: 1\nnamespace: org\nmodels: []\n")
    commit(checkout, "local")
    with pytest.raises(UsageError, match=r"is on this machine.*Storage Bucket, hf://buckets/NAMESPACE/NAME"):
        asked(read(checkout))
    git(checkout, "remote", "set-url", "origin", "/somewhere/local")
    with pytest.raises(UsageError, match="no https address"):
        asked(read(checkout))
    (tmp_path / "registry.yaml").write_text("version: 1\nmodels: []\n")
    with pytest.raises(UsageError, match="is in no git repository"):
        asked(registry.load(tmp_path / "registry.yaml"))


def test_a_registry_that_was_never_committed_is_said(checkout: Path) -> None:
    other = checkout / "other.yaml"
    other.write_text("version: 1\nnamespace: org\nstore: s3://bucket/store\nmodels: []\n")
    with pytest.raises(UsageError, match=r"other.yaml is in no git repository's commit"):
        asked(registry.load(other))


def test_a_commit_that_was_not_pushed_is_said_before_a_machine_is_paid_for(checkout: Path) -> None:
    path = checkout / "conf" / "registry.yaml"
    path.write_text(path.read_text() + "# changed\n")
    commit(checkout, "change", pushed=False)
    with pytest.raises(UsageError, match="git push it first"):
        asked(read(checkout))
    on_github = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "o/r"}
    assert asked(read(checkout), on_github).commit == git(checkout, "rev-parse", "HEAD")


def test_the_store_of_the_command_line_counts_and_shows_no_credentials(checkout: Path) -> None:
    with pytest.raises(UsageError, match=r"the store \S+ is on this machine"):
        asked(read(checkout), store="/somewhere/posts")
    with pytest.raises(UsageError, match="holds credentials") as raised:
        asked(read(checkout), store="s3://key:secret@bucket/x")
    assert "secret" not in str(raised.value)


def test_a_storage_bucket_is_a_store_that_both_ends_reach(checkout: Path) -> None:
    assert asked(read(checkout), store="hf://buckets/org/posts").extras == ("train",)


def test_files_and_bases_count_when_the_commit_holds_them(checkout: Path) -> None:
    conf = checkout / "conf"
    (conf / "posts.jsonl").write_text("{}\n")
    (conf / "tiny").mkdir()
    (conf / "tiny" / "config.json").write_text("{}")
    (conf / "tiny" / "model.safetensors").write_bytes(b"")
    (conf / "registry.yaml").write_text(
        "version: 1\nnamespace: org\nstore: s3://bucket/store\nmodels:\n"
        "  - {handles: [ada], source: jsonl, jsonl: posts.jsonl, base: ./tiny, consent: self, tracking: wandb}\n"
    )
    commit(checkout, "more")
    with pytest.raises(UsageError, match=r"ada is made of \S+posts.jsonl, which a job cannot read"):
        asked(read(checkout))
    git(checkout, "add", "conf/posts.jsonl")
    commit(checkout, "posts")
    with pytest.raises(UsageError, match=r"ada starts from \S+tiny, which a job cannot read"):
        asked(read(checkout))
    git(checkout, "add", "conf/tiny")
    commit(checkout, "base")
    assert asked(read(checkout)).extras == ("train", "s3", "wandb")


def installed_by(code: Code) -> list[str]:
    lines = script(code, []).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("python3 -m venv"))
    return lines[start + 1 : lines.index("status=0")]


def test_a_job_of_a_fleet_installs_the_bot_at_its_own_commit_and_clones_the_fleet(checkout: Path) -> None:
    code = asked(read(checkout))
    assert code.bot == BOT
    text = script(code, [])
    assert text.count("https://github.com/org/fleet.git") == 1
    assert installed_by(code)[0].endswith(f"fetch --quiet --depth 1 {BOT.address} {BOT.commit}")
    assert installed_by(code)[-1] == f"BOT_ORIGIN={BOT.address}@{BOT.commit} ../bot/.ci/install train s3"


def test_a_job_of_the_bots_own_repository_installs_the_bot_of_that_commit(checkout: Path) -> None:
    for name in (".ci/install", "bot/__main__.py"):
        (checkout / name).parent.mkdir()
        (checkout / name).touch()
    git(checkout, "add", ".")
    commit(checkout, "the bot")
    code = asked(read(checkout))
    assert code.bot is None
    assert installed_by(code) == [".ci/install train s3"]
    assert str(BOT.address) not in script(code, [])


def test_a_bot_of_no_known_commit_starts_no_job(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for found in (origin.UNKNOWN, origin.Origin(BOT.address, problem="the clone has changes")):
        monkeypatch.setattr(origin, "find", lambda found=found: found)
        with pytest.raises(UsageError, match=found.problem or "nobody recorded"):
            asked(read(checkout))


def test_a_token_for_the_repository_goes_to_its_own_host_alone(checkout: Path, tmp_path: Path) -> None:
    lines = script(asked(read(checkout)), []).splitlines()
    home = tmp_path / "home"
    home.mkdir()
    subprocess.run(
        ["bash", "-c", lines[1]],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "REPOSITORY_TOKEN": "t"},
        check=True,
    )
    written = (home / ".gitconfig").read_text()
    assert '[http "https://github.com/"]' in written
    assert "Authorization: Basic eC1hY2Nlc3MtdG9rZW46dA==" in written


def test_the_script_is_sound_shell_whatever_names_it_holds(checkout: Path) -> None:
    text = script(asked(read(checkout)), ["--only", HOSTILE])
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
    code = asked(read(checkout))
    lines = script(code, []).splitlines()
    start = next(index for index, line in enumerate(lines) if line == "status=0")
    many = "[" + ", ".join(f'"{number}"' for number in range(3000)) + "]"
    written = tmp_path / "given.json"
    written.write_text(many)
    body = "\n".join(["set -eu", "bot() { cp given.json outcomes.json; return 3; }", *lines[start:]])
    ran = subprocess.run(["bash", "-c", body], cwd=tmp_path, text=True, capture_output=True, check=False)
    assert ran.returncode == 3
    log = ran.stdout.splitlines()
    assert len(log) > 1
    assert max(map(len, log)) < 4100  # what takes logs in cuts longer lines
    assert outcomes_in(log) == many


def test_the_last_outcomes_of_a_log_count() -> None:
    first, second = printed("1"), printed("2" * 500)
    assert len(second) > 1 or len(second[0]) > 10
    assert outcomes_in(["x", *first, "y", *second, "z"]) == "2" * 500
    assert outcomes_in(["x", f" {MARKER}no"]) is None
    with pytest.raises(ValueError, match="damaged"):
        outcomes_in([f"{MARKER}no"])
