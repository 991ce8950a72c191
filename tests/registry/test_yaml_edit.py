from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.registry.text_edit import UnknownLayoutError, append, delete, put
from bot.registry.yaml_tree import Mapping, Scalar, Sequence, parse

ITEM = {"handles": ["new"], "consent": "self"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "models:\n  - handles: [new]\n    consent: self\n"),
        ("# only this\n", "# only this\nmodels:\n  - handles: [new]\n    consent: self\n"),
        ("version: 1", "version: 1\nmodels:\n  - handles: [new]\n    consent: self\n"),
        ("models: []  # none\n# end\n", "models:  # none\n  - handles: [new]\n    consent: self\n# end\n"),
        ("models:\n# end\n", "models:\n  - handles: [new]\n    consent: self\n# end\n"),
        ("models: ~\nx: {}\n", "models:\n  - handles: [new]\n    consent: self\nx: {}\n"),
        ("removed:\n- a: b\nmodels: []\n", "removed:\n- a: b\nmodels:\n- handles: [new]\n  consent: self\n"),
        (
            "models:\n  - a: b # c\n    # of a\n# of nobody\nx: 1\n",
            "models:\n  - a: b # c\n    # of a\n  - handles: [new]\n    consent: self\n# of nobody\nx: 1\n",
        ),
        (
            "models:\n    -   a: b\n\n    -   a: c\n",
            "models:\n    -   a: b\n\n    -   a: c\n\n    -   handles: [new]\n        consent: self\n",
        ),
        (
            "models:\n  - a: |\n      b\n\n\n",
            "models:\n  - a: |\n      b\n  - handles: [new]\n    consent: self\n\n\n",
        ),
        ("models: [{a: b}]", "models: [{a: b}, {handles: [new], consent: self}]"),
        ("models: [{a: b},]", "models: [{a: b}, {handles: [new], consent: self},]"),
        ("models: [\n  {a: b} # c\n]\n", "models: [\n  {a: b}, # c\n  {handles: [new], consent: self}\n]\n"),
        (
            "models: [\n  {a: b}, # c\n]\n",
            "models: [\n  {a: b}, # c\n  {handles: [new], consent: self},\n]\n",
        ),
        ("{version: 1}", "{version: 1, models: [{handles: [new], consent: self}]}"),
        ("{version: 1, models: }", "{version: 1, models: [{handles: [new], consent: self}]}"),
        ('{"models": []}', '{"models": [{"handles": ["new"], "consent": "self"}]}'),
        ("{}\n", "{models: [{handles: [new], consent: self}]}\n"),
        ("a: 1\r\nmodels: []\r\n", "a: 1\r\nmodels:\r\n  - handles: [new]\r\n    consent: self\r\n"),
        ("a: 1\n...\n", "a: 1\nmodels:\n  - handles: [new]\n    consent: self\n...\n"),
    ],
)
def test_an_item_is_appended_in_the_style_of_the_file(before: str, after: str) -> None:
    assert append(before, "models", ITEM) == after


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("ada", "ada"),
        ("no", '"no"'),
        ("007", '"007"'),
        ("1e5", '"1e5"'),
        ("user@example.social", "user@example.social"),
        ("did:web:a.example", '"did:web:a.example"'),
        ("2026-11-20", "2026-11-20"),
        ("https://example.org/a?b=c&d", "https://example.org/a?b=c&d"),
        ("https://example.org/#a", '"https://example.org/#a"'),
        ("with: colon", '"with: colon"'),
        ('said "no"', '"said \\"no\\""'),
        ("", '""'),
    ],
)
def test_values_are_quoted_where_another_reader_would_stumble(value: str, written: str) -> None:
    assert append("", "models", {"key": value}) == f"models:\n  - key: {written}\n"


