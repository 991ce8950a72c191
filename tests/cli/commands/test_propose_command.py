"""`bot propose` as the workflow runs it, on a GitHub on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from github_server import GitHubServer

from bot.__main__ import main

REGISTRY = """\
version: 1
namespace: org
contact: https://example.org/removal
models:
  # Ada came first.
  - handles: [ada_example]
    consent: self
x: {terms_acknowledged: true}
"""
Propose = Callable[..., int]


@pytest.fixture
def github() -> Iterator[GitHubServer]:
    with GitHubServer({"registry.yaml": REGISTRY}) as running:
        yield running


@pytest.fixture
def propose(github: GitHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Propose:
    """Runs the workflow's step for an issue that asks for these handles; returns the exit code."""
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(tmp_path),
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_TOKEN": "t",
        "GITHUB_REPOSITORY": "org/fleet",
        "GITHUB_API_URL": github.url,
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "registry.yaml").write_text(REGISTRY)

    def run(
        handles: str, consent: str = "self", *, issue: int = 7, network: str = "x", state: str = "open"
    ) -> int:
        body = f"### Handles\n\n{handles}\n\n### Network\n\n{network}\n\n### Consent\n\n{consent}\n"
        event = {"issue": {"number": issue, "state": state, "title": "$(id)", "body": body}}
        (tmp_path / "event.json").write_text(json.dumps(event))
        return main(["propose", "--registry", str(tmp_path / "registry.yaml")])

    return run


def on_branch(github: GitHubServer, issue: int = 7) -> str:
    return github.branches[f"add-handle/{issue}"]["registry.yaml"]


def test_a_form_becomes_a_pull_request_and_an_answer(github: GitHubServer, propose: Propose) -> None:
    assert propose("@Bob_Example") == 0
    (pull,) = github.pulls
    assert pull["title"] == "Add bob_example"
    assert "Closes #7" in pull["body"]
    assert "7" in pull["head"]["ref"]
    new = github.branches[pull["head"]["ref"]]["registry.yaml"]
    assert "bob_example" in new
    assert "# Ada came first." in new
    assert github.branches["main"]["registry.yaml"] == REGISTRY
    (answer,) = github.comments[7]
    assert pull["html_url"] in answer["body"]


def test_what_is_wrong_is_answered_and_an_edit_is_read_again(github: GitHubServer, propose: Propose) -> None:
    assert propose("ada_example") == 0
    assert "already listed" in github.comments[7][0]["body"]
    assert github.pulls == []
    assert propose("bob_example and") == 0
    assert "One question" in github.comments[7][0]["body"]
    assert github.pulls == []
    assert propose("bob_example") == 0
    assert propose("bob_example") == 0
    (answer,) = github.comments[7]
    assert "proposed in" in answer["body"]
    assert len(github.pulls) == 1
    assert len(github.branches) == 2
    assert len(github.messages) == 1


def test_a_closed_issue_is_left_alone(github: GitHubServer, propose: Propose) -> None:
    assert propose("bob_example", state="closed") == 0
    assert github.calls == []


def test_a_second_issue_for_the_same_people_changes_nothing_and_says_what_differs(
    github: GitHubServer, propose: Propose
) -> None:
    assert propose("bob_example cleo_example", "https://example.org/agreed", issue=5) == 0
    (pull,) = github.pulls
    before, body = on_branch(github, 5), pull["body"]
    assert propose("@Cleo_Example, bob_example", "Self", issue=6) == 0
    assert (on_branch(github, 5), pull["body"]) == (before, body)
    assert len(github.pulls) == 1
    assert set(github.branches) == {"main", "add-handle/5"}
    (answer,) = github.comments[6]
    assert pull["html_url"] in answer["body"]
    for text in (answer["body"], github.comments[pull["number"]][0]["body"]):
        assert "> [!CAUTION]" in text
        assert (
            "CONSENT: proposed with `https://example.org/agreed`; the issue says the account's owner" in text
        )
    assert not any(call.startswith(("PUT", "PATCH")) for call in github.calls[-12:])


def test_a_second_issue_that_asks_the_same_is_pointed_to_the_first(
    github: GitHubServer, propose: Propose
) -> None:
    assert propose("bob_example", issue=5) == 0
    assert propose("bob_example", issue=6) == 0
    assert "already, as another issue asked" in github.comments[6][0]["body"]
    assert "CAUTION" not in github.comments[6][0]["body"]
    assert github.pulls[0]["number"] not in github.comments


