from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.hub import front_matter

TEXT = st.text(max_size=40)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, DATA, min_size=1, max_size=4))
def test_what_is_written_reads_the_same_in_both_versions_of_yaml(data: dict[str, object]) -> None:
    text = front_matter.dump(data)
    assert front_matter.parse(text) == data
    assert (yaml.safe_load(front_matter.split(text)[0]) or {}) == data


@pytest.mark.parametrize(
    "word", ["no", "on", "null", "1e5", "0o17", "007", "2026-11-20", "1:20", "~", "=", "<<"]
)
def test_strings_that_yaml_would_read_as_something_else_are_quoted(word: str) -> None:
    text = front_matter.dump({"handles": [word]})
    assert f'- "{word}"' in text


def test_invisible_characters_are_written_as_escapes() -> None:
    text = front_matter.dump({"name": "a\u202eb\u2028c\x7fd\ufeff😀\ud800"})
    assert '"a\\u202eb\\u2028c\\u007fd\\ufeff😀"' in text


def test_values_that_are_no_data_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot hold nan"):
        front_matter.dump({"loss": float("nan")})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("license: mit", "no front matter"),
        ("---\na: 1\na: 2\n---\n", "line 2, column 1: the key 'a' stands twice"),
        ("---\na: &x 1\nb: *x\n---\n", "anchor or alias on line 1"),
        ("---\na: " + "[" * 100_000 + "\n---\n", "deeper than 100"),
        ("---\n- 1\n---\n", "not a mapping"),
        ("---\n1: 2\n---\n", "not a mapping"),
        ("---\n? [1]\n: 2\n---\n", "a key is not a name"),
        ("---\na: b: c\n---\n", "line 1, column 5"),
        ("---\na: !!python/object:os.system x\n---\n", "tag"),
        ("---\na: \x00\n---\n", "not YAML"),
        ("---\na: " + "x" * 1_100_000 + "\n---\n", "larger than 1 MiB"),
    ],
)
def test_what_others_wrote_wrongly_is_one_sentence(source: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        front_matter.parse(source)
    assert "\n" not in str(caught.value)


def test_scalars_are_read_as_the_hub_reads_them() -> None:
    found = front_matter.parse("---\na: no\nb: 2026-11-20\nc: 0o17\nd: 1e5\ne: 010\nf: True\ng:\n---\nbody\n")
    assert found == {"a": "no", "b": "2026-11-20", "c": 15, "d": 1e5, "e": 10, "f": True, "g": None}


def test_windows_lines_a_byte_order_mark_and_an_empty_block_are_read() -> None:
    assert front_matter.parse("\ufeff---\r\na: 1\r\n---\r\nbody") == {"a": 1}
    assert front_matter.parse("---\n\n---\n") == {}
    assert front_matter.split("---\na: 1\n---\nbody\n---\n")[1] == "body\n---\n"
