"""What the doctor asks GitHub: the schedule, and which branches may use an environment's secrets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from github_server import GitHubServer

from bot.cli.doctor import Finding, repository

SECRET = "ghs_doctorsecret"


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as running:
        yield running


def scheduled(github: GitHubServer, **more: str) -> list[Finding]:
    environment = {
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": "org/fleet",
        "GITHUB_TOKEN": SECRET,
        **more,
    }
    found = list(repository.examine(environment))
    assert SECRET not in "".join(finding.text for finding in found)
    return found


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("disabled_inactivity", "switched off by GitHub, after 60 days without a commit"),
        ("disabled_manually", "switched off (disabled_manually)"),
        ("something_new", "switched off (something_new)"),
    ],
)
def test_a_schedule_that_stopped_is_missing_and_how_to_start_it_is_said(
    github: GitHubServer, state: str, words: str
) -> None:
    github.schedule = state
    (finding,) = scheduled(github)
    assert finding.state == "missing"
    assert words in finding.text
    assert "gh workflow enable schedule.yml" in finding.text


def test_a_schedule_that_runs_is_fine_and_one_that_cannot_be_seen_unknown(github: GitHubServer) -> None:
    assert [finding.state for finding in scheduled(github)] == ["ok"]
    github.refuse["GET /actions"] = 404
    (finding,) = scheduled(github)
    assert finding.state == "warning"
    assert "actions: read" in finding.text
    assert [finding.state for finding in scheduled(github, GITHUB_REPOSITORY="org fleet")] == ["warning"]


def test_at_home_github_is_not_asked() -> None:
    assert list(repository.examine({})) == []


@pytest.mark.parametrize("name", ["hub", "takedown", "requests"])
def test_an_environment_that_main_alone_may_use_is_fine(github: GitHubServer, name: str) -> None:
    github.environments[name] = ["main"]
    assert [(one.what, one.state) for one in scheduled(github)[1:]] == [(f"environment {name}", "ok")]


@pytest.mark.parametrize(
    ("branches", "who"),
    [
        (None, "any branch may use"),
        ([], "branches that match a protection rule may use"),
        (["main", "release/*"], "branches that match main, release/* may use"),
    ],
)
def test_an_environment_that_other_branches_may_use_is_missing_its_rule(
    github: GitHubServer, branches: list[str] | None, who: str
) -> None:
    github.environments["takedown"] = branches
    (_, finding) = scheduled(github)
    assert finding.state == "missing"
    assert who in finding.text
    assert "Selected branches and tags, and add main alone" in finding.text


def test_an_environment_that_cannot_be_read_is_a_warning(github: GitHubServer) -> None:
    github.environments["hub"] = ["main"]
    github.refuse["GET /environments/hub"] = 403
    (_, finding) = scheduled(github)
    assert (finding.what, finding.state) == ("environment hub", "warning")
