"""What each answer of X means: a table of statuses, problems and headers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.sources.x.answers import WINDOW, Answer, Broken, Limited, Off, Payload, Refused, absence, judge

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
API = "https://api.twitter.com/2/problems/"
NEW_API = "https://api.x.com/2/problems/"


def judged(status: int, body: Any = None, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return judge(Answer(status, {k.replace("_", "-"): v for k, v in headers.items()}, raw), NOW)


def test_json_is_a_payload() -> None:
    assert judged(200, {"data": []}) == Payload({"data": []})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Welcome</html>",
        b'{"data": [{"id": "1", "te',
        b"[1]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_good_status_without_whole_json_is_broken_and_may_be_billed(body: bytes) -> None:
    verdict = judged(200, body)
    assert isinstance(verdict, Broken)
    assert verdict.billed


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 599, 408])
def test_failures_of_the_server_are_broken_and_free(status: int) -> None:
    assert judged(status, b"<html>busy</html>") == Broken(f"X answered {status}", billed=False)


def test_a_lost_answer_is_broken_and_billed_if_it_was_sent_for() -> None:
    assert judge(Answer(lost="gone", sent=True), NOW) == Broken("gone", billed=True)
    assert judge(Answer(lost="gone", sent=False), NOW) == Broken("gone", billed=False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (402, {"title": "CreditsDepleted", "type": f"{API}credits", "detail": "Your enrolled account ..."}),
        (402, {"title": "Payment Required", "type": f"{NEW_API}credits-depleted", "status": 402}),
        (402, b""),
        (403, {"title": "CreditsDepleted", "type": "about:blank"}),
    ],
)
def test_without_credits_x_is_off(status: int, body: Any) -> None:
    verdict = judged(status, body)
    assert isinstance(verdict, Off)
    assert verdict.why.startswith("no credits")


@pytest.mark.parametrize("kind", [f"{API}usage-capped", f"{NEW_API}usage-capped"])
def test_the_monthly_cap_is_distinguished_from_a_rate_limit(kind: str) -> None:
    capped = {"title": "UsageCapExceeded", "period": "Monthly", "scope": "Product", "type": kind}
    verdict = judged(429, capped, x_rate_limit_reset="1714565000", x_rate_limit_remaining="12")
    assert isinstance(verdict, Off)
    assert "reads are used up" in verdict.why
    assert isinstance(judged(429, {"title": "Too Many Requests", "type": "about:blank"}), Limited)
    assert isinstance(judged(429, {"title": "SpendCapReached", "type": "about:blank"}), Off)


def test_a_rate_limit_ends_when_x_says() -> None:
    reset = str(int((NOW + timedelta(seconds=90)).timestamp()))
    assert judged(429, {}, x_rate_limit_reset=reset) == Limited(NOW + timedelta(seconds=90))
    assert judged(429, b"", retry_after="30") == Limited(NOW + timedelta(seconds=30))


def test_of_several_limits_the_exhausted_one_counts() -> None:
    day = str(int((NOW + timedelta(hours=5)).timestamp()))
    window = str(int((NOW + timedelta(minutes=1)).timestamp()))
    headers = {
        "x_rate_limit_reset": window,
        "x_rate_limit_remaining": "200",
        "x_app_limit_24hour_reset": day,
        "x_app_limit_24hour_remaining": "0",
    }
    assert judged(429, {}, **headers) == Limited(NOW + timedelta(hours=5))


@pytest.mark.parametrize("reset", ["", "soon", "-5", "1e9", "9" * 11, "9" * 400, "١٢٣"])
def test_a_reset_that_makes_no_sense_counts_as_none(reset: str) -> None:
    assert judged(429, {}, x_rate_limit_reset=reset) == Limited(NOW + WINDOW)


def test_a_refused_token_says_which_and_what_to_do() -> None:
    verdict = judged(401, {"title": "Unauthorized", "type": "about:blank", "detail": "Unauthorized"})
    assert isinstance(verdict, Off)
    assert "X_BEARER_TOKEN is wrong" in verdict.why


def test_a_forbidden_request_names_the_scopes() -> None:
    verdict = judged(
        403, {"title": "Client Forbidden", "reason": "client-not-enrolled", "type": f"{API}client-forbidden"}
    )
    assert isinstance(verdict, Off)
    assert "users.read and tweet.read" in verdict.why
    assert "client-forbidden" in verdict.why


def test_an_account_that_is_not_shown_by_status_is_no_reason_to_turn_off() -> None:
    assert judged(
        403, {"type": f"{API}not-authorized-for-resource", "title": "Authorization Error"}
    ) == Refused("X answered 403", absence="protected: only followers may read it")
    found = judged(404, {"type": f"{API}resource-not-found", "title": "Not Found Error"})
    assert isinstance(found, Refused)
    assert str(found.absence).startswith("not found")


def test_a_bad_request_may_be_for_its_vocabulary() -> None:
    assert judged(400, {"errors": [{"message": "secret"}], "type": f"{API}invalid-request"}) == Refused(
        "X answered 400, invalid-request", vocabulary=True
    )
    assert judged(404, b"<html>") == Refused("X answered 404")
    assert judged(301, b"") == Refused("X answered 301")


def test_words_of_strangers_are_not_repeated() -> None:
    verdict = judged(418, {"title": "secret", "type": f"{API}secret", "detail": "secret"})
    assert verdict == Refused("X answered 418")


def error(kind: str, title: str, parameter: str = "username", **more: str) -> dict[str, Any]:
    return {"errors": [{"type": kind, "title": title, "parameter": parameter, "value": "ada", **more}]}


@pytest.mark.parametrize("api", [API, NEW_API])
def test_absence_is_judged_by_type_and_title_together(api: str) -> None:
    found = absence(error(f"{api}resource-not-found", "Not Found Error"))
    assert found == "not found: X knows no account of that name"
    assert absence(error(f"{api}resource-not-found", "Forbidden")) == "suspended by X"
    assert absence(error(f"{api}not-authorized-for-resource", "Authorization Error", "id")) == (
        "protected: only followers may read it"
    )
    assert absence(error(f"{api}something-new", "Odd Error")) == "not shown by X"


@pytest.mark.parametrize(
    "parameter", ["pinned_tweet_id", "referenced_tweets.id", "referenced_posts", "entities.mentions.username"]
)
def test_errors_about_something_beside_the_account_are_harmless(parameter: str) -> None:
    assert absence(error(f"{API}resource-not-found", "Not Found Error", parameter)) is None


@pytest.mark.parametrize("errors", [None, "x", [], [3, None], {}])
def test_errors_of_a_wrong_type_say_nothing(errors: Any) -> None:
    assert absence({"errors": errors}) is None
