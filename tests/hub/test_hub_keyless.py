"""Updates without a stored token: one exchange a publication, HF_TOKEN where that fails, and no word of a token."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest
from hub_repos import Token
from hub_runs import QUICK
from hub_server import HubServer
from hub_versions import files
from keyless_server import REQUEST, KeylessServer

from bot import hub as room
from bot.errors import ConflictError, CredentialsError, HubError
from bot.hub.huggingface import HuggingFaceHub
from bot.hub.keyless import KeylessHub, is_enabled, unavailable_reason

pytest_plugins = ["hub_fixtures"]


@pytest.fixture
def server(_real_client: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeylessServer]:
    """A Hub where tester/ada is published and trusts this workflow, which may show who it is."""
    with KeylessServer() as running:
        running.store.add("tester/ada", files("1"))  # type: ignore[arg-type]
        running.publishers.add("tester/ada")
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


def keyless(server: HubServer, token: str | None = None) -> KeylessHub:
    return KeylessHub(server.url, "tester", token=token, policy=QUICK)


def head(server: HubServer, repo_id: str = "tester/ada") -> str:
    return server.store.repos[repo_id].head.sha


def update(server: KeylessServer, token: str | None = None, name: str = "ada") -> str:
    return keyless(server, token).publish(
        name, files("2"), parent=head(server, f"tester/{name}"), message="2"
    )


def assert_clean(text: str, server: KeylessServer) -> None:
    """No token, no identity, no second line."""
    for secret in (REQUEST, HubServer.token, *server.made, *server.identities, "eyJ"):
        assert secret not in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("text", "on"), [("true", True), (" Yes", True), ("1", True), ("", False), ("false", False), ("0", False)]
)
def test_it_is_asked_for_by_one_variable(text: str, on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_enabled({"BOT_KEYLESS": text}) is on
    monkeypatch.setenv("BOT_KEYLESS", text)
    assert type(room.open_hub("http://127.0.0.1:9", "tester")) is (KeylessHub if on else HuggingFaceHub)


def test_what_is_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(CredentialsError, match="BOT_KEYLESS is 'maybe': set it to true or false"):
        is_enabled({"BOT_KEYLESS": "maybe"})


def test_an_update_exchanges_one_token_as_it_is_published_and_never_before(server: KeylessServer) -> None:
    hub = keyless(server)
    hub.check(write=True)
    assert hub.listing().repos["ada"].head == head(server)
    assert server.count("/_actions/identity") == server.count("/oauth/token") == 0
    hub.publish("ada", files("2"), parent=head(server), message="2")
    assert server.files("tester/ada") == files("2")
    assert server.store.repos["tester/ada"].head.author == "[OIDC]"
    assert server.made == ["hf_jwt_keyless0"]
    assert server.count("whoami") == 0


def test_each_publication_has_a_token_of_its_own(server: KeylessServer) -> None:
    server.store.add("tester/bob", files("1"))  # type: ignore[arg-type]
    server.publishers.add("tester/bob")
    hub = keyless(server)
    hub.publish("ada", files("2"), parent=head(server), message="2")
    hub.publish("bob", files("2"), parent=head(server, "tester/bob"), message="2")
    assert len(server.made) == 2
    assert hub._token is None  # the token went with its publication


def test_a_token_that_ends_while_files_go_up_is_asked_for_once_more(server: KeylessServer) -> None:
    server.fault(path="/commit/", status=401)
    update(server)
    assert server.titles("tester/ada")[-1] == "2"
    assert len(server.made) == 2
    assert server.count("/_lfs/", "PUT") == 1


def test_a_commit_that_landed_before_its_token_ended_is_not_made_twice(server: KeylessServer) -> None:
    server.fault(path="/commit/", cut="after")
    server.fault(path="/commits/", status=401)
    update(server)
    assert server.titles("tester/ada").count("2") == 1
    assert len(server.made) == 2


def test_a_publisher_that_may_only_read_is_one_repos_matter(server: KeylessServer) -> None:
    server.read_only = True
    with pytest.raises(
        HubError, match=r"with the token that the Hub gave for it.*403.*there is no HF_TOKEN"
    ) as raised:
        update(server)
    assert_clean(str(raised.value), server)
    assert server.titles("tester/ada") == ["setup"]


def test_a_refused_exchange_says_where_to_add_the_publisher(server: KeylessServer) -> None:
    server.publishers.clear()
    with pytest.raises(HubError) as raised:
        update(server)
    text = str(raised.value)
    assert "the Hub gave no token for tester/ada (it answered 400, invalid_grant" in text
    assert (
        f"add this repository and workflow as a trusted publisher at {server.url}/tester/ada/settings" in text
    )
    assert "there is no HF_TOKEN to use instead" in text
    assert not raised.value.transient
    assert_clean(text, server)


def test_a_token_for_another_repo_writes_nothing(server: KeylessServer) -> None:
    server.store.add("tester/bob", files("1"))  # type: ignore[arg-type]
    server.tokens["hf_jwt_other"] = Token("[OIDC]", "fineGrained", grants=(("tester/bob", ("repo.write",)),))
    server.fault(path="/oauth/token", status=200, body='{"access_token": "hf_jwt_other"}', times=-1)
    with pytest.raises(HubError, match="403"):
        update(server)
    assert server.titles("tester/ada") == ["setup"]


@pytest.mark.parametrize("path", ["/_actions/identity", "/oauth/token"])
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"cut": "before"},
        {"cut": "answer"},
        {"status": 200, "body": "<html>nice try</html>"},
        {"status": 502, "body": "<html>nice try</html>"},
        {"status": 200, "body": "[]"},
        {"status": 200, "body": "null"},
        {"status": 200, "body": '{"value": 7, "access_token": "hf a\\nb"}'},
    ],
    ids=str,
)
def test_whatever_either_end_answers_is_a_sentence_or_hf_token_said_aloud(
    server: KeylessServer, path: str, fault: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    server.fault(path=path, times=-1, **fault)
    with pytest.raises(HubError) as raised:
        update(server)
    assert_clean(str(raised.value), server)
    assert "nice try" not in str(raised.value)
    assert raised.value.transient
    assert "GitHub did not say" in str(raised.value) or "the Hub gave no token for tester/ada" in str(
        raised.value
    )

    update(server, server.token)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("tester/ada is published with HF_TOKEN and not keyless: ")
    assert_clean(record.getMessage(), server)
    assert server.store.repos["tester/ada"].head.author == "tester"


@pytest.mark.parametrize("path", ["/_actions/identity", "/oauth/token"])
def test_an_end_that_is_down_for_a_moment_is_asked_again(server: KeylessServer, path: str) -> None:
    server.fault(path=path, status=503, times=2)
    update(server)
    assert len(server.made) == 1


def test_when_neither_token_may_write_both_reasons_are_reported(server: KeylessServer) -> None:
    server.publishers.clear()
    server.tokens["hf_reader"] = Token("tester", "read")
    with pytest.raises(HubError, match=r"gave no token for tester/ada.*and with HF_TOKEN: .*403"):
        update(server, "hf_reader")


def test_somebody_elses_commit_stays_a_conflict(server: KeylessServer) -> None:
    parent = head(server)
    server.store.add("tester/ada", {"README.md": b"by hand"})
    with pytest.raises(ConflictError):
        keyless(server).publish("ada", files("2"), parent=parent, message="2")


def test_a_secret_that_is_not_set_is_an_empty_variable_and_no_token(server: KeylessServer) -> None:
    for empty in ("", " \n"):
        keyless(server, empty).check(write=True)
        assert keyless(server, empty).listing().repos["ada"].published
    update(server, "")


def test_a_new_repo_needs_the_stored_token_and_asks_for_no_other(server: KeylessServer) -> None:
    hub = keyless(server)
    hub.check(write=True)
    with pytest.raises(HubError, match="a new repo needs HF_TOKEN, since BOT_KEYLESS only updates"):
        hub.check(write=True, create=True)
    with pytest.raises(HubError, match="making tester/bob needs HF_TOKEN"):
        hub.publish("bob", files(), parent=None, message="1")
    rich = keyless(server, server.token)
    rich.check(write=True, create=True)
    rich.publish("bob", files(), parent=None, message="1")
    assert server.titles("tester/bob") == ["1"]
    assert server.made == []


def test_hiding_and_deleting_need_the_stored_token(server: KeylessServer) -> None:
    server.tokens["hf_reader"] = Token("tester", "read")
    for hub in (keyless(server), keyless(server, "hf_reader")):
        with pytest.raises(HubError, match="hiding tester/ada needs HF_TOKEN"):
            hub.hide("ada")
        with pytest.raises(HubError, match="deleting tester/ada needs HF_TOKEN"):
            hub.delete("ada")
    assert not server.store.repos["tester/ada"].private
    keyless(server, server.token).hide("ada")
    assert server.store.repos["tester/ada"].private


def test_a_token_that_may_only_read_is_enough_beside_it(server: KeylessServer) -> None:
    server.tokens["hf_reader"] = Token("tester", "read")
    keyless(server, "hf_reader").check(write=True)
    update(server, "hf_reader")
    with pytest.raises(CredentialsError, match="invalid or has expired"):
        keyless(server, "hf_expired").check(write=True)


def test_a_job_that_has_no_identity_says_which_permission_it_lacks(
    server: KeylessServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_URL")
    keyless(server).check(write=False)
    with pytest.raises(CredentialsError, match=r"`permissions: id-token: write`.*or set HF_TOKEN"):
        keyless(server).check(write=True)
    keyless(server, server.token).check(write=True)
    assert "HF_TOKEN is used instead" in caplog.text
    with pytest.raises(CredentialsError):  # as without BOT_KEYLESS: no later step could publish either
        update(server, "hf_expired")
    update(server, server.token)
    assert server.made == []


def test_a_library_without_the_exchange_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub._oidc", None)
    monkeypatch.delattr("huggingface_hub._oidc", raising=False)
    assert "huggingface_hub's exchange of identities, new in 1.19" in str(unavailable_reason({}))


def test_the_warning_reaches_standard_error_of_a_process(
    server: KeylessServer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess

    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    server.publishers.clear()
    code = (
        "from bot.hub.keyless import KeylessHub\n"
        f"hub = KeylessHub({server.url!r}, 'tester', token={server.token!r})\n"
        f"hub.publish('ada', {{'README.md': b'2'}}, parent={head(server)!r}, message='2')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr.startswith(
        "tester/ada is published with HF_TOKEN and not keyless: the Hub gave no token"
    )
