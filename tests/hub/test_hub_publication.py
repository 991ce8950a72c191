"""One publication is one commit: in few calls, big files once, and in every doubt the history is read."""

from __future__ import annotations

import time

import pytest
from hub_runs import QUICK, hub_at
from hub_server import HubServer
from hub_versions import card, files, manifest

from bot.errors import ConflictError, CredentialsError, HubError
from bot.hub.huggingface import HuggingFaceHub
from bot.io.retry import RetryPolicy

pytest_plugins = ["hub_fixtures"]


def test_one_publication_is_one_commit_in_few_calls(server: HubServer, online: HuggingFaceHub) -> None:
    first = online.publish("ada", files("1"), parent=None, message="1")
    assert [f"{call.method} {call.path.rsplit('/', 1)[-1]}" for call in server.calls] == [
        "POST create",
        "GET ada",
        "POST validate-yaml",
        "POST main",
        "POST batch",
        f"PUT {server.store.repos['tester/ada'].head.tree['model.safetensors'].oid}",
        "POST verify",
        "POST main",
    ]
    server.clear()
    online.publish("ada", files("2"), parent=first, message="2")
    assert server.count("repos/create") == 0
    assert server.titles("tester/ada") == ["1", "2"]


def test_big_files_go_up_once(server: HubServer, online: HuggingFaceHub) -> None:
    first = online.publish("ada", files("1"), parent=None, message="1")
    assert server.count("/_lfs/", "PUT") == 1
    second = {**files("2"), "model.safetensors": files("1")["model.safetensors"]}
    online.publish("ada", second, parent=first, message="2")
    assert server.count("/_lfs/", "PUT") == 1
    assert server.files("tester/ada") == second


def test_a_run_that_is_tried_again_does_not_upload_again(server: HubServer, online: HuggingFaceHub) -> None:
    server.fault(path="/commit/", status=503, times=2)
    online.publish("ada", files("1"), parent=None, message="1")
    assert server.count("/_lfs/", "PUT") == 1
    assert server.count("/commit/") == 3


def test_an_empty_repo_left_by_a_crash_is_listed_as_empty_and_adopted(
    server: HubServer, online: HuggingFaceHub
) -> None:
    server.store.add("tester/ada")
    repo = online.listing().repos["ada"]
    assert (repo.head, repo.published, repo.problem) == (None, None, None)
    online.publish("ada", files("1"), parent=None, message="1")
    assert server.titles("tester/ada") == ["1"]


def test_a_repo_that_came_into_use_meanwhile_is_never_adopted(
    server: HubServer, online: HuggingFaceHub
) -> None:
    server.store.add("tester/ada", {"theirs.txt": b"x"})
    with pytest.raises(ConflictError, match="exists already"):
        online.publish("ada", files("1"), parent=None, message="1")
    assert server.files("tester/ada") == {"theirs.txt": b"x"}


def test_a_repo_renamed_on_the_hub_is_not_published_to_by_its_old_name(
    server: HubServer, online: HuggingFaceHub
) -> None:
    server.store.add("tester/ada")
    server.store.rename("tester/ada", "tester/other")
    server.fault(path="repos/create", status=409)
    with pytest.raises(HubError, match="renamed to tester/other"):
        online.publish("ada", files("1"), parent=None, message="1")
    assert server.titles("tester/other") == []


def test_the_winner_is_named(server: HubServer, online: HuggingFaceHub) -> None:
    first = online.publish("ada", files("1"), parent=None, message="1")
    repo = server.store.repos["tester/ada"]
    theirs = repo.commit(
        {**repo.head.tree, "notes.txt": repo.head.tree["config.json"]}, "Fix a typo", "grace"
    ).sha
    with pytest.raises(ConflictError, match=f"grace committed {theirs[:8]} .'Fix a typo'"):
        online.publish("ada", files("2"), parent=first, message="2")


