"""Characters that an editor or git put into the registry, each named at its place."""

from __future__ import annotations

import pytest

from bot.registry.yaml_errors import merge_conflict, no_break_spaces, straightened

CONFLICT = "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> other\nc: 4\n"


def test_a_merge_conflict_is_one_fault_at_its_first_marker() -> None:
    (fault,) = merge_conflict(CONFLICT)
    assert (fault.line, fault.column, fault.replacements) == (2, 1, ())
    assert "lines 2 to 6" in fault.message


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\n",
        "a: <<<<<<<\nb: >>>>>>>\n",
        "# =======\na: 1\n",
        "=======\n",
        "a: |\n  <<<<<<< x\n  >>>>>>> y\n",
    ],
)
def test_no_marker_is_seen_where_git_left_none(text: str) -> None:
    assert merge_conflict(text) == []


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a:\u00a01\n", [(1, 3)]),
        ("a:\n \u00a0b: 1\n", [(2, 2)]),
        ("a:\n  -\u202fb\n  - c:\u3000d\n", [(2, 4), (3, 7)]),
    ],
)
def test_a_no_break_space_is_a_fault_where_yaml_needs_a_space(
    text: str, places: list[tuple[int, int]]
) -> None:
    faults = no_break_spaces(text)
    assert [(fault.line, fault.column) for fault in faults] == places
    for fault in reversed(faults):
        text = fault.replacements[0].applied(text)
    assert text.isascii()


@pytest.mark.parametrize("text", ["a: one\u00a0two\n", "a: '\u00a0'\n", "- Mr\u00a0Smith\n", "# \u00a0\n"])
def test_a_no_break_space_within_a_text_belongs_to_it(text: str) -> None:
    assert no_break_spaces(text) == []


def test_typographic_quotes_around_a_text_are_taken_off() -> None:
    assert straightened("\u201cada\u201d") == "ada"
    assert straightened("\xabada\xbb") == "ada"
    assert straightened("it\u2019s") is None
    assert straightened("\u201c\u201d") is None