@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        ("models:\n  - a: 1\n  - a: 2\n", 0, "models:\n  - a: 2\n"),
        ("models:\n  - a: 1\n  - a: 2", 1, "models:\n  - a: 1\n"),
        ("models:   # all\n  - a: 1\n", 0, "models: []   # all\n"),
        ("models:\n- a: 1\n# next\nx: 1\n", 0, "models: []\n# next\nx: 1\n"),
        (
            "models:\n  # one\n  - a: 1 # x\n    # of one\n  # two\n  - a: 2\n# end\n",
            0,
            "models:\n  # two\n  - a: 2\n# end\n",
        ),
        (
            "models:\n  # one\n  - a: 1\n    # of one\n  # two\n  - a: 2\n    # of two\n# end\n",
            1,
            "models:\n  # one\n  - a: 1\n    # of one\n# end\n",
        ),
        ("models:\n  - a: 1\n\n  # two\n  - a: 2\n\n  - a: 3\n", 1, "models:\n  - a: 1\n\n  - a: 3\n"),
        (
            "models:\n  -\n    a: 1\n  - a: |\n      b\n\n  - a: 3\n",
            1,
            "models:\n  -\n    a: 1\n\n  - a: 3\n",
        ),
        ("models:\n  -\n    a: 1\n  - a: 2\n", 0, "models:\n  - a: 2\n"),
        ("models: [{a: 1}, {a: 2}, {a: 3}]", 1, "models: [{a: 1}, {a: 3}]"),
        ("models: [{a: 1}, {a: 2}]", 1, "models: [{a: 1}]"),
        ("models: [{a: 1}]", 0, "models: []"),
        ("models: [{a: 1},]", 0, "models: []"),
        ("models: [\n  {a: 1}, # one\n  # of two\n  {a: 2} # two\n]", 1, "models: [\n  {a: 1}, # one\n]"),
        ("models: [{a: 1}, # one\n  {a: 2}]", 1, "models: [{a: 1}, # one\n  ]"),
    ],
)
def test_an_item_goes_with_its_comments_and_nothing_else(before: str, index: int, after: str) -> None:
    assert delete(before, "models", index) == after


@pytest.mark.parametrize("text", ["models: a", "models: {a: b}", "a: [", "models: []\nmodels: []", "- a"])
def test_what_is_no_list_is_not_edited(text: str) -> None:
    with pytest.raises(UnknownLayoutError):
        append(text, "models", ITEM)
    with pytest.raises(UnknownLayoutError):
        delete(text, "models", 0)


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("store: file://a  # mine\nmodels: []\n", ["store"], "store: hf://b/c  # mine\nmodels: []\n"),
        ('"store": "a"', ["store"], '"store": "hf://b/c"'),
        ("store: {url: a, keep: 3d}\n", ["store", "url"], "store: {url: hf://b/c, keep: 3d}\n"),
        ("store:\n  # where\n  url: a # x\n", ["store", "url"], "store:\n  # where\n  url: hf://b/c # x\n"),
        ("version: 1\n# end\n", ["store"], "version: 1\n# end\nstore: hf://b/c\n"),
        ("version: 1\r\n...\r\n", ["store"], "version: 1\r\nstore: hf://b/c\r\n...\r\n"),
    ],
)
def test_a_text_is_replaced_where_it_stands_and_comments_stay(
    before: str, path: list[str], after: str
) -> None:
    assert put(before, path, "hf://b/c") == after


@pytest.mark.parametrize("text", ["", "store: |\n  a\n", "store: [a]", "store:\n", "{version: 1}"])
def test_a_text_of_another_layout_is_not_replaced(text: str) -> None:
    with pytest.raises(UnknownLayoutError):
        put(text, ["store"], "hf://b/c")


@given(st.text(st.characters(exclude_categories=["C"], exclude_characters="\x85\u2028\u2029"), max_size=30))
def test_every_value_is_read_back_as_it_was(value: str) -> None:
    for text in ("", "models: [{a: b}]", "{}"):
        root = parse(append(text, "models", {"key": value, "list": [value]})).root
        assert isinstance(root, Mapping)
        models = root.get("models")
        assert isinstance(models, Sequence)
        item = models.items[-1]
        assert isinstance(item, Mapping)
        read, several = item.get("key"), item.get("list")
        assert isinstance(several, Sequence)
        assert isinstance(read, Scalar)
        assert isinstance(several.items[0], Scalar)
        assert read.text == several.items[0].text == value