def test_our_lost_commit_is_found_under_somebody_elses_later_one(
    server: HubServer, online: HuggingFaceHub
) -> None:
    first = online.publish("ada", files("1"), parent=None, message="1")
    repo = server.store.repos["tester/ada"]
    server.fault(
        path="/commit/",
        cut="after",
        landed=True,
        hook=lambda: repo.commit(
            {**repo.head.tree, "README.md": repo.commits[0].tree[".gitattributes"]}, "t", "g"
        ),
    )
    commit = online.publish("ada", files("2"), parent=first, message="2")
    assert [c.title for c in repo.commits[1:]] == ["1", "2", "t"]
    assert commit == repo.commits[-2].sha


def test_a_commit_of_somebody_else_that_keeps_our_manifest_is_no_proof_of_ours(
    server: HubServer, online: HuggingFaceHub
) -> None:
    first = online.publish("ada", files("1"), parent=None, message="1")
    server.store.add("tester/ada", {"README.md": card(body="edited by hand")})
    with pytest.raises(ConflictError, match="setup committed"):
        online.publish("ada", {**files("1"), "README.md": card(body="new")}, parent=first, message="card")
    assert server.files("tester/ada")["README.md"] == card(body="edited by hand")


def test_when_the_hub_stays_down_after_a_commit_the_doubt_is_said(
    server: HubServer, online: HuggingFaceHub
) -> None:
    server.fault(path="/commit/", landed=True, status=500)
    server.fault(path="/commits/", status=503, times=-1)
    with pytest.raises(HubError, match="whether the commit landed could not be read either") as raised:
        online.publish("ada", files("1"), parent=None, message="1")
    assert raised.value.transient
    assert server.titles("tester/ada") == ["1"]
    assert server.count("/commit/") == 1


def test_ignore_rules_that_somebody_added_on_the_hub_keep_nothing_of_ours_out(
    server: HubServer, online: HuggingFaceHub
) -> None:
    online.publish("ada", files("1"), parent=None, message="1")
    head = server.store.add("tester/ada", {".gitignore": b"*.json\nassets/\n"})
    online.publish("ada", files("2"), parent=head, message="2")
    assert server.files("tester/ada") == files("2") | {".gitignore": b"*.json\nassets/\n"}


def test_a_card_that_the_hub_refuses_is_an_error_before_anything_goes_up(
    server: HubServer, online: HuggingFaceHub
) -> None:
    with pytest.raises(HubError, match=r"Invalid metadata in README\.md.*tags") as raised:
        online.publish("ada", {**files(), "README.md": card(tags="no list")}, parent=None, message="1")
    assert not raised.value.transient
    assert server.count("/_lfs/") == 0


def test_creating_is_not_repeated_without_end_while_the_hub_is_busy(
    server: HubServer, online: HuggingFaceHub
) -> None:
    busy = '{"error": "Cannot create repo: another conflicting operation is in progress"}'
    server.fault(path="repos/create", status=409, body=busy, times=2)
    online.publish("ada", files("1"), parent=None, message="1")
    assert server.count("repos/create") == 3


def test_a_slow_answer_ends_at_the_limit(server: HubServer) -> None:
    hasty = RetryPolicy(connect_s=1, read_s=0.1, tries=2, pause_s=0.005, wait_s=5)
    server.fault(path="/commit/", delay_s=0.5)
    commit = hub_at(server, policy=hasty).publish("ada", files("1"), parent=None, message="1")
    time.sleep(0.5)  # the slow request is carried out now, on a parent that has moved
    assert server.titles("tester/ada") == ["1"]
    assert server.store.repos["tester/ada"].head.sha == commit
    assert server.files("tester/ada")["bot.json"] == manifest("1")


def test_without_a_token_nothing_is_sent(server: HubServer) -> None:
    with pytest.raises(CredentialsError, match="needs a token"):
        hub_at(server, token=None, policy=QUICK).publish("ada", files(), parent=None, message="1")
    assert server.calls == []
