"""What the doctor says of a registry and all it names, against a Hub, stores and a GitHub on loopback."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hub_repos import Token
from hub_runs import hub_at
from hub_server import HubServer
from hub_versions import files
from keyless_server import KeylessServer

from bot import registry
from bot.cli.doctor import Finding, fleet
from bot.errors import SourceError
from bot.hub import Hub
from bot.hub.keyless import KeylessHub
from bot.io.installing import install_command
from bot.registry import Registry
from bot.store.files import Folder

pytest_plugins = ["hub_fixtures"]

HEAD = "version: 1\nnamespace: tester\ncontact: https://example.org/removal\n"
ADA = "models:\n  - {handles: [ada_example], source: x, consent: self}\n"
TERMS = "x: {terms_acknowledged: true}\n"
SECRET = "secret-that-must-not-leak"
PULL_REQUEST = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request"}


def load(folder: Path, text: str = HEAD + "models: []\n") -> Registry:
    path = folder / "registry.yaml"
    path.write_text(text)
    return registry.load(path)


def examine(
    loaded: Registry, hub: Hub | None = None, store: str | None = None, **environment: str
) -> dict[str, list[Finding]]:
    def opened(_: Registry) -> Hub:
        assert hub is not None
        return hub

    found: dict[str, list[Finding]] = {}
    for finding in fleet.examine(loaded, opened, store, environment):
        assert SECRET not in finding.text
        assert HubServer.token not in finding.text
        assert "\n" not in finding.text
        found.setdefault(finding.what, []).append(finding)
    return found


def only(found: dict[str, list[Finding]], what: str) -> Finding:
    (finding,) = found[what]
    return finding


@pytest.fixture
def online(server: HubServer) -> Hub:
    return hub_at(server)


def test_a_fleet_that_lacks_nothing_is_reported_in_one_line_each(
    server: HubServer, online: Hub, tmp_path: Path
) -> None:
    server.store.add("tester/ada", files())  # type: ignore[arg-type]
    found = examine(load(tmp_path), online)
    assert {what: [finding.state for finding in each] for what, each in found.items()} == {
        "registry": ["ok"],
        "hub": ["ok"],
        "store": ["ok"],
    }
    assert only(found, "hub").text == f"{server.url}/tester can be written, 1 model published"
    assert not [call for call in server.calls if call.method != "GET"]


def test_what_leaks_private_files_comes_first_of_many_problems(tmp_path: Path, online: Hub) -> None:
    (tmp_path / "mine.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    for command in (["init", "--quiet"], ["add", "mine.zip"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    wrong = "".join(f"  - {{handles: [user_{n}], source: x}}\n" for n in range(9))
    mine = "  - {handles: [mine], source: archive, archive: mine.zip, consent: self}\n"
    found = examine(load(tmp_path, HEAD + TERMS + "models:\n" + wrong + mine), online)["registry"]
    assert [finding.state for finding in found] == ["missing"] * fleet.MOST_LINES
    assert "git tracks this archive" in found[0].text
    assert found[-1].text == "and 6 more: see bot validate"
    assert {finding.code for finding in found} == {2}


def test_warnings_of_the_registry_are_shown(tmp_path: Path, online: Hub) -> None:
    found = examine(load(tmp_path, "version: 1\nnamespace: tester\n" + TERMS + ADA), online)["registry"]
    assert [finding.state for finding in found] == ["warning", "ok"]
    assert "contact is missing" in found[0].text


def test_without_a_namespace_no_hub_is_asked(tmp_path: Path) -> None:
    found = examine(load(tmp_path, "version: 1\nmodels: []\n"))
    assert only(found, "namespace").state == "missing"
    assert only(found, "namespace").code == 2
    assert "registry.yaml sets namespace: to your user or organisation" in only(found, "namespace").text
    assert "hub" not in found


@pytest.mark.parametrize(
    ("environment", "way"),
    [
        ({}, "on GitHub it is a secret of the environment hub"),
        ({"GITHUB_ACTIONS": "true"}, "add it under Settings, Environments, hub, as a secret"),
    ],
)
def test_without_a_token_the_way_to_one_depends_on_where_it_runs(
    server: HubServer, tmp_path: Path, environment: dict[str, str], way: str
) -> None:
    hub = only(examine(load(tmp_path), hub_at(server, token=None), **environment), "hub")
    assert (hub.state, hub.code) == ("missing", 5)
    assert f"make one with write access to tester at {server.url}/settings/tokens" in hub.text
    assert way in hub.text


def test_a_pull_request_lacks_tokens_and_is_not_asked_to_have_some(server: HubServer, tmp_path: Path) -> None:
    loaded = load(tmp_path, HEAD + TERMS + ADA)
    found = examine(loaded, hub_at(server, token=""), **PULL_REQUEST, HF_TOKEN="", X_BEARER_TOKEN="")
    assert only(found, "hub").state == only(found, "x").state == "warning"
    assert only(found, "hub").text == (
        "HF_TOKEN is not given to pull requests, and they need none: it is used after the merge"
    )
    assert only(found, "registry").state == "ok"


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (Token("tester", "read"), "may only read"),
        (Token("mallory"), "not in the namespace tester"),
        (Token("tester", expired=True), "invalid or has expired"),
    ],
    ids=str,
)
def test_a_token_that_may_not_write_is_a_matter_of_credentials(
    server: HubServer, tmp_path: Path, token: Token, words: str
) -> None:
    server.tokens[SECRET] = token
    hub = only(examine(load(tmp_path), hub_at(server, token=SECRET), HF_TOKEN=SECRET), "hub")
    assert (hub.state, hub.code) == ("missing", 5)
    assert words in hub.text


def test_a_hub_that_is_down_is_said_and_the_rest_looked_at(server: HubServer, tmp_path: Path) -> None:
    server.fault(status=503, times=-1)
    found = examine(load(tmp_path), hub_at(server))
    assert (only(found, "hub").state, only(found, "hub").code) == ("missing", 1)
    assert only(found, "store").state == "ok"


@pytest.mark.usefixtures("_real_client")
def test_a_keyless_workflow_says_what_waits_for_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with KeylessServer() as server:
        hub = KeylessHub(server.url, "tester", token=None)
        assert only(examine(load(tmp_path), hub), "hub").state == "missing"
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        new, updates = examine(load(tmp_path), hub)["hub"]
        assert (new.state, updates.state) == ("warning", "ok")
        assert "a new repo needs HF_TOKEN" in new.text
        assert server.made == []


def test_nothing_is_left_in_a_store_that_serves(tmp_path: Path, online: Hub) -> None:
    loaded = load(tmp_path, HEAD + "store: file://posts\nmodels: []\n")
    assert only(examine(loaded, online), "store").text == f"file://{tmp_path}/posts can be read and written"
    assert {path.name for path in (tmp_path / "posts").iterdir()} == {".gitignore"}


def test_a_store_on_a_runner_that_goes_away_is_warned_of(tmp_path: Path, online: Hub) -> None:
    loaded = load(tmp_path, HEAD + "store: file://posts\nmodels: []\n")
    found = only(examine(loaded, online, GITHUB_ACTIONS="true"), "store")
    assert found.state == "warning"
    assert "gone when this job ends" in found.text
    assert "set store: to a private Storage Bucket, hf://buckets/NAMESPACE/NAME" in found.text


def test_the_store_that_is_named_on_the_command_line_is_the_one_looked_at(
    tmp_path: Path, online: Hub
) -> None:
    found = examine(load(tmp_path), online, f"file://{tmp_path}/other")
    assert str(tmp_path / "other") in only(found, "store").text


@pytest.mark.parametrize(
    ("url", "words", "code"),
    [
        (
            "nosuch://key:secret-that-must-not-leak@bucket/x",
            "store nosuch://bucket/x: no store was run on",
            2,
        ),
        ("registry.yaml", "failed", 1),
    ],
)
def test_a_store_that_cannot_be_written_is_said_without_credentials(
    tmp_path: Path, online: Hub, url: str, words: str, code: int
) -> None:
    where = url if "://" in url else str(tmp_path / url)
    store = only(examine(load(tmp_path, f"{HEAD}models: []\n"), online, store=where), "store")
    assert (store.state, store.code) == ("missing", code)
    assert words in store.text
    assert "secret" not in store.text


def test_a_store_that_cannot_be_written_says_why_and_not_that_nothing_could_be_removed(
    tmp_path: Path, online: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(doing: str) -> Any:
        def refused(*_: object) -> None:
            raise SourceError(f"store: {doing} is not permitted")

        return refused

    monkeypatch.setattr(Folder, "write", refuse("writing"))
    monkeypatch.setattr(Folder, "remove", refuse("removing"))
    assert only(examine(load(tmp_path), online), "store").text == "store: writing is not permitted"


@pytest.mark.parametrize(
    ("method", "answer", "words"),
    [
        ("read", lambda *_: None, "does not give back what was put into it"),
        ("remove", lambda *_: None, "keeps what is deleted, so that nobody could be removed"),
    ],
)
def test_a_store_that_loses_or_never_forgets_is_found_out(
    tmp_path: Path, online: Hub, monkeypatch: pytest.MonkeyPatch, method: str, answer: Any, words: str
) -> None:
    monkeypatch.setattr(Folder, method, answer)
    store = only(examine(load(tmp_path), online), "store")
    assert store.state == "missing"
    assert words in store.text


def test_a_store_that_breaks_half_way_is_left_clean(
    tmp_path: Path, online: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Folder, path: str) -> bytes:
        raise SourceError("store: reading failed")

    monkeypatch.setattr(Folder, "read", broken)
    assert only(examine(load(tmp_path), online), "store").text == "store: reading failed"
    assert {path.name for path in (tmp_path / ".bot" / "store").iterdir()} == {".gitignore"}


def test_x_waits_for_its_terms_and_its_token(tmp_path: Path, online: Hub) -> None:
    terms, token = examine(load(tmp_path, HEAD + ADA), online)["x"]
    assert (terms.state, terms.code, token.state, token.code) == ("missing", 2, "missing", 5)
    assert "set x: {terms_acknowledged: true} in" in terms.text
    assert "https://developer.x.com" in token.text
    assert "x" not in examine(load(tmp_path), online)


@pytest.mark.parametrize("token", ["secret-that-must-not-leak a", f"{SECRET}\n", "sécret-that-must-not-leak"])
def test_what_cannot_be_a_token_of_x_is_refused_unseen(tmp_path: Path, online: Hub, token: str) -> None:
    x = only(examine(load(tmp_path, HEAD + TERMS + ADA), online, X_BEARER_TOKEN=token), "x")
    assert (x.state, x.code) == ("missing", 5)
    assert "copy it again" in x.text


def test_a_token_of_x_is_never_tried_since_that_is_billed(tmp_path: Path, online: Hub) -> None:
    nowhere = "http://127.0.0.1:9"  # any call would fail
    found = examine(load(tmp_path, HEAD + TERMS + ADA), online, X_BEARER_TOKEN=SECRET, X_API_BASE=nowhere)
    assert only(found, "x").state == "ok"


def test_packages_that_entries_ask_for_are_named_with_their_extra(
    tmp_path: Path, online: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, installed = importlib.util.find_spec, {"trackio"}
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *args: (
            (object() if name in installed else None)
            if name in {"wandb", "trackio", "peft"}
            else real(name, *args)
        ),
    )
    entries = [
        "{handles: [bob.example.social], source: bluesky, tracking: wandb, consent: self}",
        "{handles: [cy.example.social], source: bluesky, tracking: trackio, consent: self}",
        "{handles: [di.example.social], source: bluesky, recipe: {lora_rank: 8}, consent: self}",
    ]
    text = HEAD + "models:\n" + "".join(f"  - {entry}\n" for entry in entries)
    found = examine(load(tmp_path, text), online)
    assert only(found, "wandb").text == f"entries ask for it; {install_command('wandb')}"
    assert only(found, "lora").text == f"entries ask for it; {install_command('lora')}"
    assert only(found, "trackio").state == "ok"
    installed.add("wandb")
    assert only(examine(load(tmp_path, text), online), "wandb").state == "warning"
    assert only(examine(load(tmp_path, text), online, WANDB_API_KEY=SECRET), "wandb").state == "ok"


def test_other_peoples_models_are_better_deleted_than_hidden(tmp_path: Path) -> None:
    theirs = "models:\n  - {handles: [bob], source: x, consent: 'https://example.org/agreed'}\n"
    warning = only(examine(load(tmp_path, HEAD.replace("namespace: tester\n", "") + theirs)), "removal")
    assert (warning.state, "policy: {removal: delete}" in warning.text) == ("warning", True)
    quiet = HEAD.replace("namespace: tester\n", "")
    for text in (quiet + ADA, quiet + "policy: {removal: delete}\n" + theirs):
        assert "removal" not in examine(load(tmp_path, text))
