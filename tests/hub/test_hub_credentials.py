"""Credentials: what may not write or see is said in one sentence, before anything else, and never as "missing"."""

from __future__ import annotations

import pytest
from hub_repos import Token
from hub_runs import hub_at
from hub_server import HubServer
from hub_versions import card, files, manifest

from bot.errors import CredentialsError, HubError
from bot.hub.credentials import identify

pytest_plugins = ["hub_fixtures"]


WRITE = ("repo.content.read", "repo.write")


@pytest.mark.parametrize(
    ("token", "namespace"),
    [
        (Token("tester"), "tester"),
        (Token("tester"), "Tester"),
        (Token("me", orgs=(("acme", "write"),)), "acme"),
        (Token("me", orgs=(("acme", "admin"),)), "acme"),
        (Token("me", orgs=(("acme", "contributor"),)), "acme"),
        (Token("mia", orgs=(("acme", "super-admin"),)), "acme"),
        (Token("me", orgs=(("acme", "read"),), groups=(("acme", "write"),)), "acme"),
        (Token("me", "fineGrained", (("acme", "write"),), (("acme", WRITE),)), "acme"),
        (Token("ci", "fineGrained", grants=(("acme/ada", WRITE),)), "acme"),
    ],
    ids=str,
)
def test_tokens_that_may_write(server: HubServer, token: Token, namespace: str) -> None:
    server.tokens["hf_x"] = token
    hub_at(server, namespace, "hf_x").check(write=True)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (Token("tester", "read"), "may only read"),
        (Token("mallory"), "mallory's, who is not in the namespace tester"),
        (Token("me", orgs=(("tester", "read"),)), "as 'read' and cannot write"),
        (Token("me", orgs=(("tester", "no_access"),)), "as 'no_access' and cannot write"),
        (Token("me", orgs=(("tester", "read"),), groups=(("tester", "read"),)), "as 'read' and cannot"),
        (Token("me", orgs=(("tester", "read"),), groups=(("other", "write"),)), "as 'read' and cannot"),
        (
            Token("tester", "fineGrained", grants=(("tester", ("repo.content.read",)),)),
            "fine-grained without write",
        ),
        (Token("tester", "fineGrained", grants=(("other", WRITE),)), "fine-grained without write"),
        (Token("tester", "fineGrained", grants=()), "fine-grained without write"),
        (Token("tester", expired=True), "invalid or has expired"),
        (None, "invalid or has expired"),
    ],
    ids=str,
)
def test_tokens_that_may_not_write_are_refused_in_one_sentence(
    server: HubServer, token: Token | None, words: str
) -> None:
    if token:
        server.tokens["hf_x"] = token
    with pytest.raises(CredentialsError, match=words) as raised:
        hub_at(server, token="hf_x").check(write=True)
    assert "HF_TOKEN" in str(raised.value) or "ask an admin" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "hf_x" not in str(raised.value)


@pytest.mark.parametrize("token", ["", "  ", "hf_a b", "hf_\nx", "hf_é"])
def test_what_cannot_be_a_token_is_refused_before_any_call(server: HubServer, token: str) -> None:
    hub = hub_at(server, token=token)
    for act in (lambda: hub.check(write=False), lambda: hub.check(write=True), hub.listing):
        with pytest.raises(CredentialsError, match="HF_TOKEN"):
            act()
    with pytest.raises(CredentialsError, match="HF_TOKEN"):
        hub.read("ada", "bot.json")
    assert server.calls == []


def test_an_expired_token_lists_nothing_as_missing(server: HubServer) -> None:
    server.store.add("tester/ada", {"README.md": card(), "bot.json": manifest()})
    hub = hub_at(server, token="hf_expired")
    for act in (lambda: hub.check(write=False), hub.listing, lambda: hub.read("ada", "bot.json")):
        with pytest.raises(CredentialsError, match="invalid or has expired"):
            act()


def test_a_token_that_loses_its_rights_on_the_way_is_a_matter_of_credentials(server: HubServer) -> None:
    hub = hub_at(server)
    hub.check(write=True)
    server.tokens[server.token] = Token("tester", "read")
    with pytest.raises(CredentialsError, match="may not do this"):
        hub.publish("ada", files(), parent=None, message="1")


def test_a_line_end_after_a_token_is_forgiven(server: HubServer) -> None:
    hub_at(server, token=f"{HubServer.token}\n").check(write=True)


def test_the_saved_token_of_this_machine_is_never_used(
    server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", HubServer.token)
    server.store.add("tester/hidden", {"README.md": card()}, private=True)
    assert not hub_at(server, token=None).listing().repos


@pytest.mark.parametrize("body", ["null", "[]", "3", '"tester"'])
def test_a_whoami_that_is_no_object_is_a_sentence_and_may_pass(server: HubServer, body: str) -> None:
    server.fault(path="whoami", times=-1, status=200, body=body)
    for act in (lambda: hub_at(server).check(write=True), hub_at(server).listing):
        with pytest.raises(
            HubError, match="its answer to whoami is no object; look at HF_ENDPOINT"
        ) as raised:
            act()
        assert raised.value.transient
    server.faults.clear()
    hub_at(server).check(write=True)


@pytest.mark.parametrize(
    "odd",
    [
        {"orgs": 3},
        {"orgs": [3, None, {"name": 5}, {"name": "acme", "resourceGroups": {"role": "write"}}]},
        {"orgs": [{"name": "acme", "resourceGroups": [None, {"role": ["write"]}, {}]}]},
        {
            "auth": {
                "accessToken": {"fineGrained": {"global": 3, "scoped": [1, {"entity": 2, "permissions": 3}]}}
            }
        },
    ],
)
def test_odd_members_of_whoami_grant_nothing_and_break_nothing(odd: dict[str, object]) -> None:
    assert identify({"name": "me", **odd}, "https://hub.example").user == "me"
