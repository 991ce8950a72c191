"""`bot init --github` and `bot doctor --github` on a GitHub on loopback, with a `gh` that reaches it."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from gh import install
from github_server import GitHubServer

from bot.__main__ import main
from bot.cli import doctor
from bot.github import setup
from bot.github.api import GitHub
from bot.github.setup import USER_ID, Wanted

SECRET = "hf_value_that_no_line_shows"
REGISTRY = """\
version: 1
namespace: org
contact: https://example.org/removal
store: hf://buckets/org/posts
x: {terms_acknowledged: true}
models:
  - {handles: [ada_example], source: x, consent: self}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with a registry, the current folder."""
    folder = tmp_path / "fleet"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "registry.yaml").write_text(REGISTRY)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], check=True)
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "GITHUB_REPOSITORY", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def github(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    """A GitHub without the repository."""
    with GitHubServer() as running:
        running.settings.exists = False
        monkeypatch.setenv("GITHUB_API_URL", running.url)
        monkeypatch.setattr("bot.cli.github_setup._ask", lambda _: SECRET)
        yield running


@pytest.fixture
def log(tmp_path: Path, github: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    return install(tmp_path / "bin", monkeypatch).with_suffix(".log")


RUN = ("init", "--github", "org/fleet", "--run", "--public", "--gpu-runner", "gpu")


WANTED = Wanted("org/fleet", paid=True, runner="gpu")


def ready(github: GitHubServer) -> None:
    """Sets everything up, without a call."""
    made = github.settings
    made.exists = True
    made.branches.update(hub=["main"], takedown=["main"])
    made.reviewers["takedown"] = [42]
    made.secrets.update(hub=["HF_TOKEN", "X_BEARER_TOKEN"], takedown=["HF_TOKEN"])
    made.labels += ["add-handle", "fleet"]
    made.variables["GPU_RUNNER"] = "gpu"
    made.pages = {"build_type": "workflow"}
    made.workflow_permissions["can_approve_pull_request_reviews"] = True
    (ruleset,) = (each for each in setup.settings(WANTED) if each.what == "ruleset for main")
    made.rulesets.append(json.loads(ruleset.calls[0].body))


def findings(github: GitHubServer) -> dict[str, tuple[str, str]]:
    """What the doctor finds about the repository, by what it is about."""
    found = doctor.examine_settings(WANTED, GitHub(github.url, "org/fleet", "t"))
    return {one.what: (one.state, one.text) for one in found}


def test_without_run_the_calls_are_printed_and_nothing_is_needed_or_done(
    github: GitHubServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["init", "--github", "org/fleet", "--reviewer", "maintainer"]) == 0
    out = capsys.readouterr().out
    assert github.calls == []
    calls = [line for line in out.splitlines() if not line.startswith("#")]
    assert all(line.startswith(("gh ", "hf ", "echo ")) for line in calls)
    for part in (
        "gh repo create org/fleet --private --source . --push",
        "gh secret set HF_TOKEN --env hub --repo org/fleet  # asks for HF_TOKEN",
        "gh secret set X_BEARER_TOKEN --env hub",
        "hf buckets create org/posts --private",
        "repos/org/fleet/rulesets",
        "repos/org/fleet/pages",
        "$(gh api users/maintainer --jq .id)",
        "gh label create fleet",
    ):
        assert part in out


def test_what_a_shell_makes_of_each_printed_call_is_the_call(tmp_path: Path) -> None:
    for setting in setup.settings(Wanted("org/fleet", reviewers=("maintainer",), runner='it\'s "$HOME"')):
        for call in (call for call in setting.calls if call.body):
            line, _, words = str(call).rpartition(" | ")
            assert tuple(shlex.split(words)) == call.words
            script = f"gh() {{ echo 42; }}; {line}"
            said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
            assert json.loads(said) == json.loads(USER_ID.sub("42", call.body))


def test_with_run_everything_is_set_up_verified_and_left_alone_the_second_time(
    github: GitHubServer, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(RUN)) == 0
    made = github.settings
    assert made.branches == {"hub": ["main"], "takedown": ["main"]}
    assert made.reviewers == {"hub": [], "takedown": [42]}
    assert made.secrets == {"hub": ["HF_TOKEN", "X_BEARER_TOKEN"], "takedown": ["HF_TOKEN"]}
    assert made.labels == ["add-handle", "fleet"]
    assert made.variables == {"GPU_RUNNER": "gpu"}
    assert made.pages == {"build_type": "workflow"}
    assert made.workflow_permissions["can_approve_pull_request_reviews"] is True
    (ruleset,) = made.rulesets
    assert {"type": "pull_request"}.items() <= ruleset["rules"][2].items()
    assert SECRET not in log.read_text() + "".join(capsys.readouterr())
    assert {state for state, _ in findings(github).values()} == {"ok"}
    log.write_text("")
    assert main(list(RUN)) == 0
    again = [line for line in log.read_text().splitlines() if not line.startswith("gh auth")]
    assert again == ["hf buckets create org/posts --private --exist-ok"]
    assert len(github.settings.rulesets) == 1


@pytest.mark.parametrize("refused", ["POST /rulesets", "PUT /environments/takedown"])
def test_one_call_that_fails_stops_no_other_and_the_next_run_makes_it(
    github: GitHubServer, log: Path, capsys: pytest.CaptureFixture[str], refused: str
) -> None:
    github.refuse[refused] = 403
    assert main(list(RUN)) == 1
    out = capsys.readouterr().out
    assert "failed" in out
    assert github.settings.pages is not None


@pytest.mark.parametrize(
    ("what", "spoil"),
    [
        ("environment hub", lambda made: made.branches.pop("hub")),
        ("environment hub", lambda made: made.branches.update(hub=None)),
        ("environment hub", lambda made: made.branches.update(hub=["main", "x/*"])),
        ("environment takedown", lambda made: made.reviewers.pop("takedown")),
        ("secret HF_TOKEN of takedown", lambda made: made.secrets.pop("takedown")),
        ("secret X_BEARER_TOKEN of hub", lambda made: made.secrets["hub"].remove("X_BEARER_TOKEN")),
        ("label fleet", lambda made: made.labels.remove("fleet")),
        ("permissions of workflows", lambda made: made.workflow_permissions.clear()),
        ("ruleset for main", lambda made: made.rulesets.clear()),
        ("ruleset for main", lambda made: made.rulesets[0]["rules"].pop()),
        ("Pages", lambda made: setattr(made, "pages", None)),
        ("Pages", lambda made: made.pages.update(build_type="legacy")),
    ],
)
def test_the_doctor_names_each_setting_that_is_missing_with_its_call(
    github: GitHubServer, what: str, spoil: object
) -> None:
    ready(github)
    spoil(github.settings)  # type: ignore[operator]
    found = findings(github)
    missing = {name for name, (state, _) in found.items() if state == "missing"}
    assert what in missing
    assert missing - {what} <= {"secret HF_TOKEN of hub", "secret X_BEARER_TOKEN of hub"}
    assert "; run: " in found[what][1]
    assert "gh " in found[what][1]


def test_a_repository_that_is_not_there_is_one_finding(github: GitHubServer) -> None:
    assert {name: state for name, (state, _) in findings(github).items()} == {
        "repository org/fleet": "missing"
    }


def test_what_a_token_may_not_see_is_a_warning(github: GitHubServer) -> None:
    ready(github)
    github.refuse["GET /environments/hub/secrets"] = 403
    state, text = findings(github)["secret HF_TOKEN of hub"]
    assert state == "warning"
    assert "environments: read" in text


def test_an_answer_of_another_form_is_a_warning(github: GitHubServer) -> None:
    ready(github)
    github.settings.rulesets = [{"rules": [{"x": 1}]}]
    assert findings(github)["ruleset for main"][0] == "warning"


@pytest.mark.parametrize(("gh", "code"), [("missing", 2), ("logged out", 5)])
def test_gh_that_is_missing_or_logged_out_is_said_and_nothing_is_done(
    github: GitHubServer,
    log: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    gh: str,
    code: int,
) -> None:
    if gh == "missing":
        monkeypatch.setenv("PATH", "/nowhere")
    else:
        monkeypatch.setenv("GH_LOGGED_OUT", "1")
    capsys.readouterr()
    assert main(list(RUN)) == code
    assert "gh auth login" in capsys.readouterr().err
    assert github.calls == []
    # The doctor says the same, beside all else.
    main(["doctor", "--hub", "dir:hub", "--store", "file://store", "--json", "--github", "org/fleet"])
    found = json.loads(capsys.readouterr().out)["findings"]
    (finding,) = (one for one in found if one["what"] == "github")
    assert finding["state"] == "missing"
    assert "gh auth login" in finding["text"]


def test_without_a_terminal_no_secret_is_asked_for_and_the_rest_is_set_up(
    github: GitHubServer, log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.cli.github_setup._ask", lambda _: "")
    assert main(list(RUN)) == 1
    assert "no value was given for HF_TOKEN" in " ".join(capsys.readouterr().out.split())
    assert github.settings.pages is not None
    assert github.settings.secrets == {}


def test_a_folder_without_a_commit_is_not_pushed(
    github: GitHubServer, log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "registry.yaml").write_text(REGISTRY)
    monkeypatch.chdir(bare)
    assert main(list(RUN)) == 1
    assert not github.settings.exists


@pytest.mark.parametrize(
    "flags",
    [
        ["--github", "fleet"],
        ["--github", "org/fleet;rm"],
        ["--github", "--run"],
        ["--github", "org/fleet", "--reviewer", "$(id)"],
        [],
    ],
)
def test_what_is_no_repository_or_login_is_a_usage_error(folder: Path, flags: list[str]) -> None:
    assert main(["init", *flags]) == 2


@pytest.mark.parametrize(
    "remote", ["https://github.com/org/fleet.git", "git@github.com:org/fleet", "https://github.com/org/fleet"]
)
def test_the_doctor_takes_the_repository_that_the_folder_was_cloned_from(
    github: GitHubServer, log: Path, capsys: pytest.CaptureFixture[str], remote: str
) -> None:
    subprocess.run(["git", "remote", "add", "origin", remote], check=True)
    capsys.readouterr()
    main(["doctor", "--hub", "dir:hub", "--store", "file://store", "--json", "--github"])
    found = {one["what"] for one in json.loads(capsys.readouterr().out)["findings"]}
    assert "repository org/fleet" in found
    subprocess.run(["git", "remote", "remove", "origin"], check=True)
    assert main(["doctor", "--hub", "dir:hub", "--store", "file://store", "--github"]) == 2