def test_a_second_issue_for_others_has_a_pull_request_of_its_own(
    github: GitHubServer, propose: Propose
) -> None:
    assert propose("bob_example", issue=5) == 0
    assert propose("bob_example cleo_example", issue=6) == 0
    assert [pull["head"]["ref"] for pull in github.pulls] == ["add-handle/5", "add-handle/6"]


def test_an_edit_updates_its_own_pull_request_and_says_what_it_changed(
    github: GitHubServer, propose: Propose
) -> None:
    assert propose("bob_example", "https://example.org/agreed") == 0
    assert propose("bob_example", "self") == 0
    (pull,) = github.pulls
    assert "consent: self" in on_branch(github)
    assert pull["body"].startswith("> [!CAUTION]")
    for text in (pull["body"], github.comments[7][0]["body"], github.comments[pull["number"]][0]["body"]):
        assert "CONSENT: proposed with `https://example.org/agreed`" in text
    body = pull["body"]
    assert propose("bob_example", "self") == 0  # edited again, to no effect: what was said stays said
    assert pull["body"] == body
    assert propose("cleo_example", "self") == 0
    assert pull["title"] == "Add cleo_example"
    assert "bob_example" not in on_branch(github)
    assert len(github.pulls) == 1


@pytest.mark.parametrize("edited", ["bob_example", "bob_example cleo_example"])
def test_what_somebody_else_committed_is_never_lost(
    github: GitHubServer, propose: Propose, edited: str
) -> None:
    assert propose("bob_example", "https://example.org/agreed") == 0
    text = on_branch(github).replace("- handles: [bob_example]", "- handles: [bob_example]\n    max_age: 30d")
    github.push("add-handle/7", "registry.yaml", text)
    assert propose(edited, "self") == 0
    assert on_branch(github) == text
    (pull,) = github.pulls
    assert "Somebody worked on" in github.comments[7][0]["body"]
    assert "CONSENT: proposed with" in github.comments[7][0]["body"]
    assert "CONSENT: proposed with" in github.comments[pull["number"]][0]["body"]


def test_another_file_on_its_branch_is_somebody_elses_work_too(
    github: GitHubServer, propose: Propose
) -> None:
    assert propose("bob_example") == 0
    github.push("add-handle/7", "templates/model_card.md.j2", "# x")
    assert propose("cleo_example") == 0
    assert "templates/model_card.md.j2" in github.branches["add-handle/7"]
    del github.branches["add-handle/7"]["registry.yaml"]
    assert propose("cleo_example") == 0
    assert propose("dan_example", issue=8) == 0
    assert [pull["title"] for pull in github.pulls] == ["Add bob_example", "Add dan_example"]


def test_a_run_that_was_killed_before_its_commit_is_made_up_for(
    github: GitHubServer, propose: Propose
) -> None:
    github.refuse["PUT /contents"] = 409
    assert propose("bob_example") == 1
    assert "add-handle/7" in github.branches
    assert propose("bob_example") == 0
    assert len(github.pulls) == 1


def test_main_moved_on_and_the_edit_is_made_of_what_is_there_now(
    github: GitHubServer, propose: Propose
) -> None:
    assert propose("bob_example", "https://example.org/agreed") == 0
    github.branches["main"]["registry.yaml"] = REGISTRY.replace("ada_example", "eve_example")
    assert propose("bob_example", "self") == 0
    assert "eve_example" in on_branch(github)
    assert "CONSENT: proposed with `https://example.org/agreed`" in github.pulls[0]["body"]


def test_a_branch_of_a_fork_is_nobodys_request(github: GitHubServer, propose: Propose) -> None:
    head = {"ref": "add-handle/5", "repo": {"full_name": "stranger/fleet"}}
    github.pulls.append({"number": 99, "state": "open", "head": head, "html_url": "https://evil.example"})
    assert propose("bob_example") == 0
    assert "evil" not in github.comments[7][0]["body"]
    assert len(github.pulls) == 2


@pytest.mark.parametrize(("app", "says"), [("false", True), ("true", False), ("", True)])
def test_where_no_app_starts_the_check_both_texts_say_close_and_reopen(
    github: GitHubServer, propose: Propose, monkeypatch: pytest.MonkeyPatch, app: str, says: bool
) -> None:
    monkeypatch.setenv("BOT_PROPOSE_APP", app)
    assert propose("@Bob_Example") == 0
    texts = (github.pulls[0]["body"], github.comments[7][0]["body"])
    assert [("Close the pull request and reopen it" in text) for text in texts] == [says, says]
