from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.io.retry import MAX_AHEAD_S, RetryPolicy, retry_after

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def epoch(**ahead: float) -> str:
    return str(int((NOW + timedelta(**ahead)).timestamp()))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "30"}, 30),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "\u0663"}, None),
        ({"Retry-After": "9" * 400}, MAX_AHEAD_S),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry-After": "Sun, 01 Mar 2026 12:01:00 GMT"}, 60),
        ({"Retry-After": "Sun, 99 Mar 2026 12:01:00 GMT"}, None),
        ({"RateLimit": '"api";r=0;t=55'}, 55),
        ({"RateLimit": '"api";r=0;t=' + "9" * 400}, MAX_AHEAD_S),
        ({"RateLimit": '"api";r=3;t=55'}, None),
        ({"RateLimit": "nonsense;="}, None),
        ({"RateLimit": '"api";r=0;t=many'}, None),
        ({"Retry-After": "7", "RateLimit": '"api";r=0;t=55'}, 7),
        ({"RateLimit-Reset": "40"}, 40),
        ({"RateLimit-Reset": epoch(seconds=40)}, 40),
        ({"X-RateLimit-Reset": "2026-03-01T12:04:00.000000Z"}, 240),
        ({"X-RateLimit-Reset": "2026-03-01T12:04:00"}, 240),
        ({"X-RateLimit-Reset": "2026-03-01T11:00:00Z"}, 0),
        ({"X-RateLimit-Reset": epoch(seconds=40), "X-RateLimit-Remaining": "12"}, None),
        ({"x-rate-limit-reset": epoch(minutes=14)}, 840),
        ({"x-rate-limit-reset": epoch(days=41)}, None),
        ({"x-rate-limit-reset": "9" * 400}, None),
        ({"x-rate-limit-reset": "soon", "x-app-limit-24hour-reset": epoch(hours=5)}, 5 * 3600),
    ],
)
def test_the_wait_that_a_response_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_pauses_double() -> None:
    policy = RetryPolicy(pause_s=1.5)
    assert [policy.backoff_s(attempt) for attempt in (1, 2, 3)] == [1.5, 3.0, 6.0]


def test_a_long_wait_is_logged_with_its_length_and_a_short_one_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slept: list[float] = []
    policy = RetryPolicy(sleep=slept.append)
    for seconds in (1.5, 70.0):
        policy.wait(seconds, "social.example (try 1 of 4)")
    assert slept == [1.5, 70.0]
    assert [record.getMessage() for record in caplog.records] == [
        "waiting 70 s for social.example (try 1 of 4)"
    ]
