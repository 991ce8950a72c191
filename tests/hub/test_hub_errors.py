"""The error seam: one class of ours for whatever the client raises, and the token in no text at any level."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any

import pytest
from hub_runs import hub_at
from hub_server import HubServer
from hub_versions import files
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import httpx  # type: ignore[attr-defined]

from bot.errors import BotError, ConflictError, CredentialsError, HubError
from bot.hub.errors import translate, translated

pytest_plugins = ["hub_fixtures"]

SECRET = "hf_averysecrettoken"


def answered(status: int, authorized: bool = True, body: object = None, **headers: str) -> HfHubHTTPError:
    """The library's error for an answer of the Hub."""
    auth = {"Authorization": f"Bearer {SECRET}"} if authorized else {}
    request = httpx.Request("GET", f"http://hub.example.org/api/models/x?token={SECRET}", headers=auth)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx.Response(status, headers=named, content=data, request=request)
    return HfHubHTTPError(f"{status} for {request.url}", response=response)


def caused(error: Exception, cause: Exception) -> Exception:
    """`error`, raised from `cause`."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "transient", "words"),
    [
        (answered(400, body={"error": "bad tags"}), HubError, False, "bad tags"),
        (answered(401), CredentialsError, None, "invalid or has expired"),
        (answered(401, authorized=False), CredentialsError, None, "needs a token"),
        (answered(403, X_Error_Message="no rights"), CredentialsError, None, "no rights"),
        (answered(403, X_Error_Code="GatedRepo"), HubError, False, "ask its owner"),
        (answered(404), HubError, False, "check the namespace"),
        (answered(409), ConflictError, False, "run again"),
        (answered(412), ConflictError, False, "run the plan again"),
        (answered(413), HubError, False, "does not accept this much"),
        (answered(429), HubError, True, "run again later"),
        (answered(500, body=b"<html><title>oops"), HubError, True, "answered 500; run again later"),
        (
            caused(RuntimeError("Error while uploading"), answered(403, authorized=False)),
            HubError,
            True,
            "403",
        ),
        (ConnectionError("xet: 403 Forbidden"), HubError, False, "403"),
        (ConnectionError("Rate limited: (429 Too Many Requests)"), HubError, True, "429"),
        (ConnectionError("failed at http://cas.example.org/v1?X-Sig=abc"), HubError, True, "example.org/v1"),
        (ConnectionError("xet: connection closed"), HubError, True, "closed"),
        (json.JSONDecodeError("Expecting value", "<html>", 0), HubError, True, "not JSON"),
        (httpx.ReadTimeout("slow"), HubError, True, "the connection broke"),
        (httpx.RemoteProtocolError("peer closed"), HubError, True, "the connection broke"),
        (httpx.UnsupportedProtocol("foo"), HubError, False, "HF_ENDPOINT"),
        (httpx.LocalProtocolError(f"Illegal header value b'Bearer {SECRET}'"), HubError, False, "HF_TOKEN"),
        (httpx.InvalidURL("port"), HubError, False, "HF_ENDPOINT"),
        (ValueError("Invalid metadata in README.md"), HubError, False, "Invalid metadata"),
        (KeyError("commitOid"), HubError, False, "not understood (KeyError: 'commitOid')"),
        (TypeError("'NoneType'"), HubError, False, "not understood"),
        (OSError(28, "No space left on device"), HubError, True, "No space left"),
        (caused(RuntimeError("x"), HubError("later", transient=True)), HubError, True, "later"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, Exception) else "",
)
def test_every_failure_becomes_one_of_ours_with_what_to_do(
    error: Exception, kind: type[BotError], transient: bool | None, words: str
) -> None:
    ours = translate(error, "publish tester/ada", SECRET)
    assert type(ours) is kind
    assert str(ours).startswith("could not publish tester/ada: ")
    assert words in str(ours)
    assert "\n" not in str(ours)
    assert SECRET not in str(ours)
    assert "<html" not in str(ours)
    assert "X-Sig" not in str(ours)
    if isinstance(ours, HubError):
        assert ours.transient is transient


def test_what_the_server_says_cannot_colour_the_terminal_or_fill_it() -> None:
    shown = str(
        translate(answered(400, body={"error": "\x1b[31mred\u202e\n" + "x" * 5000}), "publish x", None)
    )
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert len(shown) < 500


def test_the_librarys_exception_is_dropped_from_tracebacks() -> None:
    with pytest.raises(CredentialsError) as raised, translated("list x", SECRET):
        raise answered(401, X_Error_Message=f"token {SECRET} is unknown")
    shown = "".join(traceback.format_exception(raised.value))
    assert SECRET not in shown
    assert "HfHubHTTPError" not in shown
    assert "token [token] is unknown" in shown


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, AssertionError, MemoryError])
def test_what_is_no_failure_of_the_hub_is_not_disguised_as_one(error: type[BaseException]) -> None:
    with pytest.raises(error), translated("list x", None):
        raise error


def test_a_matter_of_credentials_found_inside_stays_one() -> None:
    with pytest.raises(CredentialsError, match="as it was"), translated("list x", None):
        raise CredentialsError("as it was")


def everything_said(caplog: pytest.LogCaptureFixture, errors: list[BaseException]) -> str:
    """All log records, with their arguments, and all errors with tracebacks and attributes."""
    said = [record.getMessage() + repr(record.args) + repr(record.exc_info) for record in caplog.records]
    for error in errors:
        said += traceback.format_exception(error)
        said.append(repr(error) + repr(vars(error)))
    return "\n".join(said)


FAULTS: list[dict[str, Any]] = [
    {"status": 401, "body": json.dumps({"error": f"unknown token {HubServer.token}"})},
    {"status": 403, "headers": {"X-Error-Message": f"forbidden for Bearer {HubServer.token}"}},
    {"status": 500, "body": f"<html>{HubServer.token}"},
    {"status": 429, "headers": {"Retry-After": "9999"}},
    {"cut": "before"},
    {"cut": "answer"},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault.get("status") or fault["cut"]))
def test_the_token_is_in_no_message_log_or_traceback_at_any_level(
    server: HubServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_DEBUG", True)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="huggingface_hub")
    hub = hub_at(server)
    errors: list[BaseException] = []
    acts = (
        lambda: hub.check(write=True),
        hub.listing,
        lambda: hub.read("ada", "bot.json"),
        lambda: hub.publish("ada", files(), parent=None, message="1"),
        lambda: hub.publish("ada", files(), parent="a" * 40, message="1"),
        lambda: hub.hide("ada"),
        lambda: hub.delete("ada"),
    )
    server.fault(times=-1, **fault)
    for act in acts:
        with pytest.raises(BotError) as raised:
            act()
        errors.append(raised.value)
    assert len(server.calls) >= len(acts) - 1
    said = everything_said(caplog, errors)
    assert caplog.records
    assert server.token not in said


def test_the_signed_addresses_of_uploads_are_not_logged(
    server: HubServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hub_at(server).publish("ada", files(), parent=None, message="1")
    assert server.count("/_lfs/", "PUT") == 1
    assert "signature=secret" not in everything_said(caplog, [])


def test_nothing_of_the_library_is_left_unnamed_by_the_seam() -> None:
    """Every exception class that the client library defines is caught: it belongs to a family that is."""
    from huggingface_hub import errors

    families = (httpx.HTTPError, OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError)
    ours = {
        "HfHubHTTPError", "RepositoryNotFoundError", "GatedRepoError", "DisabledRepoError", "RevisionNotFoundError",
        "EntryNotFoundError", "RemoteEntryNotFoundError", "LocalEntryNotFoundError", "BadRequestError",
        "LocalTokenNotFoundError", "OfflineModeIsEnabled", "HFValidationError", "FileMetadataError",
    }  # fmt: skip
    known = {name: getattr(errors, name) for name in ours}
    assert {name for name, kind in known.items() if not issubclass(kind, families)} <= {"EntryNotFoundError"}
    assert issubclass(errors.RemoteEntryNotFoundError, httpx.HTTPError)


def test_a_broken_connection_is_named_though_another_library_caused_it() -> None:
    class CoreError(Exception):
        """As httpcore's own errors, which are not those of httpx."""

    error = httpx.ConnectError("no such host")
    error.__cause__ = CoreError("[Errno -2] no such host")
    made = translate(error, "read a file", None)
    assert (type(made), getattr(made, "transient", None)) == (HubError, True)
