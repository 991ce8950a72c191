"""Publication over a bad line: whatever is cut, refused or killed at whichever request, exactly one commit results."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hub_runs import QUICK, hub_at, publish_alone
from hub_server import HubServer
from hub_versions import card, files, manifest

from bot.errors import ConflictError, CredentialsError, HubError
from bot.hub.client import Pace
from bot.hub.huggingface import HuggingFaceHub

pytest_plugins = ["hub_fixtures"]

CUTS: list[dict[str, Any]] = [{"cut": cut} for cut in ("before", "within", "after", "answer")]
PASSING: list[dict[str, Any]] = [
    *CUTS,
    *({"status": status} for status in (408, 500, 503, 504)),
    *({"status": status, "landed": True} for status in (500, 503)),
    {
        "status": 502,
        "body": "<html><h1>502 Bad Gateway</h1></html>",
        "headers": {"Content-Type": "text/html"},
    },
    {"status": 429},
    {"status": 429, "headers": {"Retry-After": "1"}},
    {
        "status": 429,
        "headers": {"RateLimit": '"api";r=0;t=1', "RateLimit-Policy": '"fixed window";"api";q=5;w=9'},
    },
]
LASTING: list[dict[str, Any]] = [
    *CUTS[:2],
    *({"status": status} for status in (400, 401, 403, 404, 409, 412, 413, 429, 500, 503)),
    {"status": 409, "body": '{"error": "Cannot create repo: another conflicting operation is in progress"}'},
    {"status": 200, "body": "<html>maintenance</html>"},
    {"status": 200, "body": "[]"},
]


def named(fault: dict[str, Any]) -> str:
    """What a fault is called in the names of tests."""
    extra = "-landed" if fault.get("landed") else "-header" if fault.get("headers") else ""
    return f"{fault.get('cut') or fault['status']}{extra}"


@pytest.fixture
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sleep lasts longer than a blink: the client library's own retries of uploads wait for seconds."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.005)))


@pytest.fixture(params=["create", "update"])
def start(
    request: pytest.FixtureRequest, server: HubServer, online: HuggingFaceHub
) -> Callable[[str], str | None]:
    """Puts what a publication starts from under a name, and returns the parent: nothing, or version 1."""

    def prepare(name: str) -> str | None:
        if request.param == "create":
            return None
        return server.store.add(
            f"tester/{name}", {k: v for k, v in files("1").items() if isinstance(v, bytes)}
        )

    return prepare


def requests_of_a_publication(server: HubServer, online: HuggingFaceHub, parent: str | None) -> int:
    """How many requests one takes when nothing goes wrong."""
    server.clear()
    online.publish("clean", files("2"), parent=parent, message="2")
    return len(server.calls)


def publishes_once(server: HubServer, name: str, parent: str | None) -> bool:
    """Whether the repo holds version 2, whole, by one commit of ours."""
    titles = server.titles(f"tester/{name}")
    return server.files(f"tester/{name}") == files("2") and titles == ["setup"] * (parent is not None) + ["2"]


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("fault", PASSING, ids=named)
def test_a_fault_that_passes_is_survived_at_every_request(
    server: HubServer, online: HuggingFaceHub, start: Callable[[str], str | None], fault: dict[str, Any]
) -> None:
    points = requests_of_a_publication(server, online, start("clean"))
    assert points >= 7
    for point in range(points):
        name = f"ada{point}"
        parent = start(name)
        server.clear()
        server.fault(skip=point, **fault)
        commit = online.publish(name, files("2"), parent=parent, message="2")
        assert publishes_once(server, name, parent), (point, server.calls)
        assert commit == server.store.repos[f"tester/{name}"].head.sha
        assert len(server.calls) <= points + 7, (point, server.calls)


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("fault", LASTING, ids=named)
def test_a_fault_that_lasts_is_one_error_after_few_calls_and_the_next_run_publishes(
    server: HubServer, online: HuggingFaceHub, start: Callable[[str], str | None], fault: dict[str, Any]
) -> None:
    points = requests_of_a_publication(server, online, start("clean"))
    for point in range(points):
        name = f"ada{point}"
        parent = start(name)
        server.clear()
        server.fault(skip=point, times=-1, **fault)
        with pytest.raises((HubError, CredentialsError)) as raised:
            online.publish(name, files("2"), parent=parent, message="2")
        assert f"tester/{name}" in str(raised.value)
        assert len(server.calls) <= points + 12, (point, server.calls)
        server.clear()
        repo = online.listing().repos.get(name)
        online.publish(name, files("2"), parent=repo.head if repo else None, message="2")
        assert publishes_once(server, name, parent), (point, fault)


@pytest.mark.parametrize("header", [{"Retry-After": "3600"}, {"RateLimit": '"api";r=0;t=3600'}], ids=str)
def test_a_rate_limit_an_hour_away_defers_at_once_at_every_request(
    server: HubServer, online: HuggingFaceHub, start: Callable[[str], str | None], header: dict[str, str]
) -> None:
    points = requests_of_a_publication(server, online, start("clean"))
    for point in range(points):
        parent = start(f"ada{point}")
        server.clear()
        server.fault(skip=point, times=-1, status=429, headers=header)
        began = time.monotonic()
        with pytest.raises(HubError, match=r"makes sense again from 20\d\d-") as raised:
            online.publish(f"ada{point}", files("2"), parent=parent, message="2")
        assert time.monotonic() - began < 1
        assert raised.value.transient
        assert raised.value.retry_at is not None
        assert timedelta(minutes=59) < raised.value.retry_at - datetime.now(UTC) < timedelta(minutes=61)
        assert server.count() <= point + 3


def test_several_big_files_defer_at_once_as_well(server: HubServer, online: HuggingFaceHub) -> None:
    server.fault(path="/_lfs/", times=-1, status=429, headers={"Retry-After": "3600"})
    several = files("1", runs__tfevents=b"\0events", more__safetensors=b"\0more")
    began = time.monotonic()
    with pytest.raises(HubError) as raised:
        online.publish("ada", several, parent=None, message="1")
    assert time.monotonic() - began < 2
    assert raised.value.retry_at is not None


def killed_at_every_request(
    server: HubServer, start: Callable[[str], str | None], landed: bool
) -> Iterator[str]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "bot.hub.folder", "bot.hub.huggingface"])
    for point in range(100):
        name = f"ada{point}"
        parent = start(name)
        server.clear()
        run = context.Process(target=publish_alone, args=(server.url, name, "2", parent))
        server.fault(skip=point, hook=run.kill, landed=landed)
        run.start()
        run.join(30)
        code = run.exitcode
        run.close()
        if code == 0:
            return
        assert code == -9
        yield name
        server.clear()
        repo = hub_at(server).listing().repos.get(name)
        assert parent is None or server.files(f"tester/{name}") in (files("1"), files("2"))
        hub_at(server).publish(name, files("2"), parent=repo.head if repo else None, message="2")
        assert publishes_once(server, name, parent)


@pytest.mark.parametrize("landed", [False, True], ids=["before", "after"])
def test_a_run_killed_at_any_request_leaves_what_the_next_one_completes(
    server: HubServer, start: Callable[[str], str | None], landed: bool
) -> None:
    assert len(list(killed_at_every_request(server, start, landed))) >= 7


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
    assert server.files("tester/ada") == files("2")


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
    hasty = Pace(connect_s=1, read_s=0.1, tries=2, pause_s=0.005, wait_s=5)
    server.fault(path="/commit/", delay_s=0.5)
    commit = hub_at(server, pace=hasty).publish("ada", files("1"), parent=None, message="1")
    time.sleep(0.5)  # the slow request is carried out now, on a parent that has moved
    assert server.titles("tester/ada") == ["1"]
    assert server.store.repos["tester/ada"].head.sha == commit
    assert server.files("tester/ada")["bot.json"] == manifest("1")


def test_without_a_token_nothing_is_sent(server: HubServer) -> None:
    with pytest.raises(CredentialsError, match="needs a token"):
        hub_at(server, token=None, pace=QUICK).publish("ada", files(), parent=None, message="1")
    assert server.calls == []
