from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from bot.io.bounded import Bounds, Unreadable, read_file, read_json, read_model

BOUNDS = Bounds(10_000, depth=5, values=100, text=50)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)  # fmt: skip


@given(VALUES)
def test_what_is_within_bounds_is_read_as_json_reads_it(value: object) -> None:
    data = json.dumps(value)
    assert read_json(data, Bounds(1 << 20), "it") == json.loads(data)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "it is not JSON (line 1, column 1)"),
        (b'{"a":\n1,}', "it is not JSON (line 2, column 3)"),
        (b'{"canary": \xff}', "it is not UTF-8"),
        (b"[" * 5 + b"1" + b"]" * 5, None),
        (b"[" * 6 + b"1" + b"]" * 6, "it is nested deeper than 5 levels"),
        (b'{"a":' * 6 + b"1" + b"}" * 6, "it is nested deeper than 5 levels"),
        (b'["' + b"[{," * 16 + b'"]', None),
        (b'["' + b'\\"[' * 16 + b'"]', None),
        (b"[" + b"1," * 98 + b"1]", None),
        (b"[" + b"1," * 100 + b"1]", "it holds more than 100 values"),
        (b"[" + b'"",' * 1000 + b"1]", "it holds more than 100 values"),
        (b"[" + b"[]," * 100 + b"1]", "it holds more than 100 values"),
        (b"[" * 100_000, "it is larger than 10,000 bytes"),
        (b"[" * 9_000, "it holds more than 100 values"),
        (b"9" * 100, None),
        (b"9" * 101, "it holds a number of 101 digits"),
        (b"9" * 6000, "it holds a number of 6,000 digits"),
        (b"1e999", "it holds a number beyond all bounds"),
        (b"NaN", "it holds NaN, which is no number of JSON"),
        (b'{"a": -Infinity}', "it holds -Infinity, which is no number of JSON"),
        (b'["' + b"a" * 9_900 + b'"]', None),
        (b'["\\ud800 canary"]', "it holds half of a surrogate pair, which is no character"),
        (b'{"\\udfff": 1}', "it holds half of a surrogate pair, which is no character"),
        (b'"\\ud83e\\udd9c"', None),
        ('"\ud800"', "it holds half of a surrogate pair, which is no character"),
    ],
)
def test_what_is_beyond_a_bound_is_refused_in_a_sentence(data: bytes | str, complaint: str | None) -> None:
    bounds = Bounds(10_000, depth=5, values=100, text=9_950)
    if complaint is None:
        assert read_json(data, bounds, "it") == json.loads(data)
        return
    with pytest.raises(Unreadable) as caught:
        read_json(data, bounds, "it")
    assert str(caught.value) == complaint


def test_a_text_beyond_its_length_is_refused_wherever_it_stands() -> None:
    for data in (['"' + "a" * 51 + '"'], {"b" * 51: 1}, [{"a": ["b" * 51]}]):
        with pytest.raises(Unreadable, match="a text of more than 50 characters"):
            read_json(json.dumps(data), BOUNDS, "it")


def test_an_answer_may_hold_half_a_surrogate_pair_where_its_fields_are_cleaned() -> None:
    assert read_json(b'"\\ud800"', Bounds(100, whole=False), "it") == "\ud800"


def test_a_file_is_read_no_further_than_its_bound(tmp_path: Path) -> None:
    with Path("/dev/zero").open("rb"), pytest.raises(Unreadable, match="larger than 10,000 bytes"):
        read_file(Path("/dev/zero"), BOUNDS, "it")
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf[1]")
    assert read_file(tmp_path / "a", BOUNDS, "it") == [1]


class Box(BaseModel):
    size: int
    label: dict[str, int] = {}


def test_a_type_is_read_or_the_first_thing_that_does_not_fit_is_named_without_its_contents() -> None:
    assert read_model(Box, '{"size": 3}', BOUNDS, "the box") == Box(size=3)
    for data, complaint in (
        ("[]", "the box: Input should be a valid dictionary or instance of Box"),
        ("{}", "size: Field required"),
        ('{"size": "canary"}', "size: Input should be a valid integer"),
        (
            '{"size": 1, "label": {"a\\n::error::b": "c"}}',
            "label.a?::error::b: Input should be a valid integer",
        ),
    ):
        with pytest.raises(Unreadable) as caught:
            read_model(Box, data, BOUNDS, "the box")
        assert str(caught.value).startswith(complaint)
        assert "canary" not in str(caught.value)
