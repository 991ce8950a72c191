from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.io import digest

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.text(), values))
def test_the_order_of_keys_changes_nothing(value: dict[str, object]) -> None:
    assert digest.of_value(dict(reversed(value.items()))) == digest.of_value(value)


def test_a_short_digest_is_the_first_16_hex_digits() -> None:
    assert digest.short({"a": 1}) == digest.of_value({"a": 1})[:16]
    assert digest.short(b"text") == digest.of_bytes(b"text")[:16] != digest.short("text")


def test_different_values_have_different_digests() -> None:
    assert len({digest.of_value(value) for value in ([1, 2], [2, 1], {"1": 2}, "12", 12, None, True)}) == 7


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest.of_value(float("nan"))


def test_a_files_digest_is_sha256(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert digest.of_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_folder_is_its_names_and_contents_in_any_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "sub" / "two"
    two.parent.mkdir()
    one.write_text("1")
    two.write_text("2")
    before = digest.of_files(tmp_path, [one, two])
    assert digest.of_files(tmp_path, [two, one]) == before
    two.write_text("3")
    assert digest.of_files(tmp_path, [one, two]) != before
