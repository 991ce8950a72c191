from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.sources.fields import LONGEST_ID, identifier, mapping, mappings, moment, text

STRANGE: tuple[object, ...] = (None, 1, 1.5, True, [], {}, [1], "x")


@pytest.mark.parametrize("value", STRANGE)
def test_what_is_no_object_has_no_fields(value: object) -> None:
    assert text(value, "a") is None
    assert identifier(value, "a") is None
    assert mapping(value, "a") == {}
    assert mappings(value, "a") == []
    assert moment(value, "a") is None


def test_fields_of_another_type_read_as_nothing() -> None:
    assert text({"a": 1}, "a") is None
    assert identifier({"a": ""}, "a") is None
    assert identifier({"a": "x" * (LONGEST_ID + 1)}, "a") is None
    assert mapping({"a": [1]}, "a") == {}
    assert mappings({"a": {"b": 1}}, "a") == []
    assert mappings({"a": [1, {"b": 1}, None]}, "a") == [{"b": 1}]


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert text({"a": "x\ud83d"}, "a") == "x?"
    assert text({"a": "\U0001f426"}, "a") == "\U0001f426"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024-05-01T12:00:00.000Z", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-05-01T12:00:00.123456789Z", datetime(2024, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2024-05-01T14:00:00+02:00", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-05-01T12:00:00", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("0000-00-00T00:00:00Z", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_are_iso_8601_in_utc(written: str, read: datetime | None) -> None:
    assert moment({"a": written}, "a") == read
