from __future__ import annotations

from collections.abc import Iterator

import pytest
from github_server import GitHubServer

from bot.errors import UsageError
from bot.github.api import GitHub, GitHubError, from_environment
from bot.io.retry import RetryPolicy


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with GitHubServer({"registry.yaml": "version: 1\n"}) as running:
        yield running


@pytest.fixture
def github(server: GitHubServer) -> GitHub:
    return GitHub(server.url, "org/fleet", "the-token", policy=RetryPolicy(pause_s=0.001))


def test_one_comment_is_written_edited_and_left_alone(server: GitHubServer, github: GitHub) -> None:
    server.comments[5] = [{"id": 1, "body": "<!-- x --> a stranger's", "user": {"type": "User"}}]
    github.comment_once(5, "<!-- x -->", "<!-- x --> first")
    github.comment_once(5, "<!-- x -->", "<!-- x --> second")
    before = len(server.calls)
    github.comment_once(5, "<!-- x -->", "<!-- x --> second")
    assert [one["body"] for one in server.comments[5]] == ["<!-- x --> a stranger's", "<!-- x --> second"]
    assert server.calls[before:] == ["GET /issues/5/comments"]


def test_our_comment_is_found_behind_a_hundred_others(server: GitHubServer, github: GitHub) -> None:
    server.comments[5] = [{"id": n, "body": "chatter", "user": {"type": "User"}} for n in range(150)]
    github.comment_once(5, "<!-- x -->", "<!-- x --> first")
    github.comment_once(5, "<!-- x -->", "<!-- x --> second")
    assert len(server.comments[5]) == 151


def test_a_comment_is_never_longer_than_github_takes(server: GitHubServer, github: GitHub) -> None:
    github.comment_once(1, "<!-- x -->", "<!-- x -->" + "a" * 100_000)
    assert len(server.comments[1][0]["body"]) < 65_536


def test_a_branch_that_exists_is_put_back_to_main(server: GitHubServer, github: GitHub) -> None:
    server.branches["add/ada"] = {"registry.yaml": "old"}
    github.start_branch("add/ada", "main")
    text, blob = github.file("registry.yaml", "add/ada")
    assert text == "version: 1\n"
    github.commit_file("registry.yaml", "new", branch="add/ada", blob=blob, message="Add ada")
    assert server.branches == {"main": {"registry.yaml": "version: 1\n"}, "add/ada": {"registry.yaml": "new"}}


def test_a_branch_has_one_open_pull_request(server: GitHubServer, github: GitHub) -> None:
    first = github.propose(branch="add/ada", base="main", title="Add ada", body="one")
    second = github.propose(branch="add/ada", base="main", title="Add ada", body="two")
    assert first == second
    assert [pull["body"] for pull in server.pulls] == ["two"]


def test_a_commit_on_a_branch_that_moved_is_a_conflict(github: GitHub) -> None:
    with pytest.raises(GitHubError, match="the branch moved") as caught:
        github.commit_file("registry.yaml", "new", branch="main", blob="0" * 40, message="x")
    assert caught.value.status == 409


def test_a_refusal_names_the_permission_and_never_the_token(server: GitHubServer, github: GitHub) -> None:
    server.refuse["POST /issues"] = 403
    with pytest.raises(GitHubError, match="issues: write") as caught:
        github.create_issue("t", "b", "fleet")
    assert "the-token" not in f"{caught.value}{github}"


@pytest.mark.parametrize("status", [500, 502, 503])
def test_github_being_unwell_is_tried_again_where_that_is_safe(
    server: GitHubServer, github: GitHub, status: int
) -> None:
    server.refuse["GET "] = status
    assert github.default_branch() == "main"
    server.refuse["POST /issues"] = status
    with pytest.raises(GitHubError):
        github.create_issue("t", "b", "fleet")
    assert server.calls.count("POST /issues") == 1


def test_a_rate_limit_is_waited_for(server: GitHubServer) -> None:
    slept: list[float] = []
    policy = RetryPolicy(sleep=slept.append)
    server.refuse["POST /issues"] = 429
    assert GitHub(server.url, "org/fleet", "t", policy=policy).create_issue("t", "b", "fleet") > 0
    assert slept == [30.0]


def test_nobody_at_home_is_a_sentence() -> None:
    with pytest.raises(GitHubError, match="could not be reached") as caught:
        GitHub("http://127.0.0.1:9", "org/fleet", "t", policy=RetryPolicy(pause_s=0.001)).default_branch()
    assert caught.value.status == 0


def test_issues_are_found_by_label_without_pull_requests(server: GitHubServer, github: GitHub) -> None:
    server.issues = [
        {"number": 1, "labels": ["fleet"], "state": "open"},
        {"number": 2, "labels": ["fleet"], "state": "open", "pull_request": {}},
        {"number": 3, "labels": ["other"], "state": "open"},
    ]
    assert [issue["number"] for issue in github.issues("fleet")] == [1]


def test_it_takes_a_workflow_and_its_token() -> None:
    with pytest.raises(UsageError, match="GITHUB_TOKEN"):
        from_environment({"GITHUB_REPOSITORY": "org/fleet", "GITHUB_TOKEN": ""})
    with pytest.raises(UsageError, match="GITHUB_TOKEN"):
        from_environment({"GITHUB_REPOSITORY": "org/fleet/../../x", "GITHUB_TOKEN": "t"})
    assert (
        from_environment({"GITHUB_REPOSITORY": "org/fleet", "GITHUB_TOKEN": "t"}).url
        == "https://api.github.com"
    )
